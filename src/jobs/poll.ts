import { setTimeout as sleep } from 'node:timers/promises';

const firstPauseMs = 20;
const longestPauseMs = 250;

/** Asks ever more seldom, at least once, until there is an answer; null when none came in time. */
export async function poll<T>(ask: () => Promise<T | null>, timeoutMs: number): Promise<T | null> {
  const until = Date.now() + timeoutMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const answer = await ask();
    if (answer !== null || Date.now() >= until) return answer;
    await sleep(Math.min(pauseMs, Math.max(until - Date.now(), 0)));
  }
}
