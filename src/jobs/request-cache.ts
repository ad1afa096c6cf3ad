interface Entry<T> {
  readonly answer: Promise<T>;
  askedAtMs: number;
}

/** How a {@link RequestCache} behaves. */
export interface RequestCacheOptions {
  /** How old an answer may be that is given again. */
  readonly maxAgeMs: number;
  /** Requests under way at once; further ones wait for their turn. */
  readonly maxConcurrent: number;
  /** Milliseconds that only grow. */
  readonly now?: () => number;
}

/**
 * Answers of requests by their path: the same one is never under way twice, and is given again while it is young. Only
 * young answers are kept. A failure is told to all who waited for it, and forgotten.
 */
export class RequestCache {
  readonly #options: Required<RequestCacheOptions>;
  readonly #entries = new Map<string, Entry<unknown>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: RequestCacheOptions) {
    this.#options = { now: () => performance.now(), ...options };
  }

  /** The answer for the path, as of at most `maxAgeMs` ago. The same path must always mean the same `ask`. */
  get<T>(path: string, ask: (path: string) => Promise<T>): Promise<T> {
    this.#forgetOld();
    const known = this.#entries.get(path);
    if (known) return known.answer as Promise<T>;
    const answer = this.#inTurn(() => ask(path));
    const entry: Entry<T> = { answer, askedAtMs: Number.POSITIVE_INFINITY };
    this.#entries.set(path, entry);
    answer.then(
      () => {
        // The newest stand last, so that the old ones are found at the front.
        this.#entries.delete(path);
        this.#entries.set(path, entry);
        entry.askedAtMs = this.#options.now();
      },
      () => this.#entries.delete(path),
    );
    return answer;
  }

  async #inTurn<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#options.maxConcurrent) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    } else {
      this.#running += 1;
    }
    try {
      return await ask();
    } finally {
      const next = this.#waiting.shift();
      // Who waited takes over the place.
      if (next) next();
      else this.#running -= 1;
    }
  }

  #forgetOld(): void {
    const before = this.#options.now() - this.#options.maxAgeMs;
    for (const [path, { askedAtMs }] of this.#entries) {
      if (askedAtMs === Number.POSITIVE_INFINITY) continue;
      if (askedAtMs > before) break;
      this.#entries.delete(path);
    }
  }
}
