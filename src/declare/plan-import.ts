import { join } from 'node:path';
import { messageOf } from '#errors';
import {
  type DeclarationFile,
  defaultDeadLetterTopic,
  kafkaSourcesOf,
  type Model,
  parseModel,
  printFault,
} from '#model';
import { declareTopic, type FoundTopic } from './declare-topic.ts';
import { type Existing, readExisting } from './existing.ts';
import { NamesTaken } from './names.ts';

/** What becomes of one file. */
export interface PlannedFile {
  readonly topic: string;
  readonly file: string;
  readonly text: string;
  /** What stands there now; null: there is no such file. */
  readonly before: string | null;
  /** NEW and CHANGED are written; KEPT differs, and is only written by force. */
  readonly action: 'NEW' | 'CHANGED' | 'KEPT' | 'SAME';
}

/** What an import would write, and what it would not. */
export interface ImportPlan {
  readonly files: readonly PlannedFile[];
  readonly leftOut: readonly { readonly topic: string; readonly reason: string }[];
}

/** What an import is planned with. */
export interface ImportOptions {
  readonly schemaDir: string;
  /** The files that the folder has now. */
  readonly files: readonly DeclarationFile[];
  readonly topics: readonly FoundTopic[];
  /** Topics that were asked for by their names: they are declared, whatever they look like. */
  readonly named: readonly string[];
  /** Files that differ are written too. */
  readonly force: boolean;
  /** Throws when a gateway could not serve the model. */
  readonly tryOut: (model: Model) => void;
}

/**
 * Declares every topic, in the order of their names. What is to be written was tried together with what is there: it
 * loads, and a gateway can serve it. Throws `BAD_DECLARATION` when what is there has faults.
 */
export function planImport(options: ImportOptions): ImportPlan {
  const existing = readExisting(options.files);
  const deadLetters = deadLetterTopics(existing, options.topics);
  const leftOut: { topic: string; reason: string }[] = [];
  const planned: PlannedFile[] = [];
  const given: { types: string[]; plurals: string[] } = { types: [], plurals: [] };
  for (const found of options.topics.toSorted(byTopic)) {
    const { topic } = found.facts;
    const file = join(options.schemaDir, toFileName(topic));
    const elsewhere = kafkaSourcesOf(existing).find((source) => source.topic === topic && source.place.file !== file);
    if (elsewhere !== undefined) {
      leftOut.push({ topic, reason: `it is declared in ${elsewhere.place.file}` });
      continue;
    }
    const isWanted = options.named.includes(topic) || existing.sources.some((source) => source.topic === topic);
    const letters = isWanted ? undefined : deadLetters.get(topic);
    if (letters !== undefined) {
      leftOut.push({ topic, reason: `it holds the dead letters of ${letters}; it is imported when it is named` });
      continue;
    }
    const names = namesAround(existing, file, given);
    const declared = declareTopic(found, names);
    if (!declared.ok) {
      leftOut.push({ topic, reason: declared.reason });
      continue;
    }
    const { text, declaration } = declared;
    given.types.push(...declaration.types.map(({ name }) => name));
    given.plurals.push(declared.plural);
    planned.push(planFile({ topic, file, text }, existing, options.force));
  }
  return withoutFaulty({ files: planned, leftOut }, options);
}

function byTopic({ facts: left }: FoundTopic, { facts: right }: FoundTopic): number {
  return left.topic < right.topic ? -1 : 1;
}

/** The file of a topic: named after it, but for the one name that the loader passes over. */
function toFileName(topic: string): string {
  return topic === 'directives' ? 'directives-topic.graphql' : `${topic}.graphql`;
}

/** By dead letter topic, the topic whose dead letters go there: as declared, or by their names. */
function deadLetterTopics(existing: Existing, found: readonly FoundTopic[]): ReadonlyMap<string, string> {
  const known = [...existing.sources.map(({ topic }) => topic), ...found.map(({ facts }) => facts.topic)];
  const declared = existing.sources.flatMap((source): readonly (readonly [string, string])[] =>
    source.kind === 'stream' && source.deadLetterTopic !== null ? [[source.deadLetterTopic, source.topic]] : [],
  );
  return new Map([...known.map((topic) => [defaultDeadLetterTopic(topic), topic] as const), ...declared]);
}

/** The names that the rest of the schema has. */
function namesAround(
  { sources, types }: Existing,
  file: string,
  given: { readonly types: readonly string[]; readonly plurals: readonly string[] },
): NamesTaken {
  const others = [...types].filter(([other]) => other !== file).flatMap(([, names]) => names);
  const plurals = sources.filter(({ place }) => place.file !== file).map(({ plural }) => plural);
  return new NamesTaken([...others, ...given.types], [...plurals, ...given.plurals]);
}

function planFile(
  { topic, file, text }: { readonly topic: string; readonly file: string; readonly text: string },
  { files }: Existing,
  force: boolean,
): PlannedFile {
  const before = files.find((one) => one.file === file)?.text ?? null;
  if (before === null) return { topic, file, text, before, action: 'NEW' };
  if (before === text) return { topic, file, text, before, action: 'SAME' };
  return { topic, file, text, before, action: force ? 'CHANGED' : 'KEPT' };
}

/** Whether the file is to be written. */
export function isWritten({ action }: PlannedFile): boolean {
  return action === 'NEW' || action === 'CHANGED';
}

/** Leaves out, one after the other, the files with which the whole would not start. */
function withoutFaulty(plan: ImportPlan, options: ImportOptions): ImportPlan {
  let { files, leftOut } = plan;
  for (let reason = whyNot(files, options); reason !== null; reason = whyNot(files, options)) {
    const written = files.filter(isWritten);
    const alone = written.find((file) => whyNot([file], options) !== null);
    // Each by itself would do: the last one is too many.
    const culprit = alone ?? written.at(-1);
    if (culprit === undefined) break;
    const why = alone === undefined ? reason : (whyNot([alone], options) ?? reason);
    files = files.filter((file) => file !== culprit);
    leftOut = [...leftOut, { topic: culprit.topic, reason: `the schema would not start with it: ${why}` }];
  }
  return { files, leftOut };
}

/** Why a gateway would not start with these files beside those that stay; null: it would. */
function whyNot(files: readonly PlannedFile[], { files: existing, tryOut }: ImportOptions): string | null {
  const written = files.filter(isWritten);
  if (written.length === 0) return null;
  const kept = existing.filter(({ file }) => !written.some((one) => one.file === file));
  const parsed = parseModel([...kept, ...written.map(({ file, text }) => ({ file, text }))]);
  if (!parsed.ok) return parsed.faults.map(printFault).join('; ');
  try {
    tryOut(parsed.model);
    return null;
  } catch (thrown) {
    return messageOf(thrown);
  }
}
