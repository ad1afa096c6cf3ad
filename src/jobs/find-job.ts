import { setTimeout as sleep } from 'node:timers/promises';
import type { JobManager, ListedJob } from '#flink';

/** Longer than Flink keeps the labels of a job to itself. */
export const labelTimeoutMs = 7_000;
const pauseMs = 100;

/** The job as it is listed as soon as that is enough, or last when the time is over; undefined where it is not listed. */
export async function findJob(
  jobManager: Pick<JobManager, 'jobs'>,
  id: string,
  { timeoutMs, isEnough }: { readonly timeoutMs: number; readonly isEnough: (job: ListedJob | undefined) => boolean },
): Promise<ListedJob | undefined> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const job = (await jobManager.jobs()).find((listed) => listed.id === id);
    if (isEnough(job) || Date.now() > until) return job;
    await sleep(pauseMs);
  }
}
