import type { Codec } from '#codec';
import type { BadRecords, Cursors, FeedSource, Feeds, Position } from '#feed';
import type { Jobs } from '#jobs';
import type { AtomicWriter, Writer } from '#kafka';
import type { Model, Source } from '#model';
import type { Queries } from '#queries';
import type { Redis } from '#redis';
import type { ErrorLog } from './client-errors.ts';

/** A declared stream or view with what is needed to serve it. */
export interface ServedSource {
  readonly source: Source;
  readonly codec: Codec;
  readonly feed: FeedSource;
  /** How many of its records did not decode. */
  readonly badRecords: BadRecords;
  /** The CREATE TABLE that stands for it in SQL, for people to read; null for what lies in Redis alone, which Flink cannot read. */
  readonly ddl: string | null;
}

/** What the schema needs of Flink. Without a configured Flink it says so itself. */
export interface FlinkAccess {
  readonly jobs: Jobs['jobs'];
  readonly cluster: Jobs['cluster'];
  readonly submission: Jobs['submission'];
  readonly steering: Jobs['steering'];
  readonly sql: Pick<Queries, 'query' | 'subscribe' | 'explain'>;
  readonly views: Pick<Jobs['views'], 'statuses' | 'plan' | 'apply' | 'hold'>;
}

/** What is known of the event time up to which views are complete. To ask is to want to know: it is looked after then. */
export interface WatermarkAccess {
  /** The greatest that holds for who has read a topic to the position; null while none is known. */
  at(topic: string, topicId: string, position: Position): number | null;
  /** The greatest that the topic's records confirm; null while none is known. */
  latest(topic: string): number | null;
}

/** Everything behind the schema. Built by main, passed to {@link createSchema}; the rooms are seen through interfaces. */
export interface Gateway {
  readonly model: Model;
  readonly sources: readonly ServedSource[];
  readonly feeds: Feeds;
  readonly cursors: Cursors;
  readonly writer: Writer;
  /** Absent: nothing can be produced with `atomic`. */
  readonly transactions?: AtomicWriter;
  /** How much is remembered of calls with an `idempotencyKey`; ten minutes when absent. */
  readonly idempotency?: { readonly windowMs: number; readonly maxEvents: number };
  /** Absent: nothing is declared there. */
  readonly redis?: Pick<Redis, 'append' | 'publish'>;
  /** Absent: nothing of Redis is copied to Kafka. */
  readonly bridges?: {
    /** Why nothing of the stream is copied at present; null when it is. */
    problemOf(source: Source): string | null;
  };
  /** Absent: nothing that is declared has a schema registry. */
  readonly registry?: {
    /** What is wrong with the stream's schemas at present; null: nothing. */
    troubleOf(source: Source): string | null;
    /** What others may write by them that would not decode; null: nothing. */
    noteOf(source: Source): string | null;
  };
  readonly flink: FlinkAccess;
  /** Absent: no watermark is known. */
  readonly watermarks?: WatermarkAccess;
  /** Where unexpected errors are logged. */
  readonly errorLog: ErrorLog;
  /** Deadline of a produce call, in milliseconds. */
  readonly produceTimeoutMs: number;
  /** Longest time a history query scans, in milliseconds. */
  readonly queryTimeoutMs: number;
  /** Milliseconds since the epoch. */
  now(): number;
}
