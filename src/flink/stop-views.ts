import { messageOf } from '#errors';
import { hasEnded, type JobManager, type ListedJob } from './job-manager.ts';
import type { Logger } from './options.ts';
import type { RestorePoints } from './restore-points.ts';
import type { ViewRun } from './view-run.ts';

/** How a view's job was stopped. */
export interface StoppedView {
  readonly view: string;
  /** The path of its savepoint; null when there is none. */
  readonly savepoint: string | null;
  /** Why there is none, or why it could not be stopped. */
  readonly error: string | null;
}

/** What is stopped, and how. */
export interface StopViewsOptions {
  readonly runs: readonly ViewRun[];
  readonly jobManager: JobManager;
  readonly restorePoints: RestorePoints | null;
  readonly logger: Logger;
  readonly savepoint: boolean;
  readonly timeoutMs: number;
}

/**
 * Stops the jobs of the views side by side. One whose savepoint fails (a job that is just restarting cannot take one)
 * is cancelled: its newest checkpoint remains.
 */
export async function stopViews(options: StopViewsOptions): Promise<readonly StoppedView[]> {
  let jobs: readonly ListedJob[];
  try {
    jobs = await options.jobManager.jobs();
  } catch (thrown) {
    return options.runs.map((run) => ({ view: run.view.topic, savepoint: null, error: messageOf(thrown) }));
  }
  return await Promise.all(options.runs.flatMap((run) => livingJobs(run, jobs).map((id) => stopJob(run, id, options))));
}

/** What Flink lists is some seconds old: a young job may be missing, or be there without its labels. */
function livingJobs(run: ViewRun, jobs: readonly ListedJob[]): readonly string[] {
  const ids = new Set(run.knownJobId === null ? [] : [run.knownJobId]);
  for (const job of jobs) {
    if (hasEnded(job)) ids.delete(job.id);
    else if (job.view === run.view.topic && job.hash === run.hash) ids.add(job.id);
  }
  return [...ids];
}

async function stopJob(run: ViewRun, jobId: string, options: StopViewsOptions): Promise<StoppedView> {
  const { jobManager, restorePoints, logger, timeoutMs } = options;
  const view = run.view.topic;
  let error: string | null = null;
  if (options.savepoint) {
    try {
      const directory = restorePoints?.savepointDir(view, run.hash) ?? null;
      const savepoint = await jobManager.stopWithSavepoint(jobId, directory, timeoutMs);
      logger.info({ view, jobId, savepoint }, 'the job of a view was stopped with a savepoint');
      return { view, savepoint, error: null };
    } catch (thrown) {
      error = messageOf(thrown);
      logger.warn({ view, jobId, reason: error }, 'no savepoint was taken; the job is cancelled');
    }
  }
  try {
    await jobManager.cancel(jobId);
  } catch (thrown) {
    error ??= messageOf(thrown);
  }
  return { view, savepoint: null, error };
}
