import type { JobControl, JobManager, Logger, SessionPool } from '#flink';
import type { Model, View } from '#model';
import type { SqlPolicy } from '#sql';
import { JobEnding } from './job-ending.ts';
import type { JobsOptions } from './options.ts';
import type { RestorePoints } from './restore-points.ts';
import { ViewDemand } from './view-demand.ts';
import { hashView } from './view-hash.ts';
import { ViewKeeper } from './view-keeper.ts';
import { ViewOutlook } from './view-outlook.ts';
import { ViewRun } from './view-run.ts';
import { ViewStarter } from './view-starter.ts';
import { ViewStates } from './view-states.ts';
import { ReconciledViews, type Views } from './views.ts';

/** What the views are built on. */
export interface OpenViewsOptions {
  readonly settings: JobsOptions;
  readonly model: Model;
  readonly policy: SqlPolicy;
  readonly jobManager: JobManager;
  readonly jobControl: JobControl;
  readonly pools: Readonly<Record<View['from'], SessionPool>>;
  readonly restorePoints: RestorePoints | null;
  readonly logger: Logger;
}

/** The views of a model, in its order. */
export function viewsOf(model: Model): readonly View[] {
  return model.sources.filter((source) => source.kind === 'view');
}

/** What {@link openViews} gives. */
export interface OpenedViews {
  readonly views: Views;
  /** Starts the jobs of views, also for those who rescale or restart one. */
  readonly starter: ViewStarter;
  readonly runs: readonly ViewRun[];
}

/** Builds what looks after the views; nothing is sent yet. */
export function openViews(options: OpenViewsOptions): OpenedViews {
  const { settings, model, policy, jobManager, jobControl, pools, restorePoints, logger } = options;
  const { checkpointIntervalMs, savepointTimeoutMs, onDemandGraceMs } = settings;
  const declared = viewsOf(model);
  const runs = declared.map((view) => new ViewRun(view, hashView(view, model)));
  const states = new ViewStates(jobManager, restorePoints);
  const ending = new JobEnding({ jobManager, jobControl, restorePoints, logger });
  const onDone = () => views.wake();
  const demand = new ViewDemand({ views: declared, graceMs: onDemandGraceMs, onChange: onDone });
  const common = { jobManager, ending, savepointTimeoutMs, logger };
  const starter = new ViewStarter({ ...common, jobControl, pools, states, restorePoints, checkpointIntervalMs });
  const keeper = new ViewKeeper({ ...common, starter, demand, onDone });
  const outlook = new ViewOutlook({ runs, pools, states, isWanted: (topic) => demand.isWanted(topic) });
  const views: ReconciledViews = new ReconciledViews({ ...common, settings, policy, runs, keeper, outlook, demand });
  return { views, starter, runs };
}
