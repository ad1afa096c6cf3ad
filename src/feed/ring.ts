import type { FeedRecord } from './record.ts';

/** Slots at the front that may be empty before the array is made compact again. */
const compactAfter = 1024;

/** Bounds all rings of a gateway together: when they hold too much, the fullest one gives up its oldest records. */
export class RingBudget {
  readonly maxBytes: number;
  readonly #rings = new Set<Ring>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes held by all rings at present. */
  get bytes(): number {
    return this.#bytes;
  }

  add(ring: Ring): void {
    this.#rings.add(ring);
  }

  /** Forgets a ring and what it holds. */
  remove(ring: Ring): void {
    if (this.#rings.delete(ring)) this.#bytes -= ring.bytes;
  }

  /** Tells that a ring has grown or shrunk. */
  changed(byBytes: number): void {
    this.#bytes += byBytes;
    while (this.#bytes > this.maxBytes) {
      let fullest: Ring | null = null;
      for (const ring of this.#rings) if (ring.bytes > (fullest?.bytes ?? 0)) fullest = ring;
      if (!fullest) return;
      // Half of it at once, so that a full budget is not searched again for every record.
      this.#bytes -= fullest.shrinkTo(Math.min(fullest.bytes - 1, fullest.bytes / 2));
    }
  }
}

/**
 * The newest records of one partition, bounded in bytes. Everything from `start` up to `head` that is in the log is
 * in the ring; below `start` the log itself must be read.
 */
export class Ring {
  readonly maxBytes: number;
  /** The lowest offset from which the ring is complete. */
  start: bigint;
  /** The offset after the last record (or hole) taken. */
  head: bigint;
  readonly #budget: RingBudget | null;
  #records: (FeedRecord | undefined)[] = [];
  #first = 0;
  #bytes = 0;

  constructor(position: bigint, maxBytes: number, budget: RingBudget | null = null) {
    this.start = position;
    this.head = position;
    this.maxBytes = maxBytes;
    this.#budget = budget;
    budget?.add(this);
  }

  /** Bytes held at present. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes the next records, whose offsets are at or past `head`, and evicts from the front what is over the bound. */
  append(records: readonly FeedRecord[], next: bigint): void {
    const before = this.#bytes;
    for (const record of records) {
      if (record.offset < this.head) continue;
      this.#records.push(record);
      this.#bytes += record.weight;
      this.head = record.offset + 1n;
    }
    if (next > this.head) this.head = next;
    this.shrinkTo(this.maxBytes);
    this.#budget?.changed(this.#bytes - before);
  }

  /** Gives up the oldest records until so many bytes are left; returns how many it gave up. */
  shrinkTo(bytes: number): number {
    const before = this.#bytes;
    while (this.#bytes > bytes) this.#evictFirst();
    return before - this.#bytes;
  }

  /** Forgets everything and goes on at the position: the log had a gap. */
  reset(position: bigint): void {
    this.#budget?.changed(-this.#bytes);
    this.#records = [];
    this.#first = 0;
    this.#bytes = 0;
    this.start = position;
    this.head = position;
  }

  /** Gives its share of the budget back; it is not used any more. */
  drop(): void {
    this.#budget?.remove(this);
  }

  /** The records at or past the offset, which must not be below `start`, up to `limit` of them. */
  from(offset: bigint, limit: number): readonly FeedRecord[] {
    const begin = this.#indexOf(offset);
    const found: FeedRecord[] = [];
    for (let index = begin; index < this.#records.length && found.length < limit; index += 1) {
      const record = this.#records[index];
      if (record) found.push(record);
    }
    return found;
  }

  #evictFirst(): void {
    const record = this.#records[this.#first];
    if (!record) return;
    this.#records[this.#first] = undefined;
    this.#first += 1;
    this.#bytes -= record.weight;
    this.start = record.offset + 1n;
    if (this.#first >= compactAfter && this.#first * 2 >= this.#records.length) {
      this.#records = this.#records.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Index of the first record at or past the offset: a binary search, because offsets may have holes. */
  #indexOf(offset: bigint): number {
    let low = this.#first;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const record = this.#records[middle];
      if (record && record.offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
