import type { Reader } from './reader.ts';

/** How many reads of history run at a time, over all subscriptions that are behind. */
const readsAtOnce = 16;
/** How many readers keep, between two pages, what they have read ahead. */
const readersKept = 64;

/**
 * Bounds what is read for subscriptions that are behind, however many they are: so many reads at a time, first come
 * first served, and so many readers that keep their records. One that is not kept reads again from its position.
 */
export class ReadAhead {
  #free = readsAtOnce;
  readonly #waiting = new Set<() => void>();
  /** Those kept, the one used longest ago first, and how their owners forget them. */
  readonly #kept = new Map<Reader, () => void>();

  /** Runs a read when it is its turn. */
  async run<T>(read: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.add(resolve));
    try {
      return await read();
    } finally {
      const [next] = this.#waiting;
      if (next) {
        this.#waiting.delete(next);
        next();
      } else this.#free += 1;
    }
  }

  /** Keeps a reader until others need its place. */
  keep(reader: Reader, forget: () => void): void {
    this.#kept.set(reader, forget);
    for (const [oldest, forgetIt] of this.#kept) {
      if (this.#kept.size <= readersKept) return;
      this.#kept.delete(oldest);
      forgetIt();
    }
  }

  /** A reader that is used again, or not needed any more. */
  release(reader: Reader): void {
    this.#kept.delete(reader);
  }
}
