import type { Codec } from '#codec';
import type { Cursors, FeedSource, Feeds } from '#feed';
import type { Flink } from '#flink';
import type { Writer } from '#kafka';
import type { Model, Source } from '#model';
import type { ErrorLog } from './client-errors.ts';

/** A declared stream or view with what is needed to serve it. */
export interface ServedSource {
  readonly source: Source;
  readonly codec: Codec;
  readonly feed: FeedSource;
  /** The CREATE TABLE that stands for it in SQL, for people to read. */
  readonly ddl: string;
}

/** What the schema needs of Flink. Without a configured Flink it says so itself. */
export interface FlinkAccess {
  readonly jobs: Pick<Flink['jobs'], 'list'>;
  readonly views: Pick<Flink['views'], 'statuses'>;
}

/** Everything behind the schema. Built by main, passed to {@link createSchema}; the rooms are seen through interfaces. */
export interface Gateway {
  readonly model: Model;
  readonly sources: readonly ServedSource[];
  readonly feeds: Feeds;
  readonly cursors: Cursors;
  readonly writer: Writer;
  readonly flink: FlinkAccess;
  /** Where unexpected errors are logged. */
  readonly errorLog: ErrorLog;
  /** Deadline of a produce call, in milliseconds. */
  readonly produceTimeoutMs: number;
  /** Longest time a history query scans, in milliseconds. */
  readonly queryTimeoutMs: number;
  /** Milliseconds since the epoch. */
  now(): number;
}
