import { nearest } from './nearest.ts';
import type { OptionName } from './options.ts';
import type { SettingFault } from './read-settings.ts';

interface CommandSpec {
  readonly usage: string;
  readonly meaning: string;
  /** The options that only this command has. */
  readonly options: readonly OptionName[];
  /** Whether further words may follow. */
  readonly takesTopics: boolean;
}

/** What can be done instead of serving, each named by the first word of the command line. */
const commandSpecs = {
  import: {
    usage: 'import [topic …]',
    meaning: 'Declare the topics that there are: write schema/<topic>.graphql from their records and schemas.',
    options: ['force', 'dryRun'],
    takesTopics: true,
  },
  check: {
    usage: 'check',
    meaning: 'Hold the declarations against Kafka, the schema registry and Flink. Exit code 1: something differs.',
    options: ['json'],
    takesTopics: false,
  },
  ddl: { usage: 'ddl', meaning: 'Print the Flink SQL of what is declared.', options: [], takesTopics: false },
  'print-schema': {
    usage: 'print-schema',
    meaning: 'Print the GraphQL schema of what is declared.',
    options: [],
    takesTopics: false,
  },
  'flink-jar': {
    usage: 'flink-jar --out <file>',
    meaning: 'Write the jar by which an existing Flink reads PROTOBUF, and passes over bad records in AVRO.',
    options: ['out'],
    takesTopics: false,
  },
} as const satisfies Record<string, CommandSpec>;

/** A command that is a word. */
export type CommandWord = keyof typeof commandSpecs;

const specs: ReadonlyMap<string, CommandSpec> = new Map(Object.entries(commandSpecs));

/** The command that the words name: null without one. */
export function readCommand(words: readonly string[]): {
  readonly word: CommandWord | null;
  readonly topics: readonly string[];
} {
  const [first, ...topics] = words;
  return first !== undefined && isCommand(first) ? { word: first, topics } : { word: null, topics: [] };
}

function isCommand(word: string): word is CommandWord {
  return specs.has(word);
}

/** What is wrong with the words, and with options that belong to another command. */
export function commandFaults(words: readonly string[], given: ReadonlySet<OptionName>): readonly SettingFault[] {
  const [first, second] = words;
  const spec = first === undefined ? undefined : specs.get(first);
  const faults: SettingFault[] = [];
  if (first !== undefined && spec === undefined) {
    const found = nearest(first, [...specs.keys()]);
    const hint =
      found === null ? `commands are ${[...specs.keys()].join(', ')}; options begin with --` : `did you mean ${found}?`;
    faults.push({ name: first, message: `is no command; ${hint}` });
  }
  if (spec !== undefined && !spec.takesTopics && second !== undefined) {
    faults.push({ name: second, message: `is not expected after ${first}; options begin with --` });
  }
  for (const [word, { options }] of specs) {
    for (const option of options) {
      if (given.has(option) && word !== first && (spec !== undefined || first === undefined)) {
        faults.push({ name: flagOf(option), message: `belongs to the command ${word}` });
      }
    }
  }
  if ((first === 'import' || first === 'check') && !given.has('kafkaBrokers')) {
    faults.push({
      name: 'KAFKA_BROKERS',
      message: `is missing: ${first} looks at the topics of a Kafka that runs (that of a running local stack is in .sluice/endpoints.json)`,
    });
  }
  if (first === 'flink-jar' && !given.has('out')) {
    faults.push({ name: '--out', message: 'is missing: flink-jar writes the jar to the file that it names' });
  }
  return faults;
}

function flagOf(option: OptionName): string {
  return `--${option === 'dryRun' ? 'dry-run' : option}`;
}

/** The commands, for the answer to `--help`. */
export function describeCommands(): readonly string[] {
  return [...specs.values()].map(({ usage, meaning }) => `  sluice ${usage}\n      ${meaning}`);
}
