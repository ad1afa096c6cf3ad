import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, SluiceError } from '#errors';
import { type LogBatch, Wakeup } from '#feed';
import type { Connection } from './connection.ts';
import { toEntryId } from './entry-id.ts';
import { shuttingDown } from './failures.ts';
import type { Logger } from './options.ts';
import { toEntriesByKey } from './replies.ts';
import type { StreamEntries } from './stream-entries.ts';
import { StreamTail } from './stream-tail.ts';

/** How often a stream that brings nothing is looked at: whether it is still the one that was read. */
const checkEveryMs = 5_000;
const retryMs = 250;

/** What a {@link StreamReader} is built of. */
export interface StreamReaderParts {
  /** For the reads that wait, alone. */
  readonly waiting: Connection;
  readonly blockMs: number;
  readonly logger: Logger;
}

/** Follows all Redis Streams that somebody reads, by one XREAD BLOCK after the other on one connection. */
export class StreamReader {
  readonly #parts: StreamReaderParts;
  readonly #tails = new Set<StreamTail>();
  #isRunning = false;
  #isClosed = false;
  #checkAtMs = 0;
  readonly #changed = new Wakeup();

  constructor(parts: StreamReaderParts) {
    this.#parts = parts;
    const onBack = () => {
      for (const tail of this.#tails) tail.isDoubtful = true;
    };
    parts.waiting.watch({ onLost: onBack, onBack });
  }

  /** What comes into a stream from an offset on, until the signal aborts. */
  async *follow(stream: StreamEntries, from: bigint, signal: AbortSignal): AsyncGenerator<LogBatch, void, void> {
    if (this.#isClosed) throw shuttingDown();
    const tail = new StreamTail(stream, from);
    this.#tails.add(tail);
    void this.#run();
    try {
      for (;;) {
        this.#changed.wake();
        const batch = await tail.pull(signal);
        if (!batch) return;
        yield batch;
      }
    } finally {
      this.#tails.delete(tail);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const tail of this.#tails) tail.fail(shuttingDown());
    this.#changed.wake();
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (this.#tails.size > 0 && !this.#isClosed) await this.#round();
    } finally {
      this.#isRunning = false;
    }
  }

  async #round(): Promise<void> {
    const hungry = [...this.#tails].filter((tail) => tail.isHungry);
    if (hungry.length === 0) {
      await this.#changed.wait();
      return;
    }
    try {
      await this.#check(hungry);
      await this.#read(hungry.filter((tail) => tail.isHungry));
    } catch (error) {
      if (this.#isClosed) return;
      const isAway = error instanceof SluiceError && error.retryable;
      this.#parts.logger.debug({ err: error }, `Redis Streams could not be read: ${messageOf(error)}`);
      for (const tail of hungry) tail.isDoubtful = true;
      // What Redis refuses is for the subscribers to know: of several streams, those of the one that it refuses.
      if (!isAway) await this.#findRefused(hungry);
      await delay(retryMs);
    }
  }

  async #check(tails: readonly StreamTail[]): Promise<void> {
    const now = performance.now();
    const isTime = now >= this.#checkAtMs;
    if (isTime) this.#checkAtMs = now + checkEveryMs;
    const doubtful = tails.filter((tail) => isTime || tail.isDoubtful);
    await Promise.all(doubtful.map((tail) => tail.check()));
  }

  async #read(tails: readonly StreamTail[]): Promise<void> {
    if (tails.length === 0) return;
    const { waiting, blockMs } = this.#parts;
    // Tails of one stream may stand at different places: a key is named once, and who was read for goes to the end.
    const byKey = new Map(tails.toReversed().map((tail) => [tail.stream.key, tail]));
    for (const tail of byKey.values()) if (this.#tails.delete(tail)) this.#tails.add(tail);
    const count = Math.min(...Array.from(byKey.values(), ({ stream }) => stream.count));
    const ids = Array.from(byKey.values(), ({ next }) => (next === 0n ? '0-0' : toEntryId(next - 1n)));
    const args = ['XREAD', 'COUNT', String(count), 'BLOCK', String(blockMs), 'STREAMS', ...byKey.keys(), ...ids];
    const found = toEntriesByKey(await waiting.command('XREAD', args));
    await Promise.all(Array.from(found, ([key, entries]) => byKey.get(key)?.take(entries)));
  }

  async #findRefused(tails: readonly StreamTail[]): Promise<void> {
    for (const tail of tails) {
      try {
        await tail.check();
      } catch (error) {
        if (!(error instanceof SluiceError && error.retryable)) tail.fail(error);
      }
    }
  }
}
