import { SluiceError } from '#errors';
import { hasEnded, type Job, type JobControl, type JobManager, type Progress } from '#flink';
import type { SqlPolicy } from '#sql';
import { askOperation, type JobOperation, type OperationKey, toOperation, toOperationId } from './job-operations.ts';
import type { JobRestarts, RestartOrder } from './job-restarts.ts';
import type { JobStops, Triggered } from './job-stops.ts';
import { poll } from './poll.ts';
import { checkParallelism, type StartPoint } from './submission.ts';

/** What came of steering a job so far. */
export interface SteeredJob {
  /** The job as it is now; the new one after a restart; null where none is concerned. */
  readonly job: Job | null;
  /** The savepoint that was written, or started from. */
  readonly savepoint: string | null;
  readonly operation: JobOperation;
  /** What went not as wished, for people. */
  readonly warning: string | null;
}

/** What a {@link JobSteering} works with. */
export interface JobSteeringOptions {
  readonly policy: Pick<SqlPolicy, 'checkSteering'>;
  readonly jobManager: JobManager;
  readonly jobControl: JobControl;
  readonly stops: JobStops;
  readonly restarts: JobRestarts;
  /** Checks a path that a client gives; throws BAD_INPUT. */
  readonly checkPath: (path: string) => Promise<string>;
}

/**
 * Stops, cancels, rescales and restarts jobs, whoever started them, and takes their savepoints. Every call may be
 * repeated. After its deadline it answers with an operation in progress: Flink goes on, and any gateway can ask again.
 * All reject with NOT_ALLOWED where the configuration forbids it, NOT_FOUND for a job that Flink does not know,
 * FLINK_UNAVAILABLE, or FLINK_REFUSED in Flink's words. How an operation stands may be asked everywhere.
 */
export class JobSteering {
  readonly #options: JobSteeringOptions;

  constructor(options: JobSteeringOptions) {
    this.#options = options;
  }

  /** Stops a job with a savepoint. A job that was stopped answers with its savepoint. */
  async stop(id: string, how: { readonly drain: boolean; readonly timeoutMs: number }): Promise<SteeredJob> {
    this.#options.policy.checkSteering('stopJob');
    const job = await this.#options.jobManager.job(id);
    return await this.#toSteered('STOP', job.id, await this.#options.stops.stop(job, how));
  }

  /** Ends a job without a savepoint; its newest checkpoint stays. */
  async cancel(id: string, timeoutMs: number): Promise<SteeredJob> {
    const { policy, jobManager, stops } = this.#options;
    policy.checkSteering('cancelJob');
    const hasGone = await stops.cancel(await jobManager.job(id), timeoutMs);
    const progress: Progress = hasGone ? { state: 'COMPLETED', savepoint: null } : { state: 'IN_PROGRESS' };
    return await this.#toSteered('CANCEL', id, { triggerId: null, progress });
  }

  /** Takes a savepoint of a job that runs on. */
  async triggerSavepoint(id: string, timeoutMs: number): Promise<SteeredJob> {
    const { policy, jobManager, stops } = this.#options;
    policy.checkSteering('triggerSavepoint');
    const job = await jobManager.job(id);
    if (hasEnded(job)) {
      throw new SluiceError('FLINK_REFUSED', `Job ${id} is ${job.state}: only a running job can take a savepoint.`);
    }
    return await this.#toSteered('SAVEPOINT', id, await stops.takeSavepoint(job, timeoutMs));
  }

  /** Deletes a savepoint; one that is gone already counts as deleted. */
  async disposeSavepoint(path: string, timeoutMs: number): Promise<SteeredJob> {
    this.#options.policy.checkSteering('disposeSavepoint');
    const checked = await this.#options.checkPath(path);
    const { triggerId, progress } = await this.#options.stops.dispose(checked, timeoutMs);
    if (progress.state === 'FAILED') throw progress.error;
    const operation = toOperation({ kind: 'DISPOSE', jobId: null, detail: triggerId }, progress);
    return { job: null, savepoint: checked, operation, warning: null };
  }

  /**
   * Changes the parallelism: within the running job where Flink's scheduler is adaptive, otherwise by a stop with a
   * savepoint and a new job that goes on from it. A job that has ended is started again from what it left.
   */
  async rescale(id: string, parallelism: number, timeoutMs: number): Promise<SteeredJob> {
    const { policy, jobManager, jobControl } = this.#options;
    policy.checkSteering('rescaleJob');
    checkParallelism(parallelism);
    const job = await jobManager.job(id);
    if (hasEnded(job) || !(await jobControl.isAdaptive())) {
      return await this.#restart('RESCALE', { job, parallelism, from: { kind: 'latest' }, timeoutMs });
    }
    await jobControl.requireParallelism(id, parallelism);
    return await this.#await({ kind: 'RESCALE', jobId: id, detail: String(parallelism) }, null, timeoutMs);
  }

  /** Starts a job of Sluice's again, from a savepoint, from what it left, or from scratch; a running one is ended first. */
  async restart(id: string, from: StartPoint, timeoutMs: number): Promise<SteeredJob> {
    this.#options.policy.checkSteering('restartJob');
    const job = await this.#options.jobManager.job(id);
    const checked = from.kind === 'savepoint' ? { ...from, path: await this.#options.checkPath(from.path) } : from;
    return await this.#restart('RESTART', { job, parallelism: null, from: checked, timeoutMs });
  }

  /** How far an operation stands now. Rejects with NOT_FOUND when Flink has forgotten it. */
  async operation(id: string): Promise<JobOperation> {
    return await askOperation(id, this.#options);
  }

  async #restart(kind: 'RESCALE' | 'RESTART', order: RestartOrder): Promise<SteeredJob> {
    const until = Date.now() + order.timeoutMs;
    const restarted = await this.#options.restarts.restart(order);
    if (restarted.kind === 'ENDING') return await this.#toSteered(restarted.by, order.job.id, restarted.triggered);
    const { jobId, restoredFrom, warning } = restarted;
    const detail = order.parallelism === null ? null : String(order.parallelism);
    const timeoutMs = Math.max(until - Date.now(), 0);
    return { ...(await this.#await({ kind, jobId, detail }, restoredFrom, timeoutMs)), warning };
  }

  /** Waits until a job runs as it was asked for. One that waits for slots, or fails again and again, never may. */
  async #await(
    key: OperationKey & { readonly jobId: string },
    savepoint: string | null,
    timeoutMs: number,
  ): Promise<SteeredJob> {
    const id = toOperationId(key);
    const settled = await poll(async () => {
      const asked = await askOperation(id, this.#options);
      return asked.state === 'IN_PROGRESS' ? null : asked;
    }, timeoutMs);
    const operation = settled ?? toOperation(key, { state: 'IN_PROGRESS' });
    const job = await this.#options.jobManager.job(key.jobId);
    return { job, savepoint, operation: { ...operation, savepoint }, warning: null };
  }

  async #toSteered(kind: 'STOP' | 'CANCEL' | 'SAVEPOINT', jobId: string, triggered: Triggered): Promise<SteeredJob> {
    const { triggerId: detail, progress } = triggered;
    if (progress.state === 'FAILED') throw progress.error;
    const operation = toOperation({ kind, jobId, detail }, progress);
    return { job: await this.#options.jobManager.job(jobId), savepoint: operation.savepoint, operation, warning: null };
  }
}
