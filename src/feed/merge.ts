import type { FeedRecord } from './record.ts';

/** A partition's records, in the order of the log, and how many of them are taken already. */
export interface Run {
  readonly partition: number;
  readonly records: readonly FeedRecord[];
  taken: number;
}

/** How much one page may hold; one record that is larger than `bytes` still comes. */
export interface PageLimit {
  readonly records: number;
  readonly bytes: number;
}

/**
 * Takes records from the runs up to the limit, the oldest timestamp first, and never changes the order within a
 * partition. Advances each run's `taken`. Stops early when a run for which `mayEnd` is false is used up: its next
 * record, still to be read, could be older than those of the others.
 */
export function takeMerged<R extends Run>(
  runs: readonly R[],
  limit: PageLimit,
  mayEnd: (run: R) => boolean = () => true,
): FeedRecord[] {
  const merged: FeedRecord[] = [];
  let bytes = 0;
  while (merged.length < limit.records && bytes < limit.bytes) {
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
    bytes += record.weight;
    merged.push(record);
  }
  return merged;
}

/** Puts records of several partitions in the order of their timestamps; within a partition their order stays. */
export function mergeByTime(records: readonly FeedRecord[]): readonly FeedRecord[] {
  let lastMs = Number.NEGATIVE_INFINITY;
  const isOrdered = records.every(({ timestampMs }) => {
    const follows = timestampMs >= lastMs;
    lastMs = timestampMs;
    return follows;
  });
  if (isOrdered) return records;
  const runs = [...Map.groupBy(records, ({ partition }) => partition)].map(([partition, run]) => ({
    partition,
    records: run,
    taken: 0,
  }));
  return takeMerged(runs, { records: records.length, bytes: Number.POSITIVE_INFINITY });
}
