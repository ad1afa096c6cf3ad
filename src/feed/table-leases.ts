/** Calls once, after so many milliseconds, unless it is cancelled by what it returns. */
export type Schedule = (work: () => void, delayMs: number) => () => void;

interface Use {
  count: number;
  readonly end: () => void;
  cancel: (() => void) | null;
}

/** Keeps what was used for a while after its last use. */
export class Leases<K> {
  readonly #idleMs: number;
  readonly #schedule: Schedule;
  readonly #uses = new Map<K, Use>();

  constructor(idleMs: number, schedule: Schedule) {
    this.#idleMs = idleMs;
    this.#schedule = schedule;
  }

  /** Begins a use, and returns what ends it. The first one begins the keeping; what that returns ends it. */
  take(key: K, begin: () => () => void): () => void {
    const use = this.#uses.get(key) ?? { count: 0, end: begin(), cancel: null };
    this.#uses.set(key, use);
    use.count += 1;
    use.cancel?.();
    use.cancel = null;
    return () => {
      use.count -= 1;
      if (use.count > 0 || this.#uses.get(key) !== use) return;
      use.cancel = this.#schedule(() => {
        this.#uses.delete(key);
        use.end();
      }, this.#idleMs);
    };
  }

  /** Ends all keeping, without waiting. */
  close(): void {
    const uses = [...this.#uses.values()];
    this.#uses.clear();
    for (const { cancel, end } of uses) {
      cancel?.();
      end();
    }
  }
}
