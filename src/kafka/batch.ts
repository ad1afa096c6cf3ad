import type { SluiceError } from '#errors';
import type { OutgoingRecord, Segment } from './write-call.ts';

/** What goes to one partition in one request; at most one of a partition exists at a time. */
export class Batch {
  readonly topic: string;
  readonly partition: number;
  readonly segments: readonly Segment[];
  readonly records: readonly OutgoingRecord[];
  /** A request with this batch may have reached a broker. Never false again. */
  exposed = false;
  /** Its callers were told `NOT_WRITTEN`, so it must not be sent; only ever set while not exposed. */
  cancelled = false;

  constructor(topic: string, partition: number, segments: readonly Segment[]) {
    this.topic = topic;
    this.partition = partition;
    this.segments = segments;
    const [only] = segments;
    this.records = segments.length === 1 && only ? only.records : segments.flatMap((segment) => segment.records);
  }

  /** Every caller has been told; nobody waits for the outcome. */
  get settled(): boolean {
    return this.segments.every((segment) => segment.told);
  }
}

/**
 * What one attempt to send did to a batch.
 * - `acked`: it stands in the log from the base offset on (also when an earlier attempt had put it there).
 * - `refused`: Kafka will never take it. `divisible`: one record may be the cause, so smaller batches may pass.
 * - `not-sent`: this attempt did not reach the log, for a reason that may pass.
 * - `unresolved`: it may or may not stand in the log. Only the very same batch may be sent again, and nothing else.
 * - `session-lost`: this attempt did not reach the log and the producer's sequence is broken; a new one is ready.
 */
export type AttemptResult =
  | { readonly kind: 'acked'; readonly baseOffset: bigint; readonly appendedAtMs: number | null }
  | { readonly kind: 'refused'; readonly error: SluiceError; readonly divisible: boolean }
  | { readonly kind: 'not-sent' | 'unresolved' | 'session-lost'; readonly error: SluiceError };

/** Sends batches; one attempt, no retries. Implemented over kafkajs. */
export interface Sender {
  /**
   * Tries once to send batches of different partitions, all led by one broker. One result each, in order; never
   * rejects. Sets `exposed` just before a batch goes out, and does not send one that is `cancelled`.
   */
  attempt(batches: readonly Batch[]): Promise<readonly AttemptResult[]>;
  /** An unresolved batch is given up: nothing more is sent with its producer's sequence. */
  abandon(batch: Batch): void;
  close(): Promise<void>;
}
