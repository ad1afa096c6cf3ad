import { declaredSchema, examineSchema, type NumberedSchema, type Side } from '#codec';
import { messageOf, SluiceError } from '#errors';
import type { Source } from '#model';
import type { ConfluentApi } from './confluent-api.ts';
import type { RegistryOptions } from './options.ts';

/** How a subject stands to its declaration. */
export interface SubjectState {
  /** What is written with; null: nothing can be. */
  readonly writer: NumberedSchema | null;
  /** What the registry has at last, whether it fits or not; null: nothing; undefined: that is not known. */
  readonly latest: NumberedSchema | null | undefined;
  /** Why nothing can be written, for people; null when it can. */
  readonly problem: string | null;
  /** Whether that may change without anybody changing the declaration: worth a later look. */
  readonly mayChange: boolean;
  /** What was done, worth telling; null: nothing. */
  readonly done: string | null;
  /** What others may write that would not decode; null: nothing. */
  readonly note: string | null;
}

/** The subject of one side of a topic's records, by Confluent's TopicNameStrategy. */
function subjectOf({ topic }: Source, side: Side): string {
  return `${topic}-${side === 'KEY' ? 'key' : 'value'}`;
}

/** What {@link settleSubject} looks at. */
export interface SubjectQuestion {
  readonly source: Source;
  readonly side: Side;
  readonly mode: RegistryOptions['mode'];
}

/** Holds the declaration against what the registry has and, where that is wanted, registers it. Never rejects. */
export async function settleSubject(api: ConfluentApi, question: SubjectQuestion): Promise<SubjectState> {
  let latest: NumberedSchema | null | undefined;
  try {
    latest = await latestOf(api, subjectOf(question.source, question.side));
    return latest === null ? await settleMissing(api, question) : await settleExisting(api, question, latest);
  } catch (thrown) {
    const mayChange = !(thrown instanceof SluiceError && thrown.code === 'BAD_DECLARATION');
    const what = latest === undefined || question.mode === 'check' ? 'checked' : 'made to fit the declaration';
    return { ...unusable(`${nameOf(question)} cannot be ${what}: ${messageOf(thrown)}`, mayChange), latest };
  }
}

async function settleMissing(api: ConfluentApi, question: SubjectQuestion): Promise<SubjectState> {
  if (question.mode === 'register') return await registerDeclared(api, question);
  const advice = 'Register it there, or let the gateway do it with SLUICE_REGISTRY_MODE=register';
  return unusable(`${nameOf(question)} is not in the schema registry. ${advice}.`, true);
}

async function settleExisting(
  api: ConfluentApi,
  question: SubjectQuestion,
  latest: NumberedSchema,
): Promise<SubjectState> {
  const { source, side, mode } = question;
  const { faults, wider } = examineSchema(source, latest.schema, side);
  const name = `${nameOf(question)} (schema ${latest.id})`;
  if (faults.length === 0) {
    const note = wider.length === 0 ? null : `${name} allows more than the declaration:\n${list(wider)}`;
    return { writer: latest, latest, problem: null, mayChange: false, done: null, note };
  }
  const differs = `${name} does not fit the declaration:\n${list([...faults, ...wider])}`;
  if (mode === 'check') return { ...unusable(`${differs}\nMake the two agree.`, true), latest };
  const objections = await api.objections(subjectOf(source, side), declaredSchema(source, side));
  if (objections.length === 0) return await registerDeclared(api, question);
  const why = `The declared type cannot follow it by the subject's own rules:\n${list(objections)}`;
  return { ...unusable(`${differs}\n${why}`, true), latest };
}

async function registerDeclared(api: ConfluentApi, question: SubjectQuestion): Promise<SubjectState> {
  const { source, side } = question;
  const schema = declaredSchema(source, side);
  const id = await api.register(subjectOf(source, side), schema);
  const done = `Registered the declared type of ${source.typeName} as ${subjectOf(source, side)} (schema ${id}).`;
  const writer = { id, schema };
  return { writer, latest: writer, problem: null, mayChange: false, done, note: null };
}

async function latestOf(api: ConfluentApi, subject: string): Promise<NumberedSchema | null> {
  try {
    return await api.latest(subject);
  } catch (thrown) {
    if (thrown instanceof SluiceError && thrown.code === 'NOT_FOUND') return null;
    throw thrown;
  }
}

function unusable(problem: string, mayChange: boolean): SubjectState {
  return { writer: null, latest: null, problem, mayChange, done: null, note: null };
}

function nameOf({ source, side }: SubjectQuestion): string {
  return `${source.typeName}: the subject ${subjectOf(source, side)}`;
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join('\n');
}
