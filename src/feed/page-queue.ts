import type { Sink } from './sink.ts';

/** A sink for those who pull: holds one page until it is taken. */
export class PageQueue<T> implements Sink<T> {
  readonly #pages: T[] = [];
  #onPage: (() => void) | null = null;
  #onReady: (() => void) | null = null;

  get isReady(): boolean {
    return this.#pages.length === 0;
  }

  push(page: T): void {
    this.#pages.push(page);
  }

  flush(): void {
    this.#onPage?.();
    this.#onPage = null;
  }

  whenReady(signal: AbortSignal): Promise<void> {
    if (this.isReady || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        this.#onReady = null;
        resolve();
      };
      this.#onReady = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }

  /**
   * The pages of a subscription that runs into this queue, until it has ended; then its error, if it had one. Stops
   * it when the iterator is left.
   */
  async *drain(run: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): AsyncGenerator<T, void, void> {
    const left = new AbortController();
    let isOver = false;
    const running = run(AbortSignal.any([signal, left.signal])).finally(() => {
      isOver = true;
      this.flush();
    });
    // Its error is thrown below, when the pages before it were taken.
    running.catch(() => undefined);
    try {
      for (;;) {
        const page = this.#pages.shift();
        if (page !== undefined) {
          if (this.isReady) this.#onReady?.();
          yield page;
        } else if (isOver) break;
        else
          await new Promise<void>((resolve) => {
            this.#onPage = resolve;
          });
      }
      await running;
    } finally {
      left.abort();
      await running.catch(() => undefined);
    }
  }
}
