/** A chunk is split in two when it has more keys than that. */
const maxChunk = 1024;

/** Keys in order, by code units. Adding and taking away cost the square root of their number, at most, not all of it. */
export class SortedKeys {
  /** None of them empty. */
  readonly #chunks: string[][] = [];

  constructor(keys: Iterable<string>) {
    const sorted = [...keys].sort();
    for (let at = 0; at < sorted.length; at += maxChunk / 2) this.#chunks.push(sorted.slice(at, at + maxChunk / 2));
  }

  /** Adds a key that is not there yet. */
  add(key: string): void {
    const index = Math.max(0, this.#chunkOf(key));
    const chunk = this.#chunks[index];
    if (!chunk) {
      this.#chunks.push([key]);
      return;
    }
    chunk.splice(countUpTo(chunk, key), 0, key);
    if (chunk.length > maxChunk) this.#chunks.splice(index + 1, 0, chunk.splice(maxChunk / 2));
  }

  delete(key: string): void {
    const index = this.#chunkOf(key);
    const chunk = this.#chunks[index];
    if (!chunk) return;
    const at = countUpTo(chunk, key) - 1;
    if (chunk[at] !== key) return;
    chunk.splice(at, 1);
    if (chunk.length === 0) this.#chunks.splice(index, 1);
  }

  /** The keys after this one, up to the limit, in order; null: from the first on. */
  after(key: string | null, limit: number): readonly string[] {
    const found: string[] = [];
    let index = key === null ? 0 : Math.max(0, this.#chunkOf(key));
    let at = key === null ? 0 : countUpTo(this.#chunks[index] ?? [], key);
    for (; index < this.#chunks.length && found.length < limit; index += 1) {
      const chunk = this.#chunks[index] ?? [];
      found.push(...chunk.slice(at, at + limit - found.length));
      at = 0;
    }
    return found;
  }

  /** The last chunk that begins at or before the key; -1 when all begin after it. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const first = this.#chunks[middle]?.[0];
      if (first !== undefined && first <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** How many of the keys are at or before this one. */
function countUpTo(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = keys[middle];
    if (at !== undefined && at <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}
