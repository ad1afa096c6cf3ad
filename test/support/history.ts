/** What became of an event, as its producer was told. */
export type Told =
  | { readonly outcome: 'ACKED'; readonly partition: number; readonly offset: string }
  | { readonly outcome: 'NOT_WRITTEN' | 'UNKNOWN' };

/** A numbered event of one of several producers, as somebody saw it. */
export interface Seen {
  readonly producer: string;
  readonly number: number;
  readonly partition: number;
  readonly offset: string;
}

/** The ways in which a history can be wrong; each fault names its event. */
export interface Verdict {
  /** Acknowledged, and not there where it was said to be. */
  readonly lost: readonly string[];
  /** Said not to be written, and there. */
  readonly lied: readonly string[];
  /** There more than once. */
  readonly doubled: readonly string[];
  /** Seen after a later one of its partition, or of its producer. */
  readonly disordered: readonly string[];
}

/** The verdict on a history without any fault. */
export const flawless: Verdict = { lost: [], lied: [], doubled: [], disordered: [] };

/** What producers were told about their events, held against what somebody saw, in the order of seeing. */
export class History {
  readonly #told = new Map<string, Told>();

  tell(producer: string, number: number, told: Told): void {
    this.#told.set(`${producer} ${number}`, told);
  }

  count(outcome: Told['outcome']): number {
    return [...this.#told.values()].filter((told) => told.outcome === outcome).length;
  }

  /** How many acknowledged events are not among these. */
  missing(seen: readonly Seen[]): number {
    const names = new Set(seen.map(nameOf));
    return [...this.#told].filter(([name, { outcome }]) => outcome === 'ACKED' && !names.has(name)).length;
  }

  judge(seen: readonly Seen[]): Verdict {
    const found = Map.groupBy(seen, nameOf);
    const told = [...this.#told].map(([name, one]) => ({ name, told: one, places: found.get(name) ?? [] }));
    const isAt = (place: Seen, one: Told) =>
      one.outcome === 'ACKED' && place.partition === one.partition && place.offset === one.offset;
    return {
      lost: told
        .filter((one) => one.told.outcome === 'ACKED' && !one.places.some((place) => isAt(place, one.told)))
        .map(({ name }) => name),
      lied: told.filter((one) => one.told.outcome === 'NOT_WRITTEN' && one.places.length > 0).map(({ name }) => name),
      doubled: [...found].filter(([, places]) => places.length > 1).map(([name]) => name),
      disordered: [
        ...fallsBack(
          seen,
          ({ partition }) => `${partition}`,
          ({ offset }) => Number(offset),
        ),
        ...fallsBack(
          seen,
          ({ producer }) => producer,
          ({ number }) => number,
        ),
      ],
    };
  }
}

function nameOf({ producer, number }: Seen): string {
  return `${producer} ${number}`;
}

function fallsBack(
  seen: readonly Seen[],
  groupOf: (one: Seen) => string,
  rankOf: (one: Seen) => number,
): readonly string[] {
  return [...Map.groupBy(seen, groupOf).values()].flatMap((group) =>
    group.filter((one, at) => at > 0 && rankOf(one) < rankOf(group[at - 1] ?? one)).map(nameOf),
  );
}
