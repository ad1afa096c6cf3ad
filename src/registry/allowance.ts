/** A bucket that holds so many permits and fills up again with time. */
export class Allowance {
  readonly #most: number;
  readonly #perSecond: number;
  readonly #now: () => number;
  #left: number;
  #asOfMs: number;

  constructor(options: { readonly burst: number; readonly perSecond: number; readonly now: () => number }) {
    this.#most = options.burst;
    this.#perSecond = options.perSecond;
    this.#now = options.now;
    this.#left = options.burst;
    this.#asOfMs = options.now();
  }

  /** Takes a permit; false when there is none. */
  take(): boolean {
    const nowMs = this.#now();
    this.#left = Math.min(this.#most, this.#left + ((nowMs - this.#asOfMs) / 1000) * this.#perSecond);
    this.#asOfMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
