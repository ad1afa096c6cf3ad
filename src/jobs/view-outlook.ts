import { messageOf } from '#errors';
import type { ListedJob, SessionPool } from '#flink';
import type { View } from '#model';
import { orphansAmong } from './orphans.ts';
import { locateInView } from './view-errors.ts';
import { planView, type ViewPlan } from './view-plan.ts';
import type { ViewRun } from './view-run.ts';
import { compileState, type StateOutlook, type ViewStates } from './view-states.ts';

/** What is done for a view, or was. */
export const viewActions = ['START', 'KEEP', 'REPLACE', 'IDLE', 'WAIT', 'ORPHAN', 'STOP'] as const;

export type ViewAction = (typeof viewActions)[number];

/** One line of the plan for the views. */
export interface PlannedView {
  /** The view's topic. */
  readonly view: string;
  readonly action: ViewAction;
  /** Why this is done. */
  readonly reason: string;
  /** The job that computes it; null while there is none. */
  readonly jobId: string | null;
  /** The job of the declaration before, when the view is changed. */
  readonly replaces: { readonly id: string; readonly sql: string | null } | null;
  readonly state: StateOutlook['state'];
  readonly stateReason: string | null;
  /** The savepoint with which an orphan was stopped. */
  readonly savepoint: string | null;
  /** Why it cannot be, or could not be, done. */
  readonly error: string | null;
}

/** What a {@link ViewOutlook} works with. */
export interface ViewOutlookOptions {
  readonly runs: readonly ViewRun[];
  readonly pools: Readonly<Record<View['from'], SessionPool>>;
  readonly states: ViewStates;
  /** Whether the job of the view shall run now. */
  readonly isWanted: (topic: string) => boolean;
}

const nothing = {
  jobId: null,
  replaces: null,
  state: 'NONE',
  stateReason: null,
  savepoint: null,
  error: null,
} as const;

/** Tells what applying the views would do. Asks Flink, but changes nothing there. */
export class ViewOutlook {
  readonly #options: ViewOutlookOptions;

  constructor(options: ViewOutlookOptions) {
    this.#options = options;
  }

  /** A line for each view in the model's order, then one for each orphan. Never rejects: what is wrong is in the lines. */
  async plan(jobs: readonly ListedJob[]): Promise<readonly PlannedView[]> {
    const { runs } = this.#options;
    const planned = await Promise.all(runs.map((run) => this.planOne(run, jobs)));
    const orphans = orphansAmong(
      jobs,
      runs.map(({ view }) => view),
    );
    return [...planned, ...orphans.map(toOrphan)];
  }

  /** The line of one view. */
  async planOne(run: ViewRun, jobs: readonly ListedJob[]): Promise<PlannedView> {
    const { view, hash } = run;
    const isWanted = this.#options.isWanted(view.topic);
    const plan = planView({ view: view.topic, hash, knownJobId: null, run: view.run, isWanted }, jobs);
    const line = { ...nothing, view: view.topic, action: plan.action } as const;
    switch (plan.action) {
      case 'KEEP': {
        const unread = isWanted ? '' : ' Nobody subscribes to it here, so it is stopped after the grace time.';
        const reason = `Job ${plan.job.id} computes this declaration.${unread}`;
        return { ...line, action: 'KEEP', reason, jobId: plan.job.id, state: 'KEPT' };
      }
      case 'WAIT':
        return {
          ...line,
          action: 'WAIT',
          reason: `Job ${plan.job.id} is just ending, or does not tell yet what it is.`,
        };
      case 'IDLE':
        return { ...line, action: 'IDLE', reason: 'Nobody subscribes to it.' };
      case 'LEAVE':
        return { ...line, action: 'WAIT', reason: plan.reason };
      case 'START':
        return await this.#planStart(run, plan);
    }
  }

  async #planStart(
    { view, hash }: ViewRun,
    { predecessor, replaces }: Extract<ViewPlan, { action: 'START' }>,
  ): Promise<PlannedView> {
    const replaced = replaces.at(-1);
    const line = replaced
      ? { action: 'REPLACE' as const, reason: whyReplaced(view, replaced), replaces: toReplaced(replaced) }
      : { action: 'START' as const, reason: 'No job of it runs.', replaces: null };
    try {
      const plan = await this.#compile(view);
      const found = await this.#options.states.find({ view, hash, plan, predecessor });
      const judged = replaced && this.#options.states.judge(replaced, plan);
      const { state, reason } = judged && (judged.state === 'KEPT' || found.state !== 'KEPT') ? judged : found;
      return { ...nothing, view: view.topic, ...line, state, stateReason: reason };
    } catch (thrown) {
      return { ...nothing, view: view.topic, ...line, error: messageOf(thrown) };
    }
  }

  async #compile(view: View): Promise<string> {
    return await this.#options.pools[view.from].withSession(async (session) => {
      try {
        return await compileState(session, view);
      } catch (thrown) {
        throw locateInView(view, thrown, session.refusedTables);
      }
    });
  }
}

function whyReplaced(view: View, job: ListedJob): string {
  const what =
    job.sql === view.sql ? 'declaration (its fields, its arguments, or the event time of what it reads)' : 'SQL';
  return `The ${what} has changed since job ${job.id} was started.`;
}

function toReplaced({ id, sql }: ListedJob) {
  return { id, sql };
}

function toOrphan(job: ListedJob): PlannedView {
  const reason = `No view "${job.view}" is declared here, but job ${job.id} computes it.`;
  return { ...nothing, view: job.view ?? job.name, action: 'ORPHAN', reason, jobId: job.id, state: 'KEPT' };
}
