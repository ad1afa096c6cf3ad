/**
 * Makes calls at the same time share their work, and none of them a stale answer: a call during another one waits for
 * that to end and shares the next with all who wait. So there is one at a time, and each answer was asked for after the call.
 */
export function shareCalls<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> | null = null;
  let next: Promise<T> | null = null;
  const start = (): Promise<T> => {
    const call = work().finally(() => {
      if (running === call) running = null;
    });
    running = call;
    return call;
  };
  return () => {
    if (!running && !next) return start();
    next ??= (running ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        next = null;
        return start();
      });
    return next;
  };
}
