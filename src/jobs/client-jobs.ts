import type { JobControl, JobManager, Logger, SessionPool } from '#flink';
import type { Model, View } from '#model';
import type { SqlPolicy } from '#sql';
import { JobLauncher } from './job-launcher.ts';
import { JobRestarts } from './job-restarts.ts';
import { JobStarts } from './job-starts.ts';
import { JobSteering } from './job-steering.ts';
import { JobStops } from './job-stops.ts';
import { JobSubmission } from './job-submission.ts';
import type { OpenedViews } from './open-views.ts';
import type { JobsOptions } from './options.ts';
import { checkStatePath } from './restore-paths.ts';
import type { RestorePoints } from './restore-points.ts';
import { type StoppedSubmission, stopSubmitted } from './stop-submitted.ts';
import { ViewRestarts } from './view-restarts.ts';

/** What submitting and steering are built on. */
export interface ClientJobsOptions {
  readonly settings: JobsOptions;
  readonly model: Model;
  readonly policy: SqlPolicy;
  readonly jobManager: JobManager;
  readonly jobControl: JobControl;
  readonly pools: Readonly<Record<View['from'], SessionPool>>;
  readonly views: Pick<OpenedViews, 'runs' | 'starter'>;
  readonly restorePoints: RestorePoints | null;
  readonly logger: Logger;
}

/** What clients do with jobs. */
export interface ClientJobs {
  readonly submission: Pick<JobSubmission, 'submit'>;
  readonly steering: Pick<
    JobSteering,
    'stop' | 'cancel' | 'triggerSavepoint' | 'disposeSavepoint' | 'rescale' | 'restart' | 'operation'
  >;
  /** Stops what clients submitted, with savepoints. For the way down of a Flink that ends with the gateway. Never rejects. */
  stopSubmitted(timeoutMs: number): Promise<readonly StoppedSubmission[]>;
}

/** Until all tasks of a job that goes on from a state run; one that waits for slots takes longer. */
const acceptanceTimeoutMs = 10_000;

/** Builds what submits and steers jobs; nothing is sent yet. */
export function createClientJobs(options: ClientJobsOptions): ClientJobs {
  const { policy, jobManager, jobControl, restorePoints, settings, logger } = options;
  const { runs, starter } = options.views;
  const { savepointTimeoutMs, checkpointIntervalMs } = settings;
  const checkPath = async (path: string) => checkStatePath(path, await jobControl.stateDirectories());
  const stops = new JobStops({ jobManager, jobControl, restorePoints });
  const launcher = new JobLauncher(options);
  const starts = new JobStarts({
    ...options,
    launcher,
    stops,
    checkpointIntervalMs,
    acceptanceTimeoutMs,
  });
  const views = new Set(runs.map(({ view }) => view.topic));
  const restarts = new JobRestarts({ jobManager, stops, starts, views: new ViewRestarts({ views: runs, starter }) });
  return {
    submission: new JobSubmission({ views, jobManager, starts, stops, checkPath, savepointTimeoutMs }),
    steering: new JobSteering({ policy, jobManager, jobControl, stops, restarts, checkPath }),
    stopSubmitted: (timeoutMs) => stopSubmitted(timeoutMs, { jobManager, stops, logger }),
  };
}
