import type { SluiceError } from '#errors';
import type { RecordLog } from '#feed';
import type { RedisPlace, Stream } from '#model';
import type { Lease } from './lease.ts';

/** What became of one entry that was added to a Redis Stream. UNKNOWN: it was sent and no answer came in time. */
export type AppendOutcome =
  | { readonly outcome: 'ACKED'; readonly partition: number; readonly offset: bigint; readonly timestampMs: number }
  | { readonly outcome: 'NOT_WRITTEN' | 'UNKNOWN'; readonly partition: null; readonly error: SluiceError };

/** What became of one message that was published. UNKNOWN: it was sent and no answer came in time. */
export type PublishOutcome =
  | {
      readonly outcome: 'ACKED';
      /** How many connections Redis gave it to; it keeps nothing for others. */
      readonly receivers: number;
    }
  | { readonly outcome: 'NOT_WRITTEN' | 'UNKNOWN'; readonly error: SluiceError };

/** The declared streams that lie in Redis. Whoever opened it closes it. */
export interface Redis extends AsyncDisposable {
  /** What the feed of a declared stream reads. */
  logOf(source: Stream): RecordLog;
  /** Adds encoded events to a Redis Stream, in order; one outcome each. Never rejects. */
  append(source: Stream, values: readonly Buffer[], deadlineMs: number): Promise<readonly AppendOutcome[]>;
  /** Publishes encoded events on a channel, in order; one outcome each. Never rejects. */
  publish(place: RedisPlace, values: readonly Buffer[], deadlineMs: number): Promise<readonly PublishOutcome[]>;
  /** The lease of that name; nothing is asked for yet. */
  lease(name: string): Lease;
  /** Whether Redis answers now. Never rejects; answers within two seconds. */
  isReady(): Promise<boolean>;
  close(): Promise<void>;
}
