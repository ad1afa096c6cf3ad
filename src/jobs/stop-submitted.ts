import { messageOf } from '#errors';
import { hasEnded, type JobManager, type ListedJob, type Logger, labels } from '#flink';
import type { JobStops } from './job-stops.ts';

/** What {@link stopSubmitted} works with. */
export interface StopSubmittedOptions {
  readonly jobManager: JobManager;
  readonly stops: Pick<JobStops, 'stop'>;
  readonly logger: Logger;
}

/** A job that was stopped, and its savepoint; null with the reason when it left none. */
export interface StoppedSubmission {
  readonly name: string;
  readonly savepoint: string | null;
  readonly error: string | null;
}

/**
 * Stops the jobs that clients submitted, each with a savepoint, and tells in the log how to go on from it: for a Flink
 * that ends, and that nobody remembers them for. Never rejects.
 */
export async function stopSubmitted(
  timeoutMs: number,
  options: StopSubmittedOptions,
): Promise<readonly StoppedSubmission[]> {
  const jobs = await options.jobManager.jobs().catch(() => []);
  const submitted = jobs.filter((job) => job.labels[labels.job] !== undefined && !hasEnded(job));
  return await Promise.all(submitted.map((job) => stopOne(job, timeoutMs, options)));
}

async function stopOne(job: ListedJob, timeoutMs: number, { stops, logger }: StopSubmittedOptions) {
  const stopped = { name: job.name, ...(await takeSavepoint(job, timeoutMs, stops)) };
  const { savepoint, error: reason } = stopped;
  const facts = { job: job.name, jobId: job.id, ...(savepoint === null ? { reason } : { savepoint }) };
  const how =
    savepoint === null
      ? 'a submitted job ends with Flink, and left no savepoint'
      : 'a submitted job ends with Flink; submitJob with startFrom: { savepoint } goes on from there';
  logger.warn(facts, how);
  return stopped;
}

async function takeSavepoint(
  job: ListedJob,
  timeoutMs: number,
  stops: StopSubmittedOptions['stops'],
): Promise<Omit<StoppedSubmission, 'name'>> {
  // It could not take one yet, and has nothing to keep as a rule: it is not waited for.
  if (job.runningTasks < job.tasks || job.tasks === 0) return { savepoint: null, error: 'Not all of its tasks run.' };
  try {
    const { progress } = await stops.stop(job, { drain: false, timeoutMs });
    if (progress.state === 'COMPLETED') return { savepoint: progress.savepoint, error: null };
    if (progress.state === 'FAILED') return { savepoint: null, error: progress.error.message };
    return { savepoint: null, error: `It was not written within ${timeoutMs} ms.` };
  } catch (thrown) {
    return { savepoint: null, error: messageOf(thrown) };
  }
}
