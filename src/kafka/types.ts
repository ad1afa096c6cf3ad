import type { SluiceError } from '#errors';
import type { Header, Position, RecordLog, TopicIdentity } from '#feed';

/** One record to write. */
export interface NewRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly Header[];
  /** Chosen by the key (murmur2, as Java does) when absent. */
  readonly partition?: number;
  /** Now when absent. */
  readonly timestampMs?: number;
}

/** Records for one topic. */
export interface TopicRecords {
  readonly topic: string;
  readonly records: readonly NewRecord[];
}

/** What became of one record. UNKNOWN: it was sent and no answer came in time; it may or may not be in the log. */
export type WriteOutcome =
  | { readonly outcome: 'ACKED'; readonly partition: number; readonly offset: bigint; readonly timestampMs: number }
  | { readonly outcome: 'NOT_WRITTEN' | 'UNKNOWN'; readonly partition: number | null; readonly error: SluiceError };

/** Writes records: acks=all, idempotent, one batch in flight per partition, bounded queue. */
export interface Writer {
  /**
   * Resolves with one outcome a record, in order, not later than the deadline. Records of one partition keep the
   * order of calls. Rejects only when nothing was taken: `OVERLOADED` (queue full), `TOPIC_MISSING`, `SHUTTING_DOWN`,
   * `BAD_INPUT` (no such partition), `KAFKA_UNAVAILABLE` (topic's metadata never seen).
   */
  write(
    topic: string,
    records: readonly NewRecord[],
    options: { readonly deadlineMs: number },
  ): Promise<readonly WriteOutcome[]>;
  /** Waits for what is in flight up to the deadline, then disconnects. */
  close(deadlineMs?: number): Promise<void>;
}

/** Writes records in Kafka transactions. */
export interface AtomicWriter {
  /**
   * Writes the records of one transaction: all of them become visible to read-committed readers, or none does. Resolves
   * not later than the deadline, with lists as given. `NOT_WRITTEN`: none will ever be visible. `UNKNOWN`: the commit was
   * asked for, and Kafka did not say by the deadline what came of it. Rejects as {@link Writer.write} does.
   */
  write(
    lists: readonly TopicRecords[],
    options: { readonly deadlineMs: number },
  ): Promise<readonly (readonly WriteOutcome[])[]>;
}

/** A topic as the model wants it. */
export interface TopicSettings {
  readonly topic: string;
  readonly partitions: number;
  readonly retentionMs: number;
  readonly cleanup: 'DELETE' | 'COMPACT';
  /** Largest batch of records; the broker's default when absent. Not compared when the topic exists. */
  readonly maxMessageBytes?: number;
}

/** What was found or done for one topic. `differences` are sentences for a person; the topic is used as it is. */
export interface TopicReport {
  readonly topic: string;
  readonly created: boolean;
  readonly differences: readonly string[];
}

/** A topic as it is. */
export interface TopicDescription {
  readonly topic: string;
  readonly partitions: number;
  /** Kafka's `cleanup.policy`. */
  readonly cleanupPolicy: string;
  /** Kafka's `retention.ms`; -1: for ever. */
  readonly retentionMs: number;
}

/** Topic administration. */
export interface TopicAdmin {
  /** Creates what is missing, reports what differs, alters nothing. Safe when several gateways do it at once. */
  ensure(topics: readonly TopicSettings[]): Promise<readonly TopicReport[]>;
  /** All topics that this client may see, Kafka's own among them, in the order of their names. */
  list(): Promise<readonly TopicDescription[]>;
  close(): Promise<void>;
}

/**
 * Positions that outlive the gateway: the committed offsets of consumer groups that nobody joins. Rejects with
 * `KAFKA_UNAVAILABLE` at the deadline, and with `KAFKA_REFUSED`.
 */
export interface StoredPositions {
  /** What was stored under the name for this incarnation of the topic; partitions without are not in it. */
  load(name: string, of: PositionOf): Promise<Position>;
  /** Stores where these partitions stand, for all who load under the name. */
  store(name: string, of: PositionOf, position: Position): Promise<void>;
}

/** The topic that a stored position is of: another one of that name has another id. */
export interface PositionOf extends Pick<TopicIdentity, 'topicId' | 'partitions'> {
  readonly topic: string;
}

/** One connection to a Kafka cluster. Whoever opened it closes it. */
export interface Kafka extends AsyncDisposable {
  readonly writer: Writer;
  readonly transactions: AtomicWriter;
  readonly log: RecordLog;
  readonly admin: TopicAdmin;
  readonly positions: StoredPositions;
  /** Where every partition of the topic ends now, with what is written and not committed yet. */
  writtenEnds(topic: string): Promise<Position>;
  /** Whether some broker answers now. Never rejects; answers within two seconds. */
  isReady(): Promise<boolean>;
  /** Ends all tails with `SHUTTING_DOWN`, gives what is being written up to the deadline (5 s), then disconnects. */
  close(deadlineMs?: number): Promise<void>;
}
