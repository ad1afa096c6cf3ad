import { messageOf, SluiceError } from '#errors';
import { hasEnded, type JobControl, type JobManager, type ListedJob, type Logger } from '#flink';
import { poll } from './poll.ts';
import type { RestorePoints } from './restore-points.ts';
import { freeStopTrigger } from './stop-trigger.ts';

/** A job of a view, as far as its end needs to know it. */
export interface EndingJob {
  readonly id: string;
  readonly view: string | null;
  readonly hash: string | null;
}

/** How a job was stopped. */
export interface StoppedJob {
  /** The path of its savepoint; null when there is none. */
  readonly savepoint: string | null;
  /** Why there is none, or why the job could not be stopped. */
  readonly error: string | null;
}

/** What a {@link JobEnding} works with. */
export interface JobEndingOptions {
  readonly jobManager: JobManager;
  readonly jobControl: JobControl;
  readonly restorePoints: RestorePoints | null;
  readonly logger: Logger;
}

const endTimeoutMs = 30_000;

/** Ends the jobs of views, in a way that two gateways may do at the same time. */
export class JobEnding {
  readonly #options: JobEndingOptions;

  constructor(options: JobEndingOptions) {
    this.#options = options;
  }

  /**
   * Stops a job with a savepoint; when that fails it runs on. Asking again within some minutes of a stop, here or through
   * another gateway, gives its savepoint. Never rejects; a failure is told to the caller alone.
   */
  async stop({ id: jobId, view, hash }: EndingJob, timeoutMs: number): Promise<StoppedJob> {
    const { jobManager, jobControl, restorePoints, logger } = this.#options;
    const directory = view !== null && hash !== null ? (restorePoints?.savepointDir(view, hash) ?? null) : null;
    try {
      const triggerId = await freeStopTrigger(jobControl, jobId);
      const savepoint = await jobManager.stopWithSavepoint(jobId, { directory, timeoutMs, triggerId });
      logger.info({ view, jobId, savepoint }, 'the job of a view was stopped with a savepoint');
      return { savepoint, error: null };
    } catch (thrown) {
      return { savepoint: null, error: messageOf(thrown) };
    }
  }

  /**
   * Stops a job with a savepoint, or else (a job that is just restarting cannot take one) cancels it: its newest
   * checkpoint remains. Never rejects.
   */
  async stopOrCancel(job: EndingJob, timeoutMs: number): Promise<StoppedJob> {
    const stopped = await this.stop(job, timeoutMs);
    if (stopped.error !== null) await this.cancel(job).catch(() => {});
    return stopped;
  }

  /** Asks for the job's end. One that has ended is no fault. */
  async cancel({ id }: EndingJob): Promise<void> {
    await this.#options.jobManager.cancel(id).catch(ignoreEnded);
  }

  /** Rejects with TIMEOUT when some of the jobs has not ended after half a minute. */
  async untilEnded(jobs: readonly EndingJob[]): Promise<void> {
    if (jobs.length === 0) return;
    const ids = new Set(jobs.map((job) => job.id));
    const isLeft = (job: ListedJob) => ids.has(job.id) && !hasEnded(job);
    const haveEnded = async () => ((await this.#options.jobManager.jobs()).some(isLeft) ? null : true);
    if (!(await poll(haveEnded, endTimeoutMs))) {
      throw new SluiceError('TIMEOUT', `A job that is replaced has not ended within ${endTimeoutMs} ms.`);
    }
  }
}

/** Somebody else has ended it meanwhile (409), or Flink has forgotten it (404). */
function ignoreEnded(thrown: unknown): void {
  if (thrown instanceof SluiceError && (thrown.code === 'NOT_FOUND' || thrown.code === 'FLINK_REFUSED')) return;
  throw thrown;
}
