import { type GapPlace, isSeen, nameOf, type Reading, type Seen, type Sighting, Trace } from './reading.ts';

export type { Announced, Reading, Seen } from './reading.ts';

/** What became of an event, as its producer was told. An aborted transaction's events are not written. */
export type Told =
  | { readonly outcome: 'ACKED'; readonly partition: number; readonly offset: string }
  | { readonly outcome: 'NOT_WRITTEN' | 'UNKNOWN' };

/** What a reader asked for. */
export interface Wish {
  /** The events that its filter lets through; all when absent. */
  readonly wants?: (producer: string, number: number) => boolean;
  /** It takes the newest of each producer when it is slow: a CONFLATED gap may stand for the others. */
  readonly newestOnly?: boolean;
  /**
   * It reads what a job made of the events, at least once: each has a place of its own, and copies are legal. Only loss is
   * looked for, and what should not be there.
   */
  readonly isDerived?: boolean;
}

/** The ways in which a history can be wrong; each fault names its event. */
export interface Verdict {
  /** Acknowledged, still in the log, and not there where it was said to be. */
  readonly lost: readonly string[];
  /** Said not to be written, or never produced at all, and there. */
  readonly lied: readonly string[];
  /** There more than once. */
  readonly doubled: readonly string[];
  /** Seen after a later one of its partition, or after a later one of its producer in the same partition. */
  readonly disordered: readonly string[];
  /** Gone from the log before it was seen, and no gap was announced at its place. */
  readonly silent: readonly string[];
  /** Announced gaps where nothing was gone, or that tell of fewer than are missing. */
  readonly alarms: readonly string[];
}

/** The verdict on a history without any fault. */
export const flawless: Verdict = { lost: [], lied: [], doubled: [], disordered: [], silent: [], alarms: [] };

/** An event, which life of the topic it belongs to, and what its producer was told. */
interface Event {
  readonly name: string;
  readonly producer: string;
  readonly number: number;
  /** How often the topic had been made anew. */
  readonly life: number;
  readonly told: Told;
}

/** An acknowledged event with its place as a rank that grows along its partition, over all lives of the topic. */
interface Placed extends Event {
  readonly partition: number;
  readonly offset: string;
  readonly rank: number;
}

/** More than a partition ever holds in a test. */
const offsetsOfALife = 2 ** 40;

/** What producers were told about their events, and what became of the log, held against what somebody saw. */
export class History {
  readonly #events = new Map<string, Event>();
  /** Life and partition → the first offset that is left. */
  readonly #floors = new Map<string, number>();
  #expirations = 0;
  #life = 0;

  /** A producer's name belongs to one life of the topic: after `recreate` they take others. */
  tell(producer: string, number: number, told: Told): void {
    const name = nameOf({ producer, number });
    this.#events.set(name, { name, producer, number, told, life: this.#events.get(name)?.life ?? this.#life });
  }

  count(outcome: Told['outcome']): number {
    return [...this.#events.values()].filter(({ told }) => told.outcome === outcome).length;
  }

  /** Retention deletes what lies before the offset. */
  expire(partition: number, before: number): void {
    const place = `${this.#life} ${partition}`;
    if (before <= (this.#floors.get(place) ?? 0)) return;
    this.#floors.set(place, before);
    this.#expirations += 1;
  }

  /** The topic is deleted, with all that is in it, and made anew. */
  recreate(): void {
    this.#life += 1;
  }

  /** What is in the log now counts as acknowledged there, whatever its producer does not know. */
  settle(log: readonly Seen[]): void {
    for (const { producer, number, partition, offset } of log) {
      const name = nameOf({ producer, number });
      if (this.#events.get(name)?.told.outcome !== 'UNKNOWN') continue;
      // Of this life, whatever it was when it was sent: a call that was given up may still arrive.
      const told: Told = { outcome: 'ACKED', partition, offset };
      this.#events.set(name, { name, producer, number, life: this.#life, told });
    }
  }

  /** How many acknowledged events that are not gone, and that the reader wants, are not among these. */
  missing(reading: Reading, wish: Wish = {}): number {
    const names = new Set(reading.filter(isSeen).map(nameOf));
    const open = this.#wanted(wish).filter((event) => !this.#isGone(event));
    if (!wish.newestOnly) return open.filter(({ name }) => !names.has(name)).length;
    const newest = [...Map.groupBy(open, ({ producer }) => producer).values()].map((events) =>
      events.reduce((best, event) => (event.number > best.number ? event : best)),
    );
    return newest.filter(({ name }) => !names.has(name)).length;
  }

  judge(reading: Reading, wish: Wish = {}): Verdict {
    const sightings = this.#sightings(reading);
    const found = Map.groupBy(sightings, nameOf);
    const wanted = this.#wanted(wish);
    const unseen = wanted.filter(({ name }) => !found.has(name));
    const trace = new Trace(reading, sightings);
    const excuses = (event: Placed) => trace.gaps.filter((gap) => this.#excuses(event, gap, trace));
    const conflations = wish.newestOnly ? trace.gaps.filter(({ gap }) => gap === 'CONFLATED') : [];
    const conflated = new Set(unseen.filter((event) => conflations.some((gap) => trace.spansProducer(event, gap))));
    const unexplained = unseen.filter((event) => !conflated.has(event) && excuses(event).length === 0);
    const isAt = (seen: Seen, { partition, offset }: Placed) => seen.partition === partition && seen.offset === offset;
    const misplaced = wanted.filter(
      (event) => !wish.isDerived && found.has(event.name) && !found.get(event.name)?.some((seen) => isAt(seen, event)),
    );
    return {
      lost: [...unexplained.filter((event) => !this.#isGone(event)), ...misplaced].map(({ name }) => name),
      silent: unexplained.filter((event) => this.#isGone(event)).map(({ name }) => name),
      lied: [...found.keys()].filter((name) => {
        const outcome = this.#events.get(name)?.told.outcome;
        return outcome === undefined || outcome === 'NOT_WRITTEN';
      }),
      doubled: wish.isDerived ? [] : [...found].filter(([, places]) => places.length > 1).map(([name]) => name),
      disordered: wish.isDerived
        ? []
        : [
            ...fallsBack(
              sightings,
              ({ partition }) => `${partition}`,
              ({ rank }) => rank,
            ),
            ...fallsBack(
              sightings,
              ({ producer, partition }) => `${producer} ${partition}`,
              ({ number }) => number,
            ),
          ],
      alarms: this.#alarms(trace, { unseen, conflated: conflated.size, newestOnly: wish.newestOnly === true }),
    };
  }

  #wanted({ wants }: Wish): readonly Placed[] {
    return [...this.#events.values()].flatMap((event) => {
      if (event.told.outcome !== 'ACKED' || wants?.(event.producer, event.number) === false) return [];
      const { partition, offset } = event.told;
      return [{ ...event, partition, offset, rank: rankOf(event.life, offset) }];
    });
  }

  #sightings(reading: Reading): readonly Sighting[] {
    return reading.flatMap((seen, at) => {
      if (!isSeen(seen)) return [];
      const life = this.#events.get(nameOf(seen))?.life ?? this.#life;
      return [{ ...seen, at, rank: rankOf(life, seen.offset) }];
    });
  }

  #isGone(event: Placed): boolean {
    return event.life < this.#life || this.#isExpired(event);
  }

  #isExpired({ life, partition, offset }: Placed): boolean {
    return Number(offset) < (this.#floors.get(`${life} ${partition}`) ?? 0);
  }

  /** Whether the gap says that the event is gone, and is where the event would have been. */
  #excuses(event: Placed, gap: GapPlace, trace: Trace): boolean {
    const fits =
      (gap.gap === 'RECREATED' && event.life < this.#life) || (gap.gap === 'EXPIRED' && this.#isExpired(event));
    return fits && trace.spans(event, gap);
  }

  #alarms(
    trace: Trace,
    { unseen, conflated, newestOnly }: { unseen: readonly Placed[]; conflated: number; newestOnly: boolean },
  ): readonly string[] {
    const alarms: string[] = [];
    const counts = new Map<string, number>();
    for (const gap of trace.gaps) {
      const count = (counts.get(gap.gap) ?? 0) + 1;
      counts.set(gap.gap, count);
      const text = `${gap.gap} (${gap.missed ?? 'unknown'}) at ${gap.at}`;
      const isTrue =
        (gap.gap === 'EXPIRED' && count <= this.#expirations && this.#lacksSomething(trace, gap)) ||
        (gap.gap === 'RECREATED' && count <= this.#life) ||
        (gap.gap === 'CONFLATED' && newestOnly);
      if (!isTrue) alarms.push(`${text}: nothing was gone`);
      if (gap.gap !== 'EXPIRED' || gap.missed === null) continue;
      const missing = unseen.filter((event) => this.#excuses(event, gap, trace)).length;
      if (Number(gap.missed) < missing) alarms.push(`${text}: ${missing} are missing`);
    }
    const told = trace.gaps.filter(({ gap }) => gap === 'CONFLATED');
    const total = told.reduce((sum, { missed }) => sum + Number(missed), 0);
    if (told.every(({ missed }) => missed !== null) && total < conflated) {
      alarms.push(`CONFLATED (${total} in all): ${conflated} are missing`);
    }
    return alarms;
  }

  /** Whether retention has deleted anything after what the reader had seen of a partition before the gap. */
  #lacksSomething(trace: Trace, gap: GapPlace): boolean {
    return [...this.#floors].some(([place, floor]) => {
      const [life = 0, partition = 0] = place.split(' ').map(Number);
      return trace.reached(partition, gap) < rankOf(life, `${floor - 1}`);
    });
  }
}

function rankOf(life: number, offset: string): number {
  return life * offsetsOfALife + Number(offset);
}

function fallsBack(
  seen: readonly Sighting[],
  groupOf: (one: Sighting) => string,
  rank: (one: Sighting) => number,
): readonly string[] {
  return [...Map.groupBy(seen, groupOf).values()].flatMap((group) =>
    group.filter((one, at) => at > 0 && rank(one) < rank(group[at - 1] ?? one)).map(nameOf),
  );
}
