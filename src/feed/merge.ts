import type { FeedRecord } from './record.ts';

/** A partition's records, in the order of the log, and how many of them are taken already. */
export interface Run {
  readonly partition: number;
  readonly records: readonly FeedRecord[];
  taken: number;
}

/**
 * Takes up to `limit` records from the runs, the oldest timestamp first, and never changes the order within a
 * partition. Advances each run's `taken`. Stops early when a run for which `mayEnd` is false is used up: its next
 * record, still to be read, could be older than those of the others.
 */
export function takeMerged<R extends Run>(
  runs: readonly R[],
  limit: number,
  mayEnd: (run: R) => boolean = () => true,
): FeedRecord[] {
  const merged: FeedRecord[] = [];
  while (merged.length < limit) {
    let oldest: R | undefined;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const run of runs) {
      const record = run.records[run.taken];
      if (!record) {
        if (!mayEnd(run)) return merged;
        continue;
      }
      if (record.timestampMs < oldestMs) {
        oldest = run;
        oldestMs = record.timestampMs;
      }
    }
    const record = oldest?.records[oldest.taken];
    if (!oldest || !record) return merged;
    oldest.taken += 1;
    merged.push(record);
  }
  return merged;
}
