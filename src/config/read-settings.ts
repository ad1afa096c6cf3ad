import { nearest } from './nearest.ts';
import type { OptionSpec } from './option-spec.ts';
import { type OptionName, type OptionValues, optionEntries } from './options.ts';

/** The environment variables; `process.env` is one. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One thing that is wrong with the settings. */
export interface SettingFault {
  /** The environment variable or option as the user wrote it. */
  readonly name: string;
  /** What is wrong with it, and what would be right. Secrets are hidden. */
  readonly message: string;
}

/** What was given, and everything that is wrong with it. */
export interface Settings {
  /** The words of the command line that are no options, in order. */
  readonly words: readonly string[];
  readonly values: OptionValues;
  /** What was given at all, right or wrong. */
  readonly given: ReadonlySet<OptionName>;
  readonly faults: readonly SettingFault[];
}

/** A text that was given for a setting, under the name it was given by. */
interface Given {
  readonly by: string;
  readonly text: string;
}

interface Reading {
  readonly given: Map<OptionName, Given>;
  readonly faults: SettingFault[];
  readonly words: string[];
}

const ownPrefix = 'SLUICE_';

/**
 * Reads the settings out of the environment and the command line (without node and the script); the latter wins. An
 * empty variable counts as not set, as docker compose passes on what is unset. Names that look like ours but are not
 * are faults, so that no misspelt setting is silently without effect.
 */
export function readSettings(environment: Environment, commandLine: readonly string[]): Settings {
  const reading: Reading = { given: new Map(), faults: [], words: [] };
  readEnvironment(environment, reading);
  readCommandLine(commandLine, reading);
  const values: Partial<Record<OptionName, unknown>> = {};
  for (const [name, spec] of optionEntries) {
    const given = reading.given.get(name);
    if (given === undefined) continue;
    const parsed = spec.schema.safeParse(given.text);
    if (parsed.success) values[name] = parsed.data;
    else
      reading.faults.push({ name: given.by, message: `${show(spec, given.text)} ${parsed.error.issues[0]?.message}` });
  }
  const { given, faults, words } = reading;
  return { values: values as OptionValues, given: new Set(given.keys()), faults, words };
}

function readEnvironment(environment: Environment, { given, faults }: Reading): void {
  const known = new Map(
    optionEntries.flatMap(([name, spec]) => (spec.env === null ? [] : [[spec.env, name] as const])),
  );
  for (const [variable, name] of known) {
    const text = environment[variable];
    if (text !== undefined && text.trim() !== '') given.set(name, { by: variable, text: text.trim() });
  }
  for (const variable of Object.keys(environment).filter((one) => one.startsWith(ownPrefix) && !known.has(one))) {
    faults.push({ name: variable, message: `is no setting of Sluice${suggest(variable, [...known.keys()])}` });
  }
}

function readCommandLine(commandLine: readonly string[], { given, faults, words }: Reading): void {
  for (let at = 0; at < commandLine.length; at++) {
    const [option, inline] = splitOnce(commandLine[at] ?? '');
    const next = commandLine[at + 1];
    const hasNext = next !== undefined && !next.startsWith('-');
    const found = findOption(option);
    if (!option.startsWith('-')) {
      words.push(commandLine[at] ?? '');
    } else if (found === null) {
      faults.push({ name: option, message: `is no option${suggest(option, flags())}` });
      // What follows was meant as its value.
      if (inline === null && hasNext) at++;
    } else if (found.spec.kind === 'switch') {
      if (inline === null) given.set(found.name, { by: option, text: String(found.isOn) });
      else faults.push({ name: option, message: 'takes no value' });
    } else {
      const text = inline ?? (hasNext ? next : '');
      if (inline === null && hasNext) at++;
      if (text === '') faults.push({ name: option, message: `needs a value (${found.spec.unit})` });
      else given.set(found.name, { by: option, text });
    }
  }
}

function splitOnce(word: string): readonly [string, string | null] {
  const at = word.indexOf('=');
  return at < 0 ? [word, null] : [word.slice(0, at), word.slice(at + 1)];
}

interface FoundOption {
  readonly name: OptionName;
  readonly spec: OptionSpec;
  readonly isOn: boolean;
}

function findOption(option: string): FoundOption | null {
  for (const [name, spec] of optionEntries) {
    if (spec.flag === option) return { name, spec, isOn: true };
    if (negated(spec) === option) return { name, spec, isOn: false };
  }
  return null;
}

function flags(): string[] {
  return optionEntries.flatMap(([, spec]) => [spec.flag, negated(spec)].filter((one) => one !== null));
}

function negated(spec: OptionSpec): string | null {
  return spec.kind === 'switch' && spec.env !== null && spec.flag !== null ? `--no-${spec.flag.slice(2)}` : null;
}

function suggest(name: string, candidates: readonly string[]): string {
  const found = nearest(name, candidates);
  return found === null ? '' : `; did you mean ${found}?`;
}

/** The text as a person may see it: not a secret, nor the password in an address. */
function show(spec: OptionSpec, text: string): string {
  return spec.isSecret === true ? '(hidden)' : `"${text.replace(/\/\/[^/@]*@/, '//…@')}"`;
}
