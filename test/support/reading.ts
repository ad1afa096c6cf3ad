/** A numbered event of one of several producers, as somebody saw it. */
export interface Seen {
  readonly producer: string;
  readonly number: number;
  readonly partition: number;
  readonly offset: string;
}

/** A gap that a reader was told of, in its place between what it saw. */
export interface Announced {
  readonly gap: string;
  /** How many offsets are said to be gone; null when nobody knows. */
  readonly missed: string | null;
}

/** What one reader saw and was told, in order. */
export type Reading = readonly (Seen | Announced)[];

/** Something a reader saw, with its place in the reading. */
export interface Sighting extends Seen {
  readonly at: number;
  /** Its offset, as a number that grows along its partition over all lives of the topic. */
  readonly rank: number;
}

/** A gap with its place in the reading. */
export interface GapPlace extends Announced {
  readonly at: number;
}

/** What a reader saw before and after a place of its reading. */
export class Trace {
  readonly gaps: readonly GapPlace[];
  readonly #partitions: ReadonlyMap<number, readonly Sighting[]>;
  readonly #producers: ReadonlyMap<string, readonly Sighting[]>;

  constructor(reading: Reading, sightings: readonly Sighting[]) {
    this.gaps = reading.flatMap((one, at) => (isSeen(one) ? [] : [{ ...one, at }]));
    this.#partitions = Map.groupBy(sightings, ({ partition }) => partition);
    this.#producers = Map.groupBy(sightings, ({ producer }) => producer);
  }

  /** Whether the gap lies between what was seen before the event's place and what was seen after it. */
  spans({ partition, rank }: Pick<Sighting, 'partition' | 'rank'>, { at }: GapPlace): boolean {
    return isBetween(this.#partitions.get(partition) ?? [], { rank, at });
  }

  /** The same, of the event's producer alone, of whom a later event was seen after the gap. */
  spansProducer({ producer, rank }: Pick<Sighting, 'producer' | 'rank'>, { at }: GapPlace): boolean {
    const seen = this.#producers.get(producer) ?? [];
    return (seen.at(-1)?.at ?? -1) > at && isBetween(seen, { rank, at });
  }

  /** The rank up to which the reader had seen the partition; -1: nothing. */
  reached(partition: number, { at }: GapPlace): number {
    const seen = this.#partitions.get(partition) ?? [];
    return seen[firstAfter(seen, at) - 1]?.rank ?? -1;
  }
}

function isBetween(seen: readonly Sighting[], { rank, at }: { rank: number; at: number }): boolean {
  const next = firstAfter(seen, at);
  return (seen[next - 1]?.rank ?? -1) < rank && (seen[next]?.rank ?? Number.POSITIVE_INFINITY) > rank;
}

/** By bisection: a long history has many events and many gaps. */
function firstAfter(seen: readonly Sighting[], at: number): number {
  let [low, high] = [0, seen.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((seen[middle]?.at ?? 0) > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Tells the two apart. */
export function isSeen(one: Seen | Announced): one is Seen {
  return 'producer' in one;
}

/** What an event is called in a verdict. */
export function nameOf({ producer, number }: Pick<Seen, 'producer' | 'number'>): string {
  return `${producer} ${number}`;
}
