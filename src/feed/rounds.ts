/** Somebody who has pages to make and to send. Neither method may throw. */
export interface Due {
  /** Until when it rests, on the clock of `performance.now()`. Set by {@link Rounds}. */
  restsUntilMs: number;
  /** Whether its pages may cost enough that it should rest: what they cost is measured then. */
  readonly isCostly: boolean;
  /** Makes the page of what has gathered and gives it to its sinks; lets them send it when nobody else is due. */
  prepare(isAlone: boolean): void;
  /** Lets the sinks send. Comes after everybody's `prepare`, so that all that is due to a socket goes in one write. */
  send(): void;
}

/** After a page one rests for so many times what it took: what comes meanwhile shares the next one. */
const restFactor = 3;
/** Below that a rest would be the timer's, not ours. */
const shortestRestMs = 2;
const longestRestMs = 100;

/**
 * When pages are made: at the end of the event loop's turn in which records came, everybody's together. Whose pages
 * cost much (many subscribers, large pages) rests in proportion, so that pages grow with the load instead of the delay.
 */
export class Rounds {
  readonly #due = new Set<Due>();
  #turn: NodeJS.Immediate | null = null;
  #timer: NodeJS.Timeout | null = null;
  #timerAtMs = Number.POSITIVE_INFINITY;

  /** Asks for a place in the next round. */
  request(due: Due): void {
    this.#due.add(due);
    this.#turn ??= setImmediate(() => this.#run());
  }

  /** Takes a request back. */
  withdraw(due: Due): void {
    this.#due.delete(due);
  }

  /** Ends all rounds. */
  close(): void {
    this.#due.clear();
    if (this.#turn) clearImmediate(this.#turn);
    if (this.#timer) clearTimeout(this.#timer);
    this.#turn = null;
    this.#timer = null;
  }

  #run(): void {
    this.#turn = null;
    const startedAtMs = performance.now();
    const taken: Due[] = [];
    let wakeAtMs = Number.POSITIVE_INFINITY;
    for (const due of this.#due) {
      if (due.restsUntilMs > startedAtMs) wakeAtMs = Math.min(wakeAtMs, due.restsUntilMs);
      else taken.push(due);
    }
    const costs = new Map<Due, number>();
    for (const due of taken) {
      this.#due.delete(due);
      if (!due.isCostly) {
        due.prepare(taken.length === 1);
        continue;
      }
      const fromMs = performance.now();
      due.prepare(taken.length === 1);
      costs.set(due, performance.now() - fromMs);
    }
    for (const due of taken) {
      const costMs = costs.get(due);
      const fromMs = costMs === undefined ? 0 : performance.now();
      due.send();
      if (costMs !== undefined) rest(due, costMs + performance.now() - fromMs);
    }
    if (this.#due.size > 0 && wakeAtMs < Number.POSITIVE_INFINITY) this.#wakeAt(wakeAtMs);
  }

  #wakeAt(atMs: number): void {
    if (this.#timer && this.#timerAtMs <= atMs) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#run();
    }, atMs - performance.now());
  }
}

function rest(due: Due, costMs: number): void {
  const restMs = costMs * restFactor;
  if (restMs >= shortestRestMs) due.restsUntilMs = performance.now() + Math.min(restMs, longestRestMs);
}
