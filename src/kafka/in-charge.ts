import { unlessAborted, within } from './deadline.ts';

/** A broker that has not answered by then is asked about behind its back: others may do its work already. */
const patienceMs = 500;

/** Until when an answer is waited for. */
export interface Waiting {
  /** Nobody wants the answer any more. */
  readonly givenUp: AbortSignal;
  /** Whether the broker that was asked is still the one to ask, as far as the others know. */
  readonly isInCharge: () => Promise<boolean>;
}

/**
 * The answer of a broker that is in charge of what it was asked. Null when it does not answer and another has taken over:
 * one that stands still keeps its connections open for a long time. Rejects when the question fails or is given up.
 */
export async function answerInCharge<T extends object>(
  asked: Promise<T>,
  { givenUp, isInCharge }: Waiting,
): Promise<T | null> {
  const answered = unlessAborted(asked, givenUp);
  for (;;) {
    const answer = await within(answered, patienceMs);
    if (answer !== undefined) return answer;
    const replaced = isInCharge().then(
      (is) => (is ? undefined : null),
      () => undefined,
    );
    const told = await Promise.race([answered, replaced]);
    if (told !== undefined) return told;
  }
}
