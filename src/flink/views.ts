import { messageOf, SluiceError } from '#errors';
import { isFlinkAway } from './flink-errors.ts';
import type { JobManager, ListedJob } from './job-manager.ts';
import type { Logger } from './options.ts';
import type { RestorePoints } from './restore-points.ts';
import { type StoppedView, stopViews } from './stop-views.ts';
import type { ViewStatus } from './types.ts';
import { planView, type ViewPlan } from './view-plan.ts';
import type { ViewRun } from './view-run.ts';
import type { ViewStarter } from './view-starter.ts';

/** How `stopAll` stops. */
export interface StopOptions {
  /** With a savepoint each, so that they can go on from there; otherwise they are cancelled. */
  readonly savepoint: boolean;
  readonly deadlineMs: number;
}

/** The declared views as a desired state: one job each, kept that way. */
export interface Views {
  /** Where each view stands, in the model's order. From memory. */
  statuses(): readonly ViewStatus[];
  /**
   * Brings about the desired state, and keeps looking after it from then on. Forgets earlier failures. Resolves when
   * each view's job was found, was started or cannot be now; never rejects: what is wrong is in the statuses.
   */
  apply(): Promise<void>;
  /** Stops all views' jobs and looks after them no more, until `apply`. For the way down of a Flink that ends with the gateway. */
  stopAll(options: StopOptions): Promise<readonly StoppedView[]>;
  /** Looks after the jobs no more; they run on. */
  close(): Promise<void>;
}

/** What the views are kept with. */
export interface ViewsOptions {
  readonly runs: readonly ViewRun[];
  readonly jobManager: JobManager;
  readonly starter: ViewStarter;
  readonly restorePoints: RestorePoints | null;
  readonly watchIntervalMs: number;
  readonly retryMaxMs: number;
  readonly logger: Logger;
}

/** While a job is starting, Flink is asked this often. */
const startingIntervalMs = 250;
const firstRetryMs = 500;

type Plan<Action extends ViewPlan['action']> = Extract<ViewPlan, { action: Action }>;

/** Implements {@link Views} with one loop that lists the jobs, compares, and acts where they differ. */
export class ReconciledViews implements Views {
  readonly #options: ViewsOptions;
  #loop: Promise<void> | null = null;
  #isStopped = true;
  #round: Promise<void> = Promise.resolve();
  #wake: () => void = () => {};
  #failedRounds = 0;

  constructor(options: ViewsOptions) {
    this.#options = options;
  }

  statuses(): readonly ViewStatus[] {
    return this.#options.runs.map((run) => run.status);
  }

  async apply(): Promise<void> {
    for (const run of this.#options.runs) run.reset();
    this.#isStopped = false;
    await this.#reconcile();
    this.#loop ??= this.#watch();
    this.#wake();
    await this.#startsUnderWay();
  }

  async stopAll(options: StopOptions): Promise<readonly StoppedView[]> {
    const until = Date.now() + options.deadlineMs;
    await this.#halt();
    await Promise.race([
      this.#startsUnderWay(),
      new Promise((resolve) => setTimeout(resolve, options.deadlineMs).unref()),
    ]);
    const { runs, jobManager, restorePoints, logger } = this.#options;
    const timeoutMs = Math.max(until - Date.now(), 1);
    return await stopViews({ runs, jobManager, restorePoints, logger, savepoint: options.savepoint, timeoutMs });
  }

  async close(): Promise<void> {
    await this.#halt();
  }

  async #halt(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    await this.#loop;
    this.#loop = null;
  }

  async #startsUnderWay(): Promise<void> {
    await Promise.all(this.#options.runs.map((run) => run.starting));
  }

  async #watch(): Promise<void> {
    while (!this.#isStopped) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#pauseMs());
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (!this.#isStopped) await this.#reconcile();
    }
  }

  #pauseMs(): number {
    const { runs, watchIntervalMs, retryMaxMs } = this.#options;
    if (this.#failedRounds > 0) return Math.min(firstRetryMs * 2 ** (this.#failedRounds - 1), retryMaxMs);
    const isStarting = runs.some((run) => run.status.state === 'STARTING');
    return Math.min(isStarting ? startingIntervalMs : watchIntervalMs, watchIntervalMs);
  }

  /** One round at a time: `apply` and the loop must not both start a job. */
  #reconcile(): Promise<void> {
    this.#round = this.#round.then(() => this.#reconcileOnce());
    return this.#round;
  }

  async #reconcileOnce(): Promise<void> {
    const { runs, jobManager, logger } = this.#options;
    const askedAtMs = Date.now();
    let jobs: readonly ListedJob[];
    try {
      jobs = await jobManager.jobs();
    } catch (thrown) {
      if (this.#failedRounds === 0)
        logger.warn({ reason: messageOf(thrown) }, 'Flink does not answer; it is tried again');
      this.#failedRounds += 1;
      for (const run of runs) run.away(messageOf(thrown), 0);
      return;
    }
    if (this.#failedRounds > 0) logger.info({}, 'Flink answers again');
    this.#failedRounds = 0;
    const idle = runs.filter((run) => !run.starting && run.startedAtMs < askedAtMs);
    await Promise.all(idle.map((run) => this.#carryOut(run, jobs)));
  }

  async #carryOut(run: ViewRun, jobs: readonly ListedJob[]): Promise<void> {
    const { topic } = run.view;
    const plan = planView({ view: topic, hash: run.hash, knownJobId: run.knownJobId }, jobs);
    // What is given up here may have been started elsewhere: that much is still looked for.
    if (run.isSettled && plan.action !== 'KEEP') return;
    try {
      switch (plan.action) {
        case 'KEEP':
          return await this.#keep(run, plan);
        case 'WAIT':
          return run.begin();
        case 'LEAVE':
          this.#options.logger.warn(
            { view: topic, reason: plan.reason },
            'a view is left alone until it is applied again',
          );
          return run.settle(plan.reason);
        case 'START':
          return await this.#restart(run, plan);
      }
    } catch (thrown) {
      run.away(messageOf(thrown), 0);
    }
  }

  async #keep(run: ViewRun, { job, surplus }: Plan<'KEEP'>): Promise<void> {
    const { jobManager, logger } = this.#options;
    if (run.knownJobId === null)
      logger.info({ view: run.view.topic, jobId: job.id }, 'the job of a view was found again');
    for (const double of surplus) {
      logger.warn({ view: run.view.topic, jobId: double.id }, 'a second job of a view is cancelled');
      await jobManager.cancel(double.id);
    }
    const isRestarting = job.state === 'RESTARTING' || job.state === 'FAILING';
    run.observe(job, isRestarting ? ((await jobManager.failureOf(job.id)) ?? 'cause unknown') : null, Date.now());
  }

  async #restart(run: ViewRun, plan: Plan<'START'>): Promise<void> {
    if (!run.isDue(Date.now())) return;
    const { jobManager, logger } = this.#options;
    const { predecessor } = plan;
    if (predecessor && predecessor.id === run.knownJobId) {
      const reason = (await jobManager.failureOf(predecessor.id)) ?? 'cause unknown';
      logger.warn({ view: run.view.topic, jobId: predecessor.id, reason }, 'the job of a view has failed');
      // From here on the view is as one that was never started, but for the count of its failures.
      run.knownJobId = null;
      return run.failed(`Its job ${predecessor.id} failed: ${reason}`, Date.now());
    }
    if (run.knownJobId)
      logger.warn({ view: run.view.topic, jobId: run.knownJobId }, 'Flink has lost the job of a view');
    run.begin();
    run.starting = this.#start(run, plan).finally(() => {
      run.starting = null;
      this.#wake();
    });
  }

  /** Not awaited by the round: views start side by side, and a slow one does not keep the others from being watched. */
  async #start(run: ViewRun, { predecessor, replaces }: Plan<'START'>): Promise<void> {
    const { starter, logger, retryMaxMs } = this.#options;
    const { view, hash } = run;
    try {
      const { jobId, restoredFrom, warning } = await starter.start({
        view,
        hash,
        predecessor,
        replaces,
      });
      run.started(jobId, warning);
      logger.info({ view: view.topic, jobId, restoredFrom }, 'the job of a view was started');
    } catch (thrown) {
      const reason = messageOf(thrown);
      if (isFlinkAway(thrown)) return run.away(reason, Date.now() + Math.min(firstRetryMs * 2, retryMaxMs));
      if (thrown instanceof SluiceError && thrown.code === 'SHUTTING_DOWN') return;
      logger.error({ view: view.topic, reason }, 'the job of a view was not started');
      if (thrown instanceof SluiceError && thrown.code === 'SQL_REJECTED') run.settle(reason);
      else run.failed(reason, Date.now());
    }
  }
}
