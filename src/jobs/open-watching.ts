import type { Job, JobManager, Logger, RestClient } from '#flink';
import { type ClusterStatus, createClusterStatus } from './cluster-status.ts';
import { JobDetails } from './job-details.ts';
import { type FollowOptions, type JobChanges, JobWatch } from './job-watch.ts';
import type { JobsOptions } from './options.ts';
import type { ViewStatus } from './view-status.ts';
import { ViewWatermarks, type WatermarkListener } from './view-watermarks.ts';

/** What can be seen of Flink and its jobs. */
export interface Watching {
  readonly jobs: {
    /** All jobs that Flink remembers, newest first. Rejects with FLINK_UNAVAILABLE. */
    list(): Promise<readonly Job[]>;
    /** Rejects with NOT_FOUND. */
    get(id: string): Promise<Job>;
    /** What Flink tells of one job at a time. Each rejects with FLINK_UNAVAILABLE. */
    readonly details: JobReader;
    /** The present jobs, then what changes, until the signal aborts. All who follow share the requests. */
    follow(options: FollowOptions): AsyncGenerator<JobChanges, void, void>;
  };
  /** How the cluster is. Rejects only without a configured Flink. */
  cluster(): Promise<ClusterStatus>;
  /** Somebody wants to know a view's watermark: those who listen are told it for some time. */
  askWatermark(view: string): void;
}

/** What {@link JobDetails} reads. */
type JobReader = Pick<
  JobDetails,
  'graph' | 'checkpoints' | 'exceptions' | 'restarts' | 'metrics' | 'pendingRecords' | 'waitsFor'
>;

/** What is watched through. */
export interface WatchingOptions {
  readonly jobManager: JobManager;
  readonly jobRest: RestClient;
  readonly sqlRest: RestClient;
  readonly settings: Pick<JobsOptions, 'retryMaxMs'>;
  readonly statuses: () => readonly ViewStatus[];
  /** Who is told the watermarks of views; null: nobody. */
  readonly watermarks: WatermarkListener | null;
  readonly logger: Logger;
}

/** Watches Flink and its jobs; nothing is asked before somebody wants to know. */
export function openWatching(options: WatchingOptions): Watching & { close(): void } {
  const { jobManager, jobRest, sqlRest, settings, statuses, watermarks: listener, logger } = options;
  const details = new JobDetails({ rest: jobRest, overview: () => jobManager.overview() });
  const watch = new JobWatch({ list: () => jobManager.jobs(), retryMaxMs: settings.retryMaxMs });
  jobManager.onSteered = () => watch.hurry();
  const watermarks = listener && new ViewWatermarks({ rest: jobRest, details, statuses, listener, logger });
  return {
    jobs: {
      list: () => jobManager.jobs(),
      get: (id) => jobManager.job(id),
      details,
      follow: (how) => watch.follow(how),
    },
    cluster: createClusterStatus(jobManager, sqlRest),
    askWatermark: (view) => watermarks?.ask(view),
    close: () => watermarks?.close(),
  };
}

/** What can be seen without a Flink: each call ends as `refuse` does. */
export function withoutWatching(refuse: () => Promise<never>): Watching {
  return {
    jobs: {
      list: refuse,
      get: refuse,
      details: {
        graph: refuse,
        checkpoints: refuse,
        exceptions: refuse,
        restarts: refuse,
        metrics: refuse,
        pendingRecords: refuse,
        waitsFor: refuse,
      },
      // biome-ignore lint/correctness/useYield: it ends before the first page
      async *follow() {
        await refuse();
      },
    },
    cluster: refuse,
    askWatermark: () => {},
  };
}
