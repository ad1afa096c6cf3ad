import {
  type Codec,
  compareSchemas,
  createCodec,
  type NumberedSchema,
  type RegisteredSchema,
  type Schemas,
  type Side,
} from '#codec';
import { messageOf } from '#errors';
import type { LogRecord } from '#feed';
import { parseModel, printFault, type Stream } from '#model';
import {
  type Declaration,
  type DeclaredType,
  type DraftedRecords,
  nameDeclaration,
  type TopicFacts,
} from './declaration.ts';
import { draftSample } from './draft-sample.ts';
import { draftSchema } from './draft-schema.ts';
import { inferEventTime } from './infer-event-time.ts';
import { type DecodedRecord, type InferredKey, inferKey } from './infer-key.ts';
import type { NamesTaken } from './names.ts';
import { printDeclaration } from './print-declaration.ts';
import { type ObjectShape, scalar } from './shape.ts';

/** What is known of a topic that is to be declared. */
export interface FoundTopic {
  readonly facts: TopicFacts;
  /** Its newest records, by partition and offset. */
  readonly sample: readonly LogRecord[];
  /** What the registry has for it; null: it has none, or there is no registry. */
  readonly registered: RegisteredTopic | null;
}

/** A topic's schemas. */
export interface RegisteredTopic {
  /** The latest of its values; null: they have none, or several, or only its keys have one. */
  readonly value: NumberedSchema | null;
  /** The types that the schema ids in the values of the sample stand for, where the topic has no subject of its own. */
  readonly recordTypes: readonly string[];
  /** Which sides have a subject of their own; the schemas of others are known from the ids in the records. */
  readonly subjects: ReadonlySet<Side>;
  /** Those that the records of the sample name are at hand. */
  readonly schemas: Schemas;
}

/** A topic's declaration as text, or why there is none. */
export type DeclaredTopic =
  | { readonly ok: true; readonly text: string; readonly declaration: Declaration; readonly plural: string }
  | { readonly ok: false; readonly reason: string };

interface Attempt {
  readonly declaration: Declaration;
  readonly stream: Stream;
  readonly codec: Codec;
  readonly schemas: Schemas | undefined;
}

/** Declares a topic as its schema or its records have it, with names that the rest of the schema does not have. */
export function declareTopic(topic: FoundTopic, names: NamesTaken): DeclaredTopic {
  const values = topic.sample.flatMap(({ value }) => (value === null ? [] : [value]));
  if (values.length === 0 && !topic.registered?.value) {
    return { ok: false, reason: 'it holds no record with a value, and no schema is registered for it' };
  }
  const types = topic.registered?.recordTypes ?? [];
  if (types.length > 1) {
    return { ok: false, reason: `its records are of several types, and a stream has one: ${types.join(', ')}` };
  }
  const tried: string[] = [];
  for (const draft of draftsFor(topic, values, tried)) {
    try {
      const { records } = draft;
      const attempt = attemptWith(topic, draft, names.copy());
      const faults = decodeFaults(attempt.codec, values);
      if (values.length > 0 && faults.length === values.length) {
        tried.push(`no record of the sample fits it: ${faults[0]}`);
        continue;
      }
      const misfits = records.format === 'JSON' ? [] : faults;
      return complete(topic, attempt, remarksOn(misfits, values.length));
    } catch (thrown) {
      tried.push(messageOf(thrown));
    }
  }
  return { ok: false, reason: tried.join('; ') };
}

interface Draft {
  readonly records: DraftedRecords;
  /** What the records were drafted by, and are held against; null: themselves. */
  readonly schema: RegisteredSchema | null;
}

/** By the registered schema first; what it cannot give, the records themselves do. */
function* draftsFor(
  { facts, registered }: FoundTopic,
  values: readonly Buffer[],
  tried: readonly string[],
): Generator<Draft> {
  const schema = registered?.value?.schema;
  if (schema === undefined) return yield { records: draftSample(values), schema: null };
  const draft = draftSchema(schema);
  const why = draft.ok ? null : draft.reason;
  if (draft.ok) {
    const remarks = [...draft.records.remarks, ...remarkOnSubject(facts, registered)];
    yield { records: { ...draft.records, remarks }, schema };
  }
  const said = `Its registered schema is not used: ${[why, ...tried].filter((reason) => reason !== null).join('; ')}.`;
  const sampled = values.length === 0 ? asBytes : draftSample(values);
  yield { records: { ...sampled, remarks: [said, ...sampled.remarks] }, schema: null };
}

/** Where the schema was found by the records alone, producing needs more. */
function remarkOnSubject({ topic }: TopicFacts, registered: FoundTopic['registered']): readonly string[] {
  const [type] = registered?.recordTypes ?? [];
  if (type === undefined) return [];
  const found = `The registry has no subject ${topic}-value: this is the schema ${registered?.value?.id} (${type}) that records name.`;
  return [`${found} To produce too, register it there, or set SLUICE_REGISTRY_MODE=register.`];
}

const bytes: ObjectShape = {
  name: null,
  description: null,
  members: [{ column: 'bytes', description: null, shape: scalar('Bytes'), required: true, remark: null }],
  leftOut: [],
};
const asBytes: DraftedRecords = { format: 'RAW', type: bytes, remarks: [] };

/** Throws when the declaration would not be accepted, or does not fit its schema. */
function attemptWith({ facts, registered }: FoundTopic, { records, schema }: Draft, names: NamesTaken): Attempt {
  const declaration = nameDeclaration(facts, records, names);
  const stream = parseAlone(declaration);
  const differences = schema === null ? [] : compareSchemas(stream, schema);
  if (differences.length > 0) throw new Error(differences.join('; '));
  const schemas = registered?.schemas;
  return { declaration, stream, codec: createCodec(stream, schemas), schemas };
}

/** The stream that the declaration would be. Throws when it would be refused. */
function parseAlone(declaration: Declaration): Stream {
  const file = `${declaration.topic}.graphql`;
  const parsed = parseModel([{ file, text: printDeclaration(declaration) }]);
  if (!parsed.ok) throw new Error(parsed.faults.map(printFault).join('; '));
  const [stream] = parsed.model.sources;
  if (stream?.kind !== 'stream') throw new Error('it declares no stream');
  return stream;
}

function decodeFaults(codec: Codec, values: readonly Buffer[]): readonly string[] {
  return values.flatMap((value) => {
    const decoded = codec.decode(value);
    return decoded.ok ? [] : [decoded.fault.reason];
  });
}

function remarksOn(faults: readonly string[], records: number): readonly string[] {
  if (faults.length === 0) return [];
  return [
    `${faults.length} of the ${records} records looked at do not fit and show as edges with an error: ${faults[0]}.`,
  ];
}

/** Adds what the decoded records tell: key, table or stream, event time. */
function complete(
  { facts, sample }: FoundTopic,
  { declaration, stream, codec, schemas }: Attempt,
  remarks: readonly string[],
): DeclaredTopic {
  const decoded = sample.flatMap((record) => decode(codec, record));
  const key = inferKey(stream, decoded, schemas);
  const eventTime = inferEventTime(stream, decoded);
  const isUnkeyed = facts.cleanup === 'COMPACT' && key === null;
  const whole: Declaration = {
    ...declaration,
    types: key?.keyFormat === 'LONG' ? withLongKey(declaration.types, key) : declaration.types,
    key: key?.fields.map(({ name }) => name) ?? [],
    keyFormat: key?.keyFormat ?? null,
    cleanup: key === null ? 'DELETE' : facts.cleanup,
    eventTime: eventTime && { field: eventTime.field.name, delayMs: eventTime.delayMs },
    remarks: [...declaration.remarks, ...remarks, ...(isUnkeyed ? [unkeyed] : [])],
  };
  parseAlone(whole);
  return { ok: true, text: printDeclaration(whole), declaration: whole, plural: stream.plural };
}

const unkeyed =
  "Kafka compacts the topic, but no field is its records' key: it is declared as a stream, not as a table.";

/** A key of 8 bytes is a BigInt, however small those of the sample are. */
function withLongKey(types: readonly DeclaredType[], { fields: [only] }: InferredKey): readonly DeclaredType[] {
  return types.map((type, index) => {
    if (index > 0 || type.kind !== 'object') return type;
    const fields = type.fields.map((field) => (field.name === only?.name ? { ...field, type: 'BigInt!' } : field));
    return { ...type, fields };
  });
}

function decode(codec: Codec, { partition, timestampMs, key, value }: LogRecord): readonly DecodedRecord[] {
  if (value === null) return [{ partition, timestampMs, key, node: null }];
  const decoded = codec.decode(value);
  return decoded.ok ? [{ partition, timestampMs, key, node: decoded.node }] : [];
}
