import { compareSchemas, createCodec, hasSchema, type NumberedSchema, type Schemas, type Side } from '#codec';
import type { LogRecord } from '#feed';
import { kafkaSourcesOf, type Model, type Source } from '#model';
import type { RegisteredTopic } from './declare-topic.ts';

/** One thing that a check found. A fault fails the check, a note does not. */
export interface Finding {
  readonly level: 'fault' | 'note';
  /** Where it was found. */
  readonly part: 'declarations' | 'kafka' | 'registry' | 'flink';
  /** The topic, or the file. */
  readonly subject: string;
  readonly message: string;
}

/** A topic as Kafka has it. */
export interface LiveTopic {
  readonly topic: string;
  readonly partitions: number;
  /** Kafka's `cleanup.policy`. */
  readonly cleanupPolicy: string;
}

/** Holds the declarations against the topics as they are. */
export function checkTopics({ sources }: Model, live: readonly LiveTopic[]): readonly Finding[] {
  const byName = new Map(live.map((topic) => [topic.topic, topic]));
  return kafkaSourcesOf({ sources }).flatMap((source) => {
    // What others produce must be there; what the gateway and Flink write follows by itself.
    const isMade = source.kind === 'view' || !sources.includes(source);
    return checkTopic(source, byName.get(source.topic), isMade);
  });
}

function checkTopic(source: Source, live: LiveTopic | undefined, isMade: boolean): readonly Finding[] {
  const { topic, partitions, cleanup } = source;
  const about = { part: 'kafka', subject: topic } as const;
  if (live === undefined) {
    const message = 'the topic does not exist; the gateway makes it when it starts';
    return [{ ...about, level: isMade ? 'note' : 'fault', message }];
  }
  const found: Finding[] = [];
  if (live.partitions !== partitions) {
    const message = `the topic has ${live.partitions} partitions, declared are ${partitions}`;
    found.push({ ...about, level: 'fault', message });
  }
  const declared = cleanup === 'COMPACT' ? 'compact' : 'delete';
  if (live.cleanupPolicy !== declared) {
    const message = `the topic has cleanup.policy ${live.cleanupPolicy}, declared is ${declared}`;
    found.push({ ...about, level: 'fault', message });
  }
  return found;
}

/**
 * Holds one side of a declaration against the latest schema of its subject or, without that, against the newest one that
 * records name. A text in place of the topic's schemas: why they cannot be told.
 */
export function checkSchema(
  source: Source,
  side: Side,
  registered: RegisteredTopic | string | null,
): readonly Finding[] {
  if (!hasSchema(source, side)) return [];
  const about = { part: 'registry', subject: `${source.topic}-${side.toLowerCase()}`, level: 'fault' } as const;
  if (typeof registered === 'string') return [{ ...about, message: registered }];
  const schema = (side === 'VALUE' ? registered?.value : registered?.schemas.keyWriter) ?? null;
  const types = side === 'VALUE' ? (registered?.recordTypes ?? []) : [];
  const found: Finding[] = [];
  if (!registered?.subjects.has(side)) found.push(withoutSubject(about, schema, types));
  if (schema) for (const message of compareSchemas(source, schema.schema, side)) found.push({ ...about, message });
  return found;
}

/** A fault only when nothing is known of the schema: what is written as records name it can be read. */
function withoutSubject(
  about: Omit<Finding, 'message'>,
  schema: NumberedSchema | null,
  types: readonly string[],
): Finding {
  const none = 'the registry has no such subject';
  const missing = `${none}, which only producing through the gateway needs`;
  if (schema) return { ...about, level: 'note', message: `${missing}; records name schema ${schema.id}` };
  if (types.length === 0) return { ...about, message: none };
  return { ...about, level: 'note', message: `${missing}; records are of several types: ${types.join(', ')}` };
}

/** Tells when records do not fit their declaration. */
export function checkRecords(source: Source, records: readonly LogRecord[], schemas?: Schemas): readonly Finding[] {
  const codec = createCodec(source, schemas);
  const values = records.flatMap(({ value }) => (value === null ? [] : [value]));
  const reasons = values.flatMap((value) => {
    const decoded = codec.decode(value);
    return decoded.ok ? [] : [decoded.fault.reason];
  });
  const [first] = reasons;
  if (first === undefined) return [];
  const message = `${reasons.length} of the newest ${values.length} records do not fit: ${first}`;
  return [{ level: 'fault', part: 'kafka', subject: source.topic, message }];
}
