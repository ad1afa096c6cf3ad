/**
 * Settles as the promise does, or rejects with `late()` after the time. What the promise does later is ignored,
 * also when it rejects.
 */
export function withDeadline<T>(promise: Promise<T>, timeoutMs: number, late: () => Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), Math.max(0, timeoutMs));
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Resolves as the promise does, or with nothing after the time; rejects if it rejects before. */
export function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  return new Promise<T | undefined>((resolve, reject) => {
    const timer = setTimeout(resolve, timeoutMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Settles as the promise does, or rejects as soon as the signal aborts. What the promise does later is ignored. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(new Error('It was given up.'));
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}

/** Resolves after the time, or at once when the signal aborts. */
export function pause(timeoutMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, timeoutMs);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** How long to wait before the next try after `failures` of them: 20 ms, doubling, at most a second. */
export function backoffMs(failures: number): number {
  return Math.min(1_000, 20 * 2 ** Math.max(0, failures - 1));
}
