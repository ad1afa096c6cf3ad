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
  const stopped = options.runs.flatMap((run) =>
    jobs
      .filter((job) => job.view === run.view.topic && job.hash === run.hash && !hasEnded(job))
      .map((job) => stopJob(run, job, options)),
  );
  return await Promise.all(stopped);
}

async function stopJob(run: ViewRun, job: ListedJob, options: StopViewsOptions): Promise<StoppedView> {
  const { jobManager, restorePoints, logger, timeoutMs } = options;
  const view = run.view.topic;
  let error: string | null = null;
  if (options.savepoint) {
    try {
      const directory = restorePoints?.savepointDir(view, run.hash) ?? null;
      const savepoint = await jobManager.stopWithSavepoint(job.id, directory, timeoutMs);
      logger.info({ view, jobId: job.id, savepoint }, 'the job of a view was stopped with a savepoint');
      return { view, savepoint, error: null };
    } catch (thrown) {
      error = messageOf(thrown);
      logger.warn({ view, jobId: job.id, reason: error }, 'no savepoint was taken; the job is cancelled');
    }
  }
  try {
    await jobManager.cancel(job.id);
  } catch (thrown) {
    error ??= messageOf(thrown);
  }
  return { view, savepoint: null, error };
}
