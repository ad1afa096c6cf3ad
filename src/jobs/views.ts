import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, SluiceError } from '#errors';
import type { JobManager, ListedJob, Logger } from '#flink';
import type { SqlPolicy } from '#sql';
import type { JobEnding } from './job-ending.ts';
import type { JobsOptions } from './options.ts';
import { orphansAmong } from './orphans.ts';
import { type StoppedView, stopViews } from './stop-views.ts';
import type { ViewDemand } from './view-demand.ts';
import type { ViewKeeper } from './view-keeper.ts';
import type { PlannedView, ViewOutlook } from './view-outlook.ts';
import type { ViewRun } from './view-run.ts';
import type { ViewStatus } from './view-status.ts';

/** How `stopAll` stops. */
export interface StopOptions {
  /** With a savepoint each, so that they can go on from there; otherwise they are cancelled. */
  readonly savepoint: boolean;
  readonly deadlineMs: number;
}

/** How `apply` goes about it. */
export interface ApplyOptions {
  /** Jobs of views that are not declared are stopped with a savepoint. */
  readonly stopOrphans: boolean;
}

/** The declared views as a desired state: one job each, kept that way. */
export interface Views {
  /** Where each view stands, in the model's order. From memory. */
  statuses(): readonly ViewStatus[];
  /**
   * Does at the start of the gateway what the settings say: applies the views, only checks them, or nothing. Resolves
   * when that is done as far as it can be now. Never rejects: what is wrong is in the statuses and in the log.
   */
  start(): Promise<void>;
  /** Tells what `apply` would do, and changes nothing. Rejects with FLINK_UNAVAILABLE. */
  plan(): Promise<readonly PlannedView[]>;
  /**
   * Brings about the desired state, and keeps looking after it from then on. Forgets earlier failures, and what others
   * did to the jobs. Resolves when each view's job was found, was started or cannot be now; what is wrong is in the
   * lines. Rejects with FLINK_UNAVAILABLE when Flink does not answer; it is then done as soon as Flink does; and with
   * NOT_ALLOWED where clients may not stop the jobs that are no declared view's.
   */
  apply(options?: ApplyOptions): Promise<readonly PlannedView[]>;
  /**
   * Tells that somebody subscribes to the topic, until the function given back is called: the job of an on-demand
   * view runs meanwhile, and those of the on-demand views that it is computed from. Other topics: nothing happens.
   */
  hold(topic: string): () => void;
  /** Stops all views' jobs and looks after them no more, until `apply`. For the way down of a Flink that ends with the gateway. */
  stopAll(options: StopOptions): Promise<readonly StoppedView[]>;
  /** Looks after the jobs no more; they run on. */
  close(): Promise<void>;
}

/** What the views are kept with. */
export interface ViewsOptions {
  readonly settings: Pick<JobsOptions, 'watchIntervalMs' | 'retryMaxMs' | 'savepointTimeoutMs' | 'viewsMode'>;
  readonly policy: Pick<SqlPolicy, 'checkSteering'>;
  readonly runs: readonly ViewRun[];
  readonly jobManager: JobManager;
  readonly keeper: ViewKeeper;
  readonly outlook: ViewOutlook;
  readonly ending: JobEnding;
  readonly demand: ViewDemand;
  readonly logger: Logger;
}

/** While a job is starting, Flink is asked this often. */
const startingIntervalMs = 250;
const firstRetryMs = 500;
/** How long a job that is just being submitted is waited for before all are stopped. */
const submissionMs = 3_000;
const offReason = 'It is not started, because SLUICE_VIEWS is "off". The mutation applyViews starts it.';

/** Implements {@link Views} with one loop that lists the jobs, compares, and acts where they differ. */
export class ReconciledViews implements Views {
  readonly #options: ViewsOptions;
  #loop: Promise<void> | null = null;
  #isStopped = true;
  /** Whether the loop acts; otherwise it only watches. */
  #isApplied = false;
  #isReported = false;
  /** Whether there can be a job of this gateway's own. */
  #wasTaken = false;
  readonly #toldOrphans = new Set<string>();
  #round: Promise<void> = Promise.resolve();
  #starts = new AbortController();
  #wake: () => void = () => {};
  #failedRounds = 0;

  constructor(options: ViewsOptions) {
    this.#options = options;
  }

  statuses(): readonly ViewStatus[] {
    return this.#options.runs.map((run) => run.status);
  }

  hold(topic: string): () => void {
    return this.#options.demand.hold(topic);
  }

  /** Looks at the jobs at once, rather than at the next turn. */
  wake(): void {
    this.#wake();
  }

  async start(): Promise<void> {
    const { runs, settings } = this.#options;
    if (settings.viewsMode === 'off') for (const run of runs) run.pending(offReason);
    else await this.#take(settings.viewsMode === 'apply');
  }

  async plan(): Promise<readonly PlannedView[]> {
    return await this.#options.outlook.plan(await this.#options.jobManager.jobs());
  }

  async apply({ stopOrphans }: ApplyOptions = { stopOrphans: false }): Promise<readonly PlannedView[]> {
    if (stopOrphans) this.#options.policy.checkSteering('applyViews(stopOrphans: true)');
    const planned = this.plan();
    // Also without a plan the views are wanted from now on.
    await planned.catch(() => {});
    await this.#take(true);
    return await Promise.all((await planned).map((line) => this.#toOutcome(line, stopOrphans)));
  }

  async stopAll(options: StopOptions): Promise<readonly StoppedView[]> {
    const until = Date.now() + options.deadlineMs;
    const halted = this.#halt().then(() => this.#workUnderWay());
    if (!this.#wasTaken) return [];
    await Promise.race([halted, sleep(Math.min(submissionMs, options.deadlineMs), undefined, { ref: false })]);
    const { runs, jobManager, ending, logger } = this.#options;
    const timeoutMs = Math.max(until - Date.now(), 1);
    const stopped = await stopViews({ runs, jobManager, ending, savepoint: options.savepoint, timeoutMs });
    const unsaved = stopped.filter(({ error }) => error !== null);
    if (unsaved.length > 0) {
      const facts = { views: unsaved.map(({ view }) => view).join(', '), reason: unsaved[0]?.error };
      logger.warn(facts, 'views that left no savepoint go on from their newest checkpoint, or as they were started');
    }
    return stopped;
  }

  async close(): Promise<void> {
    await this.#halt();
  }

  async #take(isApplied: boolean): Promise<void> {
    for (const run of this.#options.runs) run.reset();
    this.#isApplied = isApplied;
    this.#isStopped = false;
    if (this.#starts.signal.aborted) this.#starts = new AbortController();
    this.#wasTaken = true;
    if (isApplied) this.#options.demand.reset();
    await this.#reconcile();
    this.#loop ??= this.#watch();
    this.#wake();
    await this.#workUnderWay();
  }

  /** What has become of a line of the plan. */
  async #toOutcome(line: PlannedView, stopOrphans: boolean): Promise<PlannedView> {
    const { runs, ending, settings } = this.#options;
    const run = runs.find(({ view }) => view.topic === line.view);
    if (!run) {
      if (!stopOrphans || line.jobId === null) return line;
      const orphan = { id: line.jobId, view: null, hash: null };
      return { ...line, action: 'STOP', ...(await ending.stop(orphan, settings.savepointTimeoutMs)) };
    }
    const { state, jobId, error } = run.status;
    if (state === 'FAILED' || state === 'FLINK_UNAVAILABLE' || state === 'PENDING')
      return { ...line, error: error ?? line.error };
    const outlook = run.lastStart?.outlook;
    return {
      ...line,
      jobId: jobId ?? line.jobId,
      error: null,
      ...(outlook && { state: outlook.state, stateReason: outlook.reason }),
    };
  }

  async #halt(): Promise<void> {
    this.#isStopped = true;
    this.#starts.abort(new SluiceError('SHUTTING_DOWN', 'The views are looked after no more.'));
    this.#options.demand.close();
    this.#wake();
    await this.#loop;
    this.#loop = null;
    await this.#round;
  }

  async #workUnderWay(): Promise<void> {
    await Promise.all(this.#options.runs.map((run) => run.underWay));
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
    const { runs, settings } = this.#options;
    const { watchIntervalMs, retryMaxMs } = settings;
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
    const { runs, jobManager, keeper, logger } = this.#options;
    const askedAtMs = performance.now();
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
    if (this.#isStopped) return;
    if (this.#failedRounds > 0) logger.info({}, 'Flink answers again');
    this.#failedRounds = 0;
    this.#tellOrphans(jobs);
    const free = runs.filter((run) => !run.underWay && run.startedAtMs < askedAtMs);
    const { signal } = this.#starts;
    await Promise.all(free.map((run) => (this.#isApplied ? keeper.step(run, jobs, signal) : keeper.watch(run, jobs))));
    if (!this.#isApplied) await this.#report(jobs);
  }

  #tellOrphans(jobs: readonly ListedJob[]): void {
    const { runs, logger } = this.#options;
    const declared = runs.map(({ view }) => view);
    for (const { id: jobId, view } of orphansAmong(jobs, declared)) {
      if (this.#toldOrphans.has(jobId)) continue;
      this.#toldOrphans.add(jobId);
      logger.warn(
        { view, jobId },
        'a job computes a view that is not declared; applyViews(stopOrphans: true) stops it',
      );
    }
  }

  /** Tells once what applying would do. */
  async #report(jobs: readonly ListedJob[]): Promise<void> {
    if (this.#isReported) return;
    this.#isReported = true;
    const { outlook, logger } = this.#options;
    for (const { view, action, reason, state, stateReason, error } of await outlook.plan(jobs)) {
      const facts = { view, action, reason, state, stateReason, error };
      if (action !== 'KEEP' && action !== 'IDLE') logger.warn(facts, 'a view is not as declared, and left as it is');
    }
  }
}
