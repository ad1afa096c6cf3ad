/**
 * An async iterable over a generator that is ended by its signal. `return()` aborts first: on its own it would wait
 * behind a pending `next()`, which on a quiet stream never settles.
 */
export function openPages<T>(open: (signal: AbortSignal) => AsyncGenerator<T, void, void>): AsyncIterableIterator<T> {
  const controller = new AbortController();
  const pages = open(controller.signal);
  return {
    next: () => pages.next(),
    async return() {
      controller.abort();
      await pages.return();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
