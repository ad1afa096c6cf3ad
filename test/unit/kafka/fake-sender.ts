import type { AttemptResult, Batch, Sender } from '../../../src/kafka/batch.ts';
import { refused, unavailable } from '../../../src/kafka/failures.ts';
import type { OutgoingRecord } from '../../../src/kafka/write-call.ts';

/** One call of `attempt` that waits for the test to say what came of it. */
export interface PendingAttempt {
  readonly batches: readonly Batch[];
  /** The bytes leave: the batches may be in the log from now on. */
  send(): void;
  answer(...results: AttemptResult[]): Promise<void>;
}

/** A sender without Kafka: the test answers each attempt. */
export class FakeSender implements Sender {
  readonly attempts: PendingAttempt[] = [];
  readonly abandoned: Batch[] = [];
  closed = false;

  attempt(batches: readonly Batch[]): Promise<readonly AttemptResult[]> {
    return new Promise((resolve) => {
      const pending: PendingAttempt = {
        batches,
        send: () => {
          for (const batch of batches) batch.exposed = true;
        },
        answer: async (...results) => {
          this.attempts.splice(this.attempts.indexOf(pending), 1);
          resolve(results);
          // The batcher goes on in a microtask.
          await Promise.resolve();
          await Promise.resolve();
        },
      };
      this.attempts.push(pending);
    });
  }

  abandon(batch: Batch): void {
    this.abandoned.push(batch);
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

export const acked = (baseOffset: bigint): AttemptResult => ({ kind: 'acked', baseOffset, appendedAtMs: null });
export const notSent: AttemptResult = { kind: 'not-sent', error: unavailable('a write') };
export const unresolved: AttemptResult = { kind: 'unresolved', error: unavailable('a write') };
export const sessionLost: AttemptResult = { kind: 'session-lost', error: refused('sequence') };
export const tooLarge: AttemptResult = { kind: 'refused', error: refused('too large'), divisible: true };
export const forbidden: AttemptResult = { kind: 'refused', error: refused('forbidden'), divisible: false };

/** A record whose value is the text. */
export function record(text: string, partition = 0): OutgoingRecord {
  return { key: null, value: Buffer.from(text), timestamp: '1700000000000', partition };
}

/** The values of a batch's records, as text. */
export function textsOf(batch: Batch | undefined): string[] {
  return batch?.records.map(({ value }) => String(value)) ?? [];
}
