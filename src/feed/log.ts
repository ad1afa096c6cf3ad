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

/** For each partition the leader epoch under which a position was reached; -1, or no entry: unknown. */
export type Epochs = ReadonlyMap<number, number>;

/** The first offset there is, and the one past the last committed record (last stable offset). */
export interface Bounds {
  readonly start: bigint;
  readonly end: bigint;
  /** The leader epoch under which the end holds; -1 when unknown. It grows with every change of the leader. */
  readonly epoch: number;
  /** The most records that can lie in between, where offsets do not count them. */
  readonly records?: bigint;
}

/** Identity of a topic: a deleted and re-created topic has another id. */
export interface TopicIdentity {
  readonly clusterId: string;
  readonly topicId: string;
  readonly partitions: number;
}

/** Records asked for that are no longer (or not) in the log. */
export interface LogGap {
  readonly reason: 'EXPIRED' | 'TRUNCATED' | 'DISCONNECTED';
  /** The offset that was asked for. */
  readonly from: bigint;
  /** Where reading goes on. */
  readonly to: bigint;
  /** Null: nobody knows how many records those are. Absent: as many as there are offsets. */
  readonly missed?: null;
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

/** What is known of a position beside its offsets; what is given is checked before anything is read there. */
interface ReachedUnder {
  /** The id of the topic that is meant: if another one of that name exists now, it is `TOPIC_MISSING`. */
  readonly topicId?: string;
  /**
   * Under which the position was reached. A partition whose leader has changed since is asked first (KIP-320): if its
   * log was truncated below the position, the answer is a `TRUNCATED` gap, never other records than were meant.
   */
  readonly epochs?: Epochs;
}

/** How much a history read may bring. */
export interface ReadOptions extends ReachedUnder {
  /** Upper bound of the answer in bytes; one record larger than that still comes. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** How a topic is followed. Leaders and topics that change while it is followed are noticed in any case. */
export interface TailOptions extends ReachedUnder {
  readonly signal: AbortSignal;
}

/**
 * The port through which the feed reads a partitioned log. Implemented by `kafka` and `redis`.
 * Reads are read-committed. Every method rejects with a SluiceError: `KAFKA_UNAVAILABLE` after the
 * adapter's own deadline, `TOPIC_MISSING` when there is no such topic.
 */
export interface RecordLog {
  /** The topic's identity, as of no longer ago than that (a second when absent): cheap. */
  identify(topic: string, maxAgeMs?: number): Promise<TopicIdentity>;
  /** Bounds of every partition. */
  bounds(topic: string): Promise<ReadonlyMap<number, Bounds>>;
  /** For every partition the offset of the first record at or after the time, or the end. */
  positionAt(topic: string, timestampMs: number): Promise<Position>;
  /** For every partition the offset of the first of the last records, so many in all. Absent: found by reading, for offsets count records. */
  positionOfLast?(topic: string, count: number): Promise<Position>;
  /**
   * Whether the topic is another one than that in which the position was reached, although its id is the same. Absent:
   * the id tells.
   */
  isOther?(topic: string, position: Position): Promise<boolean>;
  /**
   * For each partition asked for: where the log of that leader epoch, or else of the largest one below it, ends now
   * (OffsetForLeaderEpoch). A position reached under the epoch and beyond this end was truncated. Partitions whose
   * leader knows no such epoch are not in the answer.
   */
  epochEnds(topic: string, epochs: Epochs): Promise<Position>;
  /** How long the topic keeps tombstones after it was compacted, in milliseconds (`delete.retention.ms`; cached for a minute). */
  tombstonesKeptMs(topic: string): Promise<number>;
  /** One bounded read of history from the position, without waiting for new records: a batch per partition that had any, or a gap. */
  read(topic: string, position: Position, options: ReadOptions): Promise<readonly LogBatch[]>;
  /**
   * Follows the topic from the position until the signal aborts: yields as records are committed. Survives broker
   * outages on its own (waits, reconnects, goes on where it was). All tails of a broker share one fetch loop; a
   * tail that is not read is not fetched for. New partitions are followed from their beginning.
   * Also yields a batch without records when only the bounds moved. A log truncated below where the tail stood is a
   * gap `TRUNCATED`; a topic that was deleted, also when it was made anew at once, ends the tail with `TOPIC_MISSING`.
   */
  tail(topic: string, position: Position, options: TailOptions): AsyncIterable<LogBatch>;
}
