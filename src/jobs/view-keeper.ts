import { messageOf, SluiceError } from '#errors';
import { isFlinkAway, type JobManager, type ListedJob, type Logger } from '#flink';
import type { EndingJob, JobEnding } from './job-ending.ts';
import type { ViewDemand } from './view-demand.ts';
import { planView, type ViewPlan } from './view-plan.ts';
import type { ViewRun } from './view-run.ts';
import type { ViewStarter } from './view-starter.ts';

/** What a {@link ViewKeeper} works with. */
export interface ViewKeeperOptions {
  readonly jobManager: JobManager;
  readonly starter: ViewStarter;
  readonly ending: JobEnding;
  readonly demand: ViewDemand;
  readonly savepointTimeoutMs: number;
  readonly logger: Logger;
  /** Called when a start or a stop has come to its end. */
  readonly onDone: () => void;
}

type Plan<Action extends ViewPlan['action']> = Extract<ViewPlan, { action: Action }>;

interface Restart extends Plan<'START'> {
  readonly jobs: readonly ListedJob[];
  readonly signal: AbortSignal;
}

/** Before a start is tried again that Flink was not there for. */
const awayPauseMs = 1_000;
/** Before a job that is not listed is taken for lost. */
const missingPauseMs = 1_000;
/** How long a gateway waits before it starts a view again that another one has stopped for want of readers. */
const stoppedPauseMs = 3_000;

/** Brings one view a step nearer to what it shall be: keeps, starts or stops its job. */
export class ViewKeeper {
  readonly #options: ViewKeeperOptions;

  constructor(options: ViewKeeperOptions) {
    this.#options = options;
  }

  /**
   * Acts on what the job list says of the view. Starts and stops are under way when it resolves; the signal gives up
   * starts. Never rejects.
   */
  async step(run: ViewRun, jobs: readonly ListedJob[], signal: AbortSignal): Promise<void> {
    const plan = this.#plan(run, jobs);
    // What is given up here may have been started elsewhere: that much is still looked for.
    if (run.isSettled && plan.action !== 'KEEP') return;
    try {
      switch (plan.action) {
        case 'KEEP':
          await this.#observe(run, plan);
          return await this.#keep(run, plan);
        case 'WAIT':
          return run.begin();
        case 'IDLE':
          return this.#idle(run, plan);
        case 'LEAVE':
          this.#options.logger.warn(
            { view: run.view.topic, reason: plan.reason },
            'a view is left alone until it is applied again',
          );
          return run.settle(plan.reason);
        case 'START':
          return await this.#restart(run, { ...plan, jobs, signal });
      }
    } catch (thrown) {
      run.away(messageOf(thrown), 0);
    }
  }

  /** Takes over what the job list says of the view, and lets it be as it is. Never rejects. */
  async watch(run: ViewRun, jobs: readonly ListedJob[]): Promise<void> {
    const plan = this.#plan(run, jobs);
    try {
      if (plan.action === 'KEEP') await this.#observe(run, plan);
      else run.pending('It is not started, because SLUICE_VIEWS is "check". The mutation applyViews starts it.');
    } catch (thrown) {
      run.away(messageOf(thrown), 0);
    }
  }

  #plan(run: ViewRun, jobs: readonly ListedJob[]): ViewPlan {
    const { topic } = run.view;
    const isWanted = this.#options.demand.isWanted(topic);
    return planView({ view: topic, hash: run.hash, knownJobId: run.knownJobId, run: run.view.run, isWanted }, jobs);
  }

  async #observe(run: ViewRun, { job }: Plan<'KEEP'>): Promise<void> {
    const { jobManager, logger } = this.#options;
    if (run.knownJobId === null)
      logger.info({ view: run.view.topic, jobId: job.id }, 'the job of a view was found again');
    const isRestarting = job.state === 'RESTARTING' || job.state === 'FAILING';
    run.observe(job, isRestarting ? ((await jobManager.failureOf(job.id)) ?? 'cause unknown') : null, Date.now());
  }

  async #keep(run: ViewRun, { job, surplus }: Plan<'KEEP'>): Promise<void> {
    const { ending, demand, logger } = this.#options;
    for (const double of surplus) {
      logger.warn({ view: run.view.topic, jobId: double.id }, 'a second job of a view is cancelled');
      await ending.cancel(double);
    }
    if (demand.isOver(run.view.topic)) this.#stop(run, [{ id: job.id, view: run.view.topic, hash: run.hash }]);
  }

  #idle(run: ViewRun, { others }: Plan<'IDLE'>): void {
    const { demand } = this.#options;
    if (others.length > 0 && demand.isOver(run.view.topic)) {
      this.#stop(run, others);
    } else {
      demand.settle(run.view.topic);
      run.idle();
    }
  }

  async #restart(run: ViewRun, plan: Restart): Promise<void> {
    if (!run.isDue(Date.now())) return;
    const { jobManager, logger } = this.#options;
    const { knownJobId, view } = run;
    const known = plan.jobs.find(({ id }) => id === knownJobId);
    if (knownJobId !== null && !known) {
      if (run.missingJobId !== knownJobId) {
        // For a moment Flink may not list a job that is just ending.
        run.missingJobId = knownJobId;
        return run.pause(Date.now() + missingPauseMs);
      }
      logger.warn({ view: view.topic, jobId: knownJobId }, 'Flink has lost the job of a view');
    }
    // From here on the view is as one that was never started, but for the count of its failures.
    run.knownJobId = null;
    if (known?.state === 'FINISHED') {
      logger.info({ view: view.topic, jobId: known.id }, 'the job of a view that has readers here was stopped');
      run.begin();
      // A gateway with a newer declaration may be about to start its version.
      return run.pause(Date.now() + stoppedPauseMs);
    }
    if (known) {
      const reason = (await jobManager.failureOf(known.id)) ?? 'cause unknown';
      logger.warn({ view: view.topic, jobId: known.id, reason }, 'the job of a view has failed');
      return run.failed(`Its job ${known.id} failed: ${reason}`, Date.now());
    }
    run.begin();
    this.#underWay(run, this.#start(run, plan));
  }

  /** Not awaited by the round: views start side by side, and a slow one does not keep the others from being watched. */
  async #start(run: ViewRun, { predecessor, replaces, signal }: Restart): Promise<void> {
    const { starter, logger } = this.#options;
    const { view, hash, stoppedAt } = run;
    const isNewest = stoppedAt && (predecessor === null || predecessor.id === stoppedAt.jobId);
    const savepoint = isNewest ? stoppedAt.savepoint : null;
    try {
      const started = await starter.start({ view, hash, predecessor, replaces, savepoint, signal });
      run.started(started);
      const { jobId, restoredFrom } = started;
      logger.info({ view: view.topic, jobId, restoredFrom }, 'the job of a view was started');
    } catch (thrown) {
      const reason = messageOf(thrown);
      if (isFlinkAway(thrown)) return run.away(reason, Date.now() + awayPauseMs);
      if (thrown instanceof SluiceError && thrown.code === 'SHUTTING_DOWN') return;
      if (thrown instanceof SluiceError && thrown.code === 'REGISTRY_UNAVAILABLE') return run.wait(reason);
      logger.error({ view: view.topic, reason }, 'the job of a view was not started');
      if (thrown instanceof SluiceError && thrown.code === 'SQL_REJECTED') run.settle(reason);
      else run.failed(reason, Date.now());
    }
  }

  /** Stops the jobs of a view that nobody reads. */
  #stop(run: ViewRun, jobs: readonly EndingJob[]): void {
    const { ending, demand, savepointTimeoutMs, logger } = this.#options;
    demand.settle(run.view.topic);
    const stop = async () => {
      try {
        for (const job of jobs) {
          const { savepoint, error } = await ending.stop(job, savepointTimeoutMs);
          // Not cancelled: others may read it through another gateway, and would have to see that.
          if (error !== null) {
            logger.warn({ view: job.view, jobId: job.id, reason: error }, 'the job of an unread view was not stopped');
            return demand.postpone(run.view.topic);
          }
          if (savepoint && job.hash === run.hash) run.stoppedAt = { jobId: job.id, savepoint };
        }
        await ending.untilEnded(jobs);
        run.idle();
      } catch (thrown) {
        logger.warn({ view: run.view.topic, reason: messageOf(thrown) }, 'the job of an unread view may run on');
      }
    };
    this.#underWay(run, stop());
  }

  #underWay(run: ViewRun, work: Promise<void>): void {
    run.underWay = work.finally(() => {
      run.underWay = null;
      this.#options.onDone();
    });
  }
}
