import { setImmediate as turn } from 'node:timers/promises';
import type { PageLimit } from './merge.ts';
import type { RecordFilter } from './page.ts';
import type { FeedRecord } from './record.ts';
import type { RowOrder, SortedRow } from './table-order.ts';
import type { TableRows } from './table-rows.ts';

/** So many rows are looked at before others get their turn. */
const rowsATurn = 5000;

/** What is wanted of a table's rows. */
export interface ScanRequest {
  readonly filter: RecordFilter | null;
  readonly limit: PageLimit;
  readonly signal: AbortSignal;
}

/** Rows that were found. */
export interface ScannedRows {
  readonly records: readonly FeedRecord[];
  /** Key of the last row that was looked at; null when it was none. */
  readonly lastKey: string | null;
  /** No row that fits is left. */
  readonly isThrough: boolean;
}

/** The rows after a key that fit, in the order of the keys. An abort ends it with what was found until then. */
export async function scanByKey(rows: TableRows, after: string | null, request: ScanRequest): Promise<ScannedRows> {
  const { filter, limit, signal } = request;
  const records: FeedRecord[] = [];
  let bytes = 0;
  let lastKey = after;
  let looked = 0;
  const isFull = () => records.length >= limit.records || bytes >= limit.bytes;
  for (;;) {
    // A page that is full looks ahead: only a further row that fits makes a further page.
    const keys = rows.keysAfter(lastKey, Math.min(limit.records + 1, rowsATurn));
    if (keys.length === 0) return { records, lastKey, isThrough: true };
    for (const key of keys) {
      looked += 1;
      const record = rows.get(key);
      const fits = record && (!filter || filter(record));
      if (fits && isFull()) return { records, lastKey, isThrough: false };
      lastKey = key;
      if (!fits) continue;
      records.push(record);
      bytes += record.weight;
    }
    if (looked < rowsATurn) continue;
    looked = 0;
    await turn();
    if (signal.aborted) return { records, lastKey, isThrough: false };
  }
}

/** A row with what decides its place. */
export interface PlacedRow extends SortedRow {
  readonly record: FeedRecord;
}

/** The first rows after a place that fit, in that order; null when the signal aborted before all were looked at. */
export async function scanInOrder(
  rows: TableRows,
  { order, after }: { readonly order: RowOrder; readonly after: SortedRow | null },
  { filter, limit, signal }: ScanRequest,
): Promise<readonly PlacedRow[] | null> {
  let best: PlacedRow[] = [];
  let worst: PlacedRow | undefined;
  let looked = 0;
  for (const [key, record] of rows.entries()) {
    looked += 1;
    if (looked % rowsATurn === 0) {
      await turn();
      if (signal.aborted) return null;
    }
    if (filter && !filter(record)) continue;
    const row = { key, record, values: order.valuesOf(record) };
    if (after && order.compare(row, after) <= 0) continue;
    if (worst && order.compare(row, worst) > 0) continue;
    best.push(row);
    if (best.length < 2 * limit.records) continue;
    best = firstOf(best, order, limit.records);
    worst = best.at(-1);
  }
  return firstOf(best, order, limit.records);
}

function firstOf(rows: readonly PlacedRow[], order: RowOrder, count: number): PlacedRow[] {
  // A row that was replaced while the scan ran may be there twice: the later one counts.
  const unique = [...new Map(rows.map((row) => [row.key, row])).values()];
  return unique.sort(order.compare).slice(0, count);
}
