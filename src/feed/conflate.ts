import type { PageLimit } from './merge.ts';
import { joinGaps } from './page.ts';
import type { Reader } from './reader.ts';
import { type FeedRecord, toLasting } from './record.ts';
import type { Gap } from './start.ts';
import { type RecordSelect, selectFrom } from './table-select.ts';

/** What was left of a backlog. */
export interface Conflated {
  /** The newest record of each key; of records without a key the newest one. In the order of the log. */
  readonly records: readonly FeedRecord[];
  /** How many older ones were left out. */
  readonly leftOut: number;
  readonly gap: Gap | null;
}

/** Reads on up to the live end and keeps the newest record of each key, as many keys as fit into the limit. */
export async function conflate(
  reader: Reader,
  options: { readonly select: RecordSelect | null; readonly limit: PageLimit; readonly signal: AbortSignal },
): Promise<Conflated> {
  const { select, limit, signal } = options;
  const newest = new Map<string, FeedRecord>();
  let bytes = 0;
  let leftOut = 0;
  let gap: Gap | null = null;
  while (!reader.isAtEnd && !signal.aborted && newest.size < limit.records && bytes < limit.bytes) {
    const taken = await reader.take({ records: limit.records - newest.size, bytes: limit.bytes }, signal);
    gap = joinGaps(gap, taken.gaps);
    for (const record of selectFrom(taken.records, select)) {
      const key = record.key?.toString('latin1') ?? '';
      const older = newest.get(key);
      if (older) {
        leftOut += 1;
        bytes -= older.weight;
        newest.delete(key);
      }
      newest.set(key, toLasting(record));
      bytes += record.weight;
    }
  }
  if (leftOut > 0) gap ??= { reason: 'CONFLATED', missed: BigInt(leftOut) };
  return { records: [...newest.values()], leftOut, gap };
}
