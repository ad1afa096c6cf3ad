/** The scalars a declaration may use; each has one Flink type and one JSON form (see DESIGN §2's table in docs/declaring.md). */
export const scalarNames = [
  'ID',
  'String',
  'Int',
  'BigInt',
  'Float',
  'Boolean',
  'DateTime',
  'Date',
  'Time',
  'Decimal',
  'Bytes',
  'JSON',
] as const;

/** One of {@link scalarNames}. */
export type ScalarName = (typeof scalarNames)[number];

/** The type of a field without its outer nullability. */
export type FieldType =
  | { readonly kind: 'scalar'; readonly name: ScalarName }
  | { readonly kind: 'enum'; readonly type: EnumType }
  | { readonly kind: 'object'; readonly type: ObjectType }
  | { readonly kind: 'list'; readonly of: FieldType; readonly itemRequired: boolean };

/** A place in a declaration file. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One field of a stream, view or nested type. */
export interface Field {
  /** The GraphQL name. */
  readonly name: string;
  /** The name in SQL and in the record's JSON. */
  readonly column: string;
  readonly description: string | null;
  readonly type: FieldType;
  /** Declared with `!`. */
  readonly required: boolean;
  readonly place: Place;
}

/** An enum used by some field; in the record and in SQL its values are strings. */
export interface EnumType {
  readonly name: string;
  readonly description: string | null;
  readonly values: readonly { readonly name: string; readonly description: string | null }[];
}

/** A nested type: a JSON object in the record, a ROW in SQL. Never recursive. */
export interface ObjectType {
  readonly name: string;
  readonly description: string | null;
  readonly fields: readonly Field[];
}

export type Format = 'JSON' | 'AVRO' | 'PROTOBUF' | 'JSON_SCHEMA' | 'RAW';
/**
 * How a record's key is written. STRING: the plain text of the one key field. LONG: its integer in 8 bytes, big endian.
 * JSON: an object in the order of the key. AVRO: with the schema registry.
 */
export type KeyFormat = 'STRING' | 'LONG' | 'JSON' | 'AVRO';
export type Cleanup = 'DELETE' | 'COMPACT';

/** Which field carries the event time and how late events may be. `field: null` means the Kafka record's timestamp. */
export interface EventTime {
  readonly field: Field | null;
  readonly delayMs: number;
}

/** What streams and views have in common: a type bound to a topic. */
interface SourceBase {
  /** The GraphQL type, e.g. `UserClick`. */
  readonly typeName: string;
  readonly description: string | null;
  /** The Kafka topic, which is the table's name in SQL too. */
  readonly topic: string;
  /** The query and subscription field, e.g. `userClicks`. */
  readonly plural: string;
  readonly fields: readonly Field[];
  /** The fields whose values are the record key, in order; empty: records have no key. */
  readonly key: readonly Field[];
  readonly partitions: number;
  readonly retentionMs: number;
  readonly cleanup: Cleanup;
  readonly format: Format;
  readonly keyFormat: KeyFormat;
  readonly place: Place;
}

/** Where a stream lies in Redis: a pub/sub channel, all channels that fit a pattern, or a Redis Stream. */
export interface RedisPlace {
  readonly kind: 'CHANNEL' | 'PATTERN' | 'STREAM';
  readonly name: string;
  /** Entries of a Redis Stream that are older are trimmed by who produces through this gateway; null: none are. */
  readonly keptMs: number | null;
}

/** A type declared with `@stream`: records that clients produce and read. */
export interface Stream extends SourceBase {
  readonly kind: 'stream';
  readonly source: 'KAFKA' | 'REDIS';
  /** Null for a stream in Kafka. */
  readonly redis: RedisPlace | null;
  /** The Kafka stream, of the same type, that what comes in Redis is copied to; null for none, and for a stream in Kafka. */
  readonly into: Stream | null;
  readonly onBadRecord: 'REPORT' | 'SKIP' | 'DEAD_LETTER';
  /** Where bad records are copied; null unless `onBadRecord` is DEAD_LETTER. */
  readonly deadLetterTopic: string | null;
  readonly eventTime: EventTime;
}

/** A type declared with `@view`: the result of one Flink SQL SELECT, written to a topic by one job. */
export interface View extends SourceBase {
  readonly kind: 'view';
  /** The SELECT, without a closing semicolon. */
  readonly sql: string;
  /** Where the SQL text begins, for errors that Flink reports by line and column. */
  readonly sqlPlace: Place;
  /** The topics of the declared streams and views that the SQL reads. */
  readonly reads: readonly string[];
  readonly parallelism: number | null;
  readonly stateTtlMs: number | null;
  readonly from: 'EARLIEST' | 'LATEST';
  readonly guarantee: 'AT_LEAST_ONCE' | 'EXACTLY_ONCE';
  /** ON_DEMAND: its job runs only while somebody reads what it writes. */
  readonly run: 'ALWAYS' | 'ON_DEMAND';
}

export type Source = Stream | View;

/** Everything declared in a schema folder. Pure data. */
export interface Model {
  /** Streams and views; a view stands after everything it reads. */
  readonly sources: readonly Source[];
  readonly enums: readonly EnumType[];
  readonly objects: readonly ObjectType[];
}

/** True for a keyed view or a compacted stream: its topic holds the present row of each key. */
export function isTable(source: Source): boolean {
  return source.cleanup === 'COMPACT';
}
