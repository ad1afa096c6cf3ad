import { SluiceError } from '#errors';
import { hasEnded, type Job, type JobManager, type ListedJob, labels } from '#flink';
import { findJob, labelTimeoutMs } from './find-job.ts';
import type { JobStarts } from './job-starts.ts';
import type { JobStops, Triggered } from './job-stops.ts';
import { type StartPoint, toDefinition } from './submission.ts';
import { conflict, jobsNamed } from './submission-plan.ts';
import type { ViewRestarts } from './view-restarts.ts';

/** A job that is to run again, otherwise. */
export interface RestartOrder {
  readonly job: Job;
  /** Null: as it was. */
  readonly parallelism: number | null;
  readonly from: StartPoint;
  readonly timeoutMs: number;
}

/** What came of a {@link RestartOrder}. */
export type Restarted =
  /** The job has not ended yet; the same order given again goes on from there. */
  | { readonly kind: 'ENDING'; readonly by: 'STOP' | 'CANCEL'; readonly triggered: Triggered }
  | {
      readonly kind: 'RUNS';
      readonly jobId: string;
      readonly restoredFrom: string | null;
      readonly warning: string | null;
    };

/** What {@link JobRestarts} works with. */
export interface JobRestartsOptions {
  readonly jobManager: JobManager;
  readonly stops: JobStops;
  readonly starts: JobStarts;
  readonly views: ViewRestarts;
}

/** Ends jobs of Sluice's and starts them again, exactly once however often the order comes. */
export class JobRestarts {
  readonly #options: JobRestartsOptions;

  constructor(options: JobRestartsOptions) {
    this.#options = options;
  }

  /**
   * Rejects with BAD_INPUT for a job whose SQL is not known here, CONFLICT when another job has its name meanwhile,
   * NOT_FOUND when it left nothing to go on from, or as `JobStarts.start` does.
   */
  async restart(asked: RestartOrder): Promise<Restarted> {
    const { jobManager } = this.#options;
    const order = { ...asked, job: await this.#told(asked.job) };
    const kin = this.#kinOf(order.job, await jobManager.jobs());
    const living = kin.find((job) => !hasEnded(job));
    if (living && living.id !== order.job.id) {
      if (living.hash !== order.job.labels[labels.hash])
        throw conflict(living, 'Its name belongs now to', 'Stop that job first.');
      const isAsked = order.parallelism === null || living.labels[labels.parallelism] === String(order.parallelism);
      if (isAsked) return { kind: 'RUNS', jobId: living.id, restoredFrom: null, warning: null };
    }
    const job = living ?? order.job;
    await this.#check(job);
    const ended = await this.#end(job, order);
    if ('kind' in ended) return ended;
    return await this.#start(job, { ...order, ...ended, predecessor: kin[0] ?? null });
  }

  /** The job with its labels: for some seconds Flink may not tell those of one that another gateway has started. */
  async #told(job: Job): Promise<Job> {
    if (Object.keys(job.labels).length > 0) return job;
    const isEnough = (listed: ListedJob | undefined) => !listed?.isYoung;
    return (await findJob(this.#options.jobManager, job.id, { timeoutMs: labelTimeoutMs, isEnough })) ?? job;
  }

  /** The jobs of the same name or view, newest first. */
  #kinOf(job: Job, jobs: readonly ListedJob[]): readonly ListedJob[] {
    const name = job.labels[labels.job];
    if (name !== undefined) return jobsNamed(name, jobs);
    if (job.view !== null) return jobs.filter(({ view }) => view === job.view);
    const message = `Job ${job.id} was not started by Sluice: its SQL is not known. Submit it by submitJob.`;
    throw new SluiceError('BAD_INPUT', message);
  }

  /** What cannot start again is not ended. */
  async #check(job: Job): Promise<void> {
    const definition = toDefinition(job.labels);
    if (definition) await this.#options.starts.compile(definition);
    else this.#options.views.check(job);
  }

  async #end(
    job: Job,
    { from, timeoutMs }: RestartOrder,
  ): Promise<Extract<Restarted, { kind: 'ENDING' }> | { readonly restorePath: string | null }> {
    const { stops } = this.#options;
    if (from.kind === 'latest' && !hasEnded(job)) {
      const triggered = await stops.stop(job, { drain: false, timeoutMs });
      const { progress } = triggered;
      if (progress.state === 'FAILED') throw progress.error;
      return progress.state === 'IN_PROGRESS'
        ? { kind: 'ENDING', by: 'STOP', triggered }
        : { restorePath: progress.savepoint };
    }
    if (!(await stops.cancel(job, timeoutMs))) {
      return { kind: 'ENDING', by: 'CANCEL', triggered: { triggerId: null, progress: { state: 'IN_PROGRESS' } } };
    }
    if (from.kind === 'scratch') return { restorePath: null };
    if (from.kind === 'savepoint') return { restorePath: from.path };
    const restorePath = await stops.restorePathOf(job);
    if (restorePath !== null) return { restorePath };
    const message = `Job ${job.id} left no checkpoint or savepoint. Restart it "from: { scratch: true }".`;
    throw new SluiceError('NOT_FOUND', message);
  }

  async #start(
    job: Job,
    order: RestartOrder & { readonly restorePath: string | null; readonly predecessor: ListedJob | null },
  ): Promise<Restarted> {
    const { restorePath, predecessor } = order;
    const definition = toDefinition(job.labels);
    if (!definition) return { kind: 'RUNS', ...(await this.#options.views.restart(job, order)) };
    const started = await this.#options.starts.start({
      definition: { ...definition, parallelism: order.parallelism ?? definition.parallelism },
      hash: job.labels[labels.hash] ?? '',
      idempotencyKey: job.labels[labels.key] ?? null,
      predecessor,
      restorePath,
      mayStartAfresh: false,
    });
    return { kind: 'RUNS', jobId: started.job.id, restoredFrom: started.restoredFrom, warning: started.warning };
  }
}
