import { SluiceError } from '#errors';
import type { FeedRecord } from './record.ts';
import { SortedKeys } from './table-keys.ts';

/** Memory of all tables of a gateway together. */
interface TableBudget {
  bytes: number;
  readonly maxBytes: number;
}

/** How large a table may become. */
export interface TableLimits {
  readonly maxRows: number;
  readonly budget: TableBudget;
}

/** Memory that a row takes beside its record: the key as text, a slot in the map, one among the ordered keys. */
const rowOverheadBytes = 160;

/** The key of a record as tables keep it: a character for each byte. */
export function rowKey(key: Buffer): string {
  return key.toString('latin1');
}

/**
 * The present rows of a table: of each key the last record, unless that is a tombstone or does not decode. Within a
 * partition the later offset is the last. A key that lies in two partitions, which happens when partitions were added,
 * has the row with the newest timestamp.
 */
export class TableRows {
  readonly #rows = new Map<string, FeedRecord>();
  readonly #limits: TableLimits;
  #sorted: SortedKeys | null = null;
  #bytes = 0;

  constructor(limits: TableLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Takes the next record and returns the row that it replaces, null when there was none; undefined: it is stale. */
  apply(record: FeedRecord): FeedRecord | null | undefined {
    // Kafka's compaction knows nothing of records without a key either.
    if (!record.key) return null;
    const key = rowKey(record.key);
    const previous = this.#rows.get(key) ?? null;
    if (previous && isNewer(previous, record)) return undefined;
    if (record.node) this.#set(key, record, previous);
    else this.#delete(key, previous);
    return previous;
  }

  /** True for a record whose key has a newer row in another partition. */
  isStale(record: FeedRecord): boolean {
    const row = record.key && this.#rows.get(rowKey(record.key));
    return row ? isNewer(row, record) : false;
  }

  /** Gives its memory back; it is not used any more. */
  drop(): void {
    this.#charge(-this.#bytes);
  }

  get(key: string): FeedRecord | undefined {
    return this.#rows.get(key);
  }

  /** Rows with their keys, in no order; rows may change while it runs, and one that is replaced may come twice. */
  entries(): IterableIterator<[string, FeedRecord]> {
    return this.#rows.entries();
  }

  /** The keys after this one, in order, up to the limit; null: from the first on. */
  keysAfter(key: string | null, limit: number): readonly string[] {
    this.#sorted ??= new SortedKeys(this.#rows.keys());
    return this.#sorted.after(key, limit);
  }

  /** Throws TABLE_TOO_LARGE when the limits are passed. */
  check(topic: string): void {
    const { maxRows, budget } = this.#limits;
    const isMany = this.#rows.size > maxRows;
    if (!isMany && budget.bytes <= budget.maxBytes) return;
    const why = isMany
      ? `it has more than ${maxRows} rows`
      : `the tables in use take more than ${budget.maxBytes} bytes of memory`;
    throw new SluiceError(
      'TABLE_TOO_LARGE',
      `The table "${topic}" is too large for this gateway to keep: ${why}. Its changes can be followed with "from".`,
    );
  }

  #set(key: string, record: FeedRecord, previous: FeedRecord | null): void {
    if (!previous) this.#sorted?.add(key);
    this.#rows.set(key, record);
    this.#charge(costOf(record) - (previous ? costOf(previous) : 0));
  }

  #delete(key: string, previous: FeedRecord | null): void {
    if (!previous) return;
    this.#rows.delete(key);
    this.#sorted?.delete(key);
    this.#charge(-costOf(previous));
  }

  #charge(bytes: number): void {
    this.#bytes += bytes;
    this.#limits.budget.bytes += bytes;
  }
}

function isNewer(known: FeedRecord, record: FeedRecord): boolean {
  return known.partition !== record.partition && known.timestampMs > record.timestampMs;
}

function costOf(record: FeedRecord): number {
  return record.weight + (record.key?.length ?? 0) + rowOverheadBytes;
}
