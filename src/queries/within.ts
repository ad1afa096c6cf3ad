import { SluiceError } from '#errors';

/**
 * Waits for the work no longer than the time, then rejects with TIMEOUT and tells the work by its signal, which aborts
 * with the outer one, too. What the work still does then, it ends by itself.
 */
export async function within<T>(
  timeoutMs: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const given = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new SluiceError('TIMEOUT', `Flink has not answered the statement within ${timeoutMs} ms.`);
    given.reject(error);
    late.abort(error);
  }, timeoutMs);
  try {
    return await Promise.race([given.promise, work(AbortSignal.any([outer, late.signal]))]);
  } finally {
    clearTimeout(timer);
  }
}
