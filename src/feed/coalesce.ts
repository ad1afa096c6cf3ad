/**
 * Asks at most once at a time. Who asks while a question is under way gets the answer to the next one, which is put after
 * theirs was: never one that was true before they asked.
 */
export function coalesce<T>(ask: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | null = null;
  let next: Promise<T> | null = null;
  const start = (): Promise<T> => {
    const answer = ask().finally(() => {
      if (current === answer) current = null;
    });
    current = answer;
    return answer;
  };
  return () => {
    if (!current) return start();
    next ??= current.then(
      () => follow(),
      () => follow(),
    );
    return next;
  };
  function follow(): Promise<T> {
    next = null;
    return start();
  }
}
