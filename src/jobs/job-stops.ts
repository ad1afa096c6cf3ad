import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SluiceError } from '#errors';
import { hasEnded, type Job, type JobControl, type JobManager, labels, type Progress } from '#flink';
import { poll } from './poll.ts';
import type { RestorePoints } from './restore-points.ts';
import { freeStopTrigger } from './stop-trigger.ts';

/** How a job is stopped. */
export interface StopRequest {
  /** Whether its windows are closed first, as if the streams had ended: for a job that is not to go on. */
  readonly drain: boolean;
  readonly timeoutMs: number;
}

/** A stop, or another savepoint, that is under way or done. */
export interface Triggered {
  /** By which Flink is asked again; null when the job had ended before. */
  readonly triggerId: string | null;
  readonly progress: Progress;
}

/** What {@link JobStops} works with. */
export interface JobStopsOptions {
  readonly jobManager: JobManager;
  readonly jobControl: JobControl;
  readonly restorePoints: RestorePoints | null;
}

const maxRemembered = 1_000;
/** Flink's answers about the checkpoints of a job are up to three seconds old (web.refresh-interval). */
const staleMs = 3_500;
/** Longer than that a job waits for slots, or fails again and again. */
const longestStartMs = 10_000;
const notAllRun = /Not all required tasks are currently running/;

/** Ends jobs, with or without a savepoint, and knows what an ended job left to go on from. */
export class JobStops {
  readonly #options: JobStopsOptions;
  /** Savepoints with which jobs were stopped here, by job: Flink tells them some seconds later. */
  readonly #savepoints = new Map<string, string>();

  constructor(options: JobStopsOptions) {
    this.#options = options;
  }

  /**
   * Stops a job with a savepoint. One that has ended answers with what it left. Two who stop the same job share one
   * savepoint. After the deadline the answer is IN_PROGRESS: Flink goes on.
   */
  async stop(job: Job, { drain, timeoutMs }: StopRequest): Promise<Triggered> {
    const { jobControl } = this.#options;
    if (hasEnded(job)) return { triggerId: null, progress: await this.#left(job) };
    const stopped = await this.#onceStarted(job, timeoutMs, async () => {
      const triggerId = await freeStopTrigger(jobControl, job.id);
      await jobControl.stop({ jobId: job.id, triggerId, targetDirectory: this.#directoryOf(job) }, drain);
      return triggerId;
    });
    const { progress } = stopped;
    if (progress.state === 'COMPLETED' && progress.savepoint) this.#remember(job.id, progress.savepoint);
    if (progress.state !== 'FAILED') return stopped;
    // It may have ended by itself, or by somebody else, before its turn came.
    const now = await this.#options.jobManager.job(job.id);
    return hasEnded(now) ? { triggerId: null, progress: await this.#left(now) } : stopped;
  }

  /** Takes a savepoint of a job that runs on. */
  async takeSavepoint(job: Job, timeoutMs: number): Promise<Triggered> {
    return await this.#onceStarted(job, timeoutMs, async () => {
      const triggerId = randomUUID().replaceAll('-', '');
      const targetDirectory = this.#directoryOf(job);
      await this.#options.jobControl.triggerSavepoint({ jobId: job.id, triggerId, targetDirectory });
      return triggerId;
    });
  }

  /** Deletes a savepoint. One that is gone already counts as deleted. */
  async dispose(path: string, timeoutMs: number): Promise<Triggered> {
    const { jobControl } = this.#options;
    const triggerId = await jobControl.dispose(path);
    const progress = await this.#settle(() => jobControl.disposalProgress(triggerId), timeoutMs);
    return { triggerId, progress: forgiveMissing(progress) };
  }

  /** Ends the job without a savepoint; whether it has ended in time. */
  async cancel(job: Job, timeoutMs: number): Promise<boolean> {
    if (hasEnded(job)) return true;
    const { jobManager } = this.#options;
    await jobManager.cancel(job.id).catch(ignoreEnded);
    const ended = await poll(async () => (hasEnded(await jobManager.job(job.id)) ? true : null), timeoutMs);
    return ended ?? false;
  }

  /** The newest savepoint or checkpoint of an ended job; null when it left none. */
  async restorePathOf(job: Job): Promise<string | null> {
    const remembered = this.#savepoints.get(job.id);
    if (remembered) return remembered;
    const freshAtMs = Math.min((job.endedAtMs ?? 0) + staleMs, Date.now() + staleMs);
    if (freshAtMs > Date.now()) await sleep(freshAtMs - Date.now());
    return await this.#options.jobManager.newestRestorePath(job.id);
  }

  /** A job that was started this moment cannot take a savepoint before all of its tasks run: it is asked once more then. */
  async #onceStarted(job: Job, timeoutMs: number, trigger: () => Promise<string>): Promise<Triggered> {
    const { jobControl, jobManager } = this.#options;
    const until = Date.now() + timeoutMs;
    for (let attempt = 0; ; attempt += 1) {
      const triggerId = await trigger();
      const leftMs = () => Math.max(until - Date.now(), 0);
      const progress = await this.#settle(() => jobControl.savepointProgress(job.id, triggerId), leftMs());
      const isEarly = progress.state === 'FAILED' && notAllRun.test(progress.error.message);
      if (!isEarly || attempt > 0) return { triggerId, progress };
      const started = await poll(
        async () => {
          const now = await jobManager.job(job.id);
          return hasEnded(now) || now.runningTasks === now.tasks ? now : null;
        },
        Math.min(leftMs(), longestStartMs),
      );
      if (!started) return { triggerId, progress };
    }
  }

  async #left(job: Job): Promise<Progress> {
    return { state: 'COMPLETED', savepoint: job.state === 'FINISHED' ? await this.restorePathOf(job) : null };
  }

  /** The savepoint of a view lies where its next job looks for it. */
  #directoryOf(job: Job): string | null {
    const hash = job.labels[labels.hash];
    if (job.view === null || hash === undefined) return null;
    return this.#options.restorePoints?.savepointDir(job.view, hash) ?? null;
  }

  async #settle(ask: () => Promise<Progress>, timeoutMs: number): Promise<Progress> {
    const settled = await poll(async () => {
      const progress = await ask();
      return progress.state === 'IN_PROGRESS' ? null : progress;
    }, timeoutMs);
    return settled ?? { state: 'IN_PROGRESS' };
  }

  #remember(jobId: string, savepoint: string): void {
    this.#savepoints.set(jobId, savepoint);
    const [oldest] = this.#savepoints.keys();
    if (this.#savepoints.size > maxRemembered && oldest !== undefined) this.#savepoints.delete(oldest);
  }
}

/** A savepoint that is gone has been deleted, whoever did it. */
export function forgiveMissing(progress: Progress): Progress {
  const isGone = progress.state === 'FAILED' && /Cannot find checkpoint or savepoint/.test(progress.error.message);
  return isGone ? { state: 'COMPLETED', savepoint: null } : progress;
}

/** Somebody else has ended it meanwhile (409). */
function ignoreEnded(thrown: unknown): void {
  if (thrown instanceof SluiceError && thrown.code === 'FLINK_REFUSED') return;
  throw thrown;
}
