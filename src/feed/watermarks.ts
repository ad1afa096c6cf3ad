import type { Position } from './log.ts';

/** What is known of a topic: all results up to the event time lie before the ends. */
export interface WatermarkClaim {
  readonly watermarkMs: number;
  /** Of the topic that the ends belong to. */
  readonly topicId: string;
  readonly ends: Position;
}

/** Claims are told every few seconds, and readers are seldom many of them behind. */
const maxClaims = 64;

/** The watermarks of one topic, and which of them holds for a reader. */
export class Watermarks {
  /** Watermarks and ends both grow. */
  #claims: WatermarkClaim[] = [];

  /** Takes a claim that came after those that are known. */
  add(claim: WatermarkClaim): void {
    const last = this.#claims.at(-1);
    if (last && last.topicId !== claim.topicId) this.#claims = [];
    else if (last && last.watermarkMs >= claim.watermarkMs) return;
    this.#claims.push(claim);
    if (this.#claims.length > maxClaims) this.#claims.shift();
  }

  /** Forgets them all: what is told from now on may be less. */
  clear(): void {
    this.#claims = [];
  }

  /** The greatest one that all of a topic's records confirm. */
  get latestMs(): number | null {
    return this.#claims.at(-1)?.watermarkMs ?? null;
  }

  /** The greatest one that holds for who has read to the position; null when none does. */
  at(topicId: string, position: Position): number | null {
    const claim = this.#claims.findLast((one) => one.topicId === topicId && hasPassed(position, one.ends));
    return claim?.watermarkMs ?? null;
  }
}

function hasPassed(position: Position, ends: Position): boolean {
  for (const [partition, end] of ends) {
    // Nothing was ever written there.
    if (end === 0n) continue;
    const reached = position.get(partition);
    if (reached === undefined || reached < end) return false;
  }
  return true;
}
