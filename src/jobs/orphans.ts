import { hasEnded, type ListedJob } from '#flink';
import type { View } from '#model';

/** The living jobs of views that are declared no more (or are another gateway's). */
export function orphansAmong(jobs: readonly ListedJob[], declared: readonly View[]): readonly ListedJob[] {
  const topics = new Set(declared.map(({ topic }) => topic));
  return jobs.filter((job) => job.view !== null && !topics.has(job.view) && !hasEnded(job));
}
