import { SluiceError } from '#errors';
import { type Bounds, type LogBatch, Wakeup } from '#feed';
import { toOffset } from './entry-id.ts';
import type { Entry } from './replies.ts';
import type { StreamEntries } from './stream-entries.ts';

/** One reader of a Redis Stream that waits for what comes. It is read for while it holds no batch. */
export class StreamTail {
  readonly stream: StreamEntries;
  #next: bigint;
  /** An entry that was there when it was passed: while something at or before it is left, nothing after it was trimmed. */
  #anchor: bigint | null = null;
  #bounds: Bounds | null = null;
  #batch: LogBatch | null = null;
  #failure: unknown = null;
  readonly #changed = new Wakeup();
  /** What it passed must be looked at again before it is read for: Redis may be another one, or have lost something. */
  isDoubtful = true;

  constructor(stream: StreamEntries, next: bigint) {
    this.stream = stream;
    this.#next = next;
  }

  /** The offset that it waits for. */
  get next(): bigint {
    return this.#next;
  }

  /** Whether it can take a batch. */
  get isHungry(): boolean {
    return this.#batch === null && this.#failure === null;
  }

  /** Looks whether the stream still has what was passed; otherwise it is not the one that was read, and the tail ends. */
  async check(): Promise<void> {
    const bounds = await this.stream.bounds();
    this.#bounds = bounds;
    if (bounds.end < this.#next) {
      const message = `The Redis Stream "${this.stream.key}" ends before what was read of it: it was deleted and made anew, or restored.`;
      this.fail(new SluiceError('TOPIC_MISSING', message));
      return;
    }
    if (this.isDoubtful && this.#anchor === null && this.#next > 0n && bounds.start < this.#next) {
      this.#anchor = this.#next - 1n;
    }
    this.isDoubtful = false;
  }

  /** Takes what was read for it. */
  async take(entries: readonly Entry[]): Promise<void> {
    this.stream.measure(entries);
    const from = this.#next;
    const isTrimmed = this.#anchor !== null && !(await this.stream.reaches(this.#anchor));
    const records = this.stream.toRecords(entries);
    const last = entries.at(-1);
    if (!last) return;
    const first = records[0]?.offset ?? from;
    this.#next = toOffset(last.id) + 1n;
    this.#anchor = this.#next - 1n;
    const start = isTrimmed || this.#bounds === null || this.#bounds.start > first ? first : this.#bounds.start;
    const known = (this.#bounds?.records ?? 0n) + BigInt(records.length);
    this.#bounds = { start, end: this.#next, epoch: -1, records: known };
    const gap = isTrimmed ? ({ reason: 'EXPIRED', from, to: first, missed: null } as const) : null;
    this.#batch = { partition: 0, records, next: this.#next, bounds: this.#bounds, gap };
    this.#changed.wake();
  }

  fail(error: unknown): void {
    this.#failure = error;
    this.#changed.wake();
  }

  /** The next batch; null when the signal aborts. Rejects with what ended it. */
  async pull(signal: AbortSignal): Promise<LogBatch | null> {
    while (!signal.aborted) {
      const batch = this.#batch;
      if (batch) {
        this.#batch = null;
        return batch;
      }
      if (this.#failure) throw this.#failure;
      await this.#changed.wait(signal);
    }
    return null;
  }
}
