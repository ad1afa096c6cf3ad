import { SluiceError } from '#errors';
import type { WriteOutcome } from '#kafka';

/** What became of the records of a call, list by list as they were given. */
export type Outcomes = readonly (readonly WriteOutcome[])[];

/** How much is remembered of calls with an `idempotencyKey`. */
export interface ProduceMemoryOptions {
  /** For how long after the first call. */
  readonly windowMs: number;
  /** Most events of all these calls together. */
  readonly maxEvents: number;
  readonly now: () => number;
}

/** A call that has an `idempotencyKey`. */
export interface KeyedCall {
  /** The key, with all that tells one who uses it from another. */
  readonly key: string;
  /** What is to be written: equal for equal calls. */
  readonly fingerprint: string;
  readonly events: number;
  /** How long to wait for the same call, when it is under way. */
  readonly timeoutMs: number;
}

interface Remembered {
  readonly fingerprint: string;
  readonly events: number;
  readonly expiresAtMs: number;
  /** Null as long as the first call is under way for the first time. */
  outcomes: Outcomes | null;
  underWay: Promise<Outcomes> | null;
}

/**
 * What became of recent calls with an `idempotencyKey`. A repeat that comes while the same call is under way has its
 * answer; one that comes later has the answer of all events that are acknowledged, and only the others are written again.
 */
export class ProduceMemory {
  readonly #options: ProduceMemoryOptions;
  /** In the order of their expiry. */
  readonly #calls = new Map<string, Remembered>();
  #events = 0;

  constructor(options: ProduceMemoryOptions) {
    this.#options = options;
  }

  /**
   * The outcomes of the call. `write` gets what is known from the call before, null at first, and answers for all events;
   * when it rejects, nothing was written. Rejects with `CONFLICT` when the key was used for something else, and
   * `OVERLOADED` when nothing more can be remembered.
   */
  async run(call: KeyedCall, write: (before: Outcomes | null) => Promise<Outcomes>): Promise<Outcomes> {
    const known = this.#find(call.key);
    if (known && known.fingerprint !== call.fingerprint) throw otherCall();
    if (known?.underWay) return await inTime(known.underWay, call.timeoutMs);
    if (known?.outcomes?.every((list) => list.every(({ outcome }) => outcome === 'ACKED'))) return known.outcomes;
    const entry = known ?? this.#remember(call);
    entry.underWay = write(entry.outcomes);
    try {
      entry.outcomes = await entry.underWay;
      return entry.outcomes;
    } finally {
      entry.underWay = null;
      if (!entry.outcomes) this.#forget(call.key, entry);
    }
  }

  #find(key: string): Remembered | undefined {
    const now = this.#options.now();
    for (const [oldest, entry] of this.#calls) {
      if (entry.expiresAtMs > now) break;
      // One that is gone on with is kept until it has its answer.
      if (!entry.underWay) this.#forget(oldest, entry);
    }
    return this.#calls.get(key);
  }

  #remember({ key, fingerprint, events }: KeyedCall): Remembered {
    const { maxEvents, windowMs, now } = this.#options;
    if (this.#events + events > maxEvents) {
      throw new SluiceError(
        'OVERLOADED',
        `Calls with an idempotencyKey are remembered for ${windowMs / 1000} s, and there is no memory for more: nothing of this call was taken. Try again later, or raise SLUICE_IDEMPOTENCY_MAX_EVENTS.`,
        { details: { rememberedEvents: this.#events } },
      );
    }
    this.#events += events;
    const entry: Remembered = { fingerprint, events, expiresAtMs: now() + windowMs, outcomes: null, underWay: null };
    this.#calls.set(key, entry);
    return entry;
  }

  #forget(key: string, entry: Remembered): void {
    this.#calls.delete(key);
    this.#events -= entry.events;
  }
}

function otherCall(): SluiceError {
  return new SluiceError(
    'CONFLICT',
    'This idempotencyKey was used for other events or options not long ago. Nothing of this call was written: a new call needs a new key.',
  );
}

async function inTime(answer: Promise<Outcomes>, timeoutMs: number): Promise<Outcomes> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new SluiceError('TIMEOUT', 'The first call with this idempotencyKey is still under way. Repeat it later.'));
  }, timeoutMs);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
