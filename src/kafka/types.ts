import type { SluiceError } from '#errors';
import type { Header, Position, RecordLog } from '#feed';

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

/** A topic as the model wants it. */
export interface TopicSettings {
  readonly topic: string;
  readonly partitions: number;
  readonly retentionMs: number;
  readonly cleanup: 'DELETE' | 'COMPACT';
}

/** What was found or done for one topic. `differences` are sentences for a person; the topic is used as it is. */
export interface TopicReport {
  readonly topic: string;
  readonly created: boolean;
  readonly differences: readonly string[];
}

/** Topic administration. */
export interface TopicAdmin {
  /** Creates what is missing, reports what differs, alters nothing. Safe when several gateways do it at once. */
  ensure(topics: readonly TopicSettings[]): Promise<readonly TopicReport[]>;
  close(): Promise<void>;
}

/** One connection to a Kafka cluster. Whoever opened it closes it. */
export interface Kafka extends AsyncDisposable {
  readonly writer: Writer;
  readonly log: RecordLog;
  readonly admin: TopicAdmin;
  /** Where every partition of the topic ends now, with what is written and not committed yet. */
  writtenEnds(topic: string): Promise<Position>;
  /** Whether some broker answers now. Never rejects; answers within two seconds. */
  isReady(): Promise<boolean>;
  /** Ends all tails with `SHUTTING_DOWN`, gives what is being written up to the deadline (5 s), then disconnects. */
  close(deadlineMs?: number): Promise<void>;
}
