/** A record header; Kafka allows the same name more than once. */
export interface Header {
  readonly name: string;
  readonly value: Buffer | null;
}

/** One record as it lies in the log. */
export interface LogRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  /** `null` is a tombstone. */
  readonly value: Buffer | null;
  readonly headers: readonly Header[];
}

/** For each partition the offset of the next record to read. */
export type Position = ReadonlyMap<number, bigint>;

/** The first offset there is, and the one past the last committed record (last stable offset). */
export interface Bounds {
  readonly start: bigint;
  readonly end: bigint;
}

/** Identity of a topic: a deleted and re-created topic has another id. */
export interface TopicIdentity {
  readonly clusterId: string;
  readonly topicId: string;
  readonly partitions: number;
}

/** Records asked for that are no longer (or not) in the log. */
export interface LogGap {
  readonly reason: 'EXPIRED' | 'TRUNCATED';
  /** The offset that was asked for. */
  readonly from: bigint;
  /** Where reading goes on. */
  readonly to: bigint;
}

/** What one fetch brought of one partition. Offsets may have legal holes (compaction, transaction markers). */
export interface LogBatch {
  readonly partition: number;
  readonly records: readonly LogRecord[];
  /** Where to read on: past the last record, aborted record and control record of this batch. */
  readonly next: bigint;
  /** The partition's bounds as of this fetch. */
  readonly bounds: Bounds;
  readonly gap: LogGap | null;
}

/** How much a history read may bring. */
export interface ReadOptions {
  /** Upper bound of the answer in bytes; one record larger than that still comes. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/**
 * The port through which the feed reads a partitioned log. Implemented by `kafka`.
 * Reads are read-committed. Every method rejects with a SluiceError: `KAFKA_UNAVAILABLE` after the
 * adapter's own deadline, `TOPIC_MISSING` when there is no such topic.
 */
export interface RecordLog {
  /** The topic's identity; asked anew on each call, cheap (cached for a second). */
  identify(topic: string): Promise<TopicIdentity>;
  /** Bounds of every partition. */
  bounds(topic: string): Promise<ReadonlyMap<number, Bounds>>;
  /** For every partition the offset of the first record at or after the time, or the end. */
  positionAt(topic: string, timestampMs: number): Promise<Position>;
  /** One bounded read of history from the position, without waiting for new records: a batch per partition that had any, or a gap. */
  read(topic: string, position: Position, options: ReadOptions): Promise<readonly LogBatch[]>;
  /**
   * Follows the topic from the position until the signal aborts: yields as records are committed. Survives broker
   * outages on its own (waits, reconnects, goes on where it was). All tails of a broker share one fetch loop; a
   * tail that is not read is not fetched for. New partitions are followed from their beginning.
   * Also yields a batch without records when only the bounds moved.
   */
  tail(topic: string, position: Position, signal: AbortSignal): AsyncIterable<LogBatch>;
}
