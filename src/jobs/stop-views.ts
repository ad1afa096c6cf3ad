import { messageOf } from '#errors';
import { hasEnded, type JobManager, type ListedJob } from '#flink';
import type { EndingJob, JobEnding, StoppedJob } from './job-ending.ts';
import type { ViewRun } from './view-run.ts';

/** How a view's job was stopped. */
export interface StoppedView extends StoppedJob {
  readonly view: string;
}

/** What is stopped, and how. */
export interface StopViewsOptions {
  readonly runs: readonly ViewRun[];
  readonly jobManager: JobManager;
  readonly ending: JobEnding;
  readonly savepoint: boolean;
  readonly timeoutMs: number;
}

/** Stops the jobs of the views side by side. */
export async function stopViews(options: StopViewsOptions): Promise<readonly StoppedView[]> {
  let jobs: readonly ListedJob[];
  try {
    jobs = await options.jobManager.jobs();
  } catch (thrown) {
    return options.runs.map((run) => ({ view: run.view.topic, savepoint: null, error: messageOf(thrown) }));
  }
  return await Promise.all(options.runs.flatMap((run) => livingJobs(run, jobs).map((job) => stopJob(job, options))));
}

/** What Flink lists is some seconds old: a young job may be missing, or be there without its labels. */
function livingJobs(run: ViewRun, jobs: readonly ListedJob[]): readonly (EndingJob & { readonly view: string })[] {
  const ids = new Set(run.knownJobId === null ? [] : [run.knownJobId]);
  for (const job of jobs) {
    if (hasEnded(job)) ids.delete(job.id);
    else if (job.view === run.view.topic && job.hash === run.hash) ids.add(job.id);
  }
  return [...ids].map((id) => ({ id, view: run.view.topic, hash: run.hash }));
}

async function stopJob(
  job: EndingJob & { readonly view: string },
  { ending, savepoint, timeoutMs }: StopViewsOptions,
): Promise<StoppedView> {
  if (savepoint) return { view: job.view, ...(await ending.stopOrCancel(job, timeoutMs)) };
  const error = await ending.cancel(job).then(() => null, messageOf);
  return { view: job.view, savepoint: null, error };
}
