import { type Flink, type Logger, noFlink } from '#flink';
import type { Model } from '#model';
import type { SqlPolicy } from '#sql';
import { type ClientJobs, createClientJobs } from './client-jobs.ts';
import { openViews, viewsOf } from './open-views.ts';
import { openWatching, type Watching, withoutWatching } from './open-watching.ts';
import type { JobsOptions } from './options.ts';
import type { RestorePoints } from './restore-points.ts';
import type { WatermarkListener } from './view-watermarks.ts';
import type { Views } from './views.ts';

/** What {@link openJobs} needs. */
export interface OpenJobsOptions {
  readonly flink: Flink;
  readonly settings: JobsOptions;
  readonly model: Model;
  readonly policy: SqlPolicy;
  /** Null where Flink's checkpoints lie out of the gateway's sight. */
  readonly restorePoints: RestorePoints | null;
  /** Is told the watermarks of the views that somebody asks for; absent: nobody is. */
  readonly watermarks?: WatermarkListener;
  readonly logger: Logger;
}

/** The jobs of Flink: those of the views, those that clients submit, and what can be seen of all. */
export interface Jobs extends Watching, ClientJobs {
  readonly views: Views;
  /** Looks after them no more; they run on. What is under way may end only when the connections are closed. */
  close(): Promise<void>;
}

/** Builds what looks after jobs; nothing is sent yet. The connections are the caller's to close. */
export function openJobs(options: OpenJobsOptions): Jobs {
  const { flink, settings, watermarks = null } = options;
  const { jobManager, jobControl, jobRest, sqlRest } = flink;
  const compiling = Array.from({ length: settings.compileSessions }, (_, index) => `sluice-${index + 1}`);
  const pools = {
    EARLIEST: flink.createPool(compiling, { startupMode: 'earliest-offset' }),
    LATEST: flink.createPool(['sluice-latest'], { startupMode: 'latest-offset' }),
  };
  const parts = { ...options, jobManager, jobControl, pools };
  const opened = openViews(parts);
  const { views } = opened;
  const watching = openWatching({ ...parts, jobRest, sqlRest, watermarks, statuses: () => views.statuses() });
  return {
    ...watching,
    ...createClientJobs({ ...parts, views: opened }),
    views,
    async close() {
      watching.close();
      await views.close();
    },
  };
}

/** Jobs where no Flink is configured: every call says so, and so does the status of each view. */
export function withoutJobs(model: Model): Jobs {
  const refuse = () => Promise.reject(noFlink());
  const error = noFlink().message;
  const statuses = viewsOf(model).map(({ topic }) => ({ view: topic, state: 'NO_FLINK' as const, jobId: null, error }));
  return {
    ...withoutWatching(refuse),
    views: {
      statuses: () => statuses,
      start: async () => {},
      plan: refuse,
      apply: refuse,
      hold: () => () => {},
      stopAll: async () => [],
      close: async () => {},
    },
    submission: { submit: refuse },
    stopSubmitted: async () => [],
    steering: {
      stop: refuse,
      cancel: refuse,
      triggerSavepoint: refuse,
      disposeSavepoint: refuse,
      rescale: refuse,
      restart: refuse,
      operation: refuse,
    },
    close: async () => {},
  };
}
