import type { Labels } from './labels.ts';

/** Flink's job states (org.apache.flink.api.common.JobStatus). */
export const jobStates = [
  'INITIALIZING',
  'CREATED',
  'RUNNING',
  'FAILING',
  'FAILED',
  'CANCELLING',
  'CANCELED',
  'FINISHED',
  'RESTARTING',
  'SUSPENDED',
  'RECONCILING',
] as const;

export type JobState = (typeof jobStates)[number];

/** A Flink job, as the JobManager tells it. Times are epoch milliseconds. */
export interface Job {
  /** 32 hex digits. */
  readonly id: string;
  readonly name: string;
  readonly state: JobState;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** The declared view (its topic) whose rows it computes, from the label in its global job parameters. */
  readonly view: string | null;
  /** The SQL it runs, from its label; null for a job that Sluice did not start. */
  readonly sql: string | null;
  /** All its global job parameters. */
  readonly labels: Labels;
  /** How many tasks (a vertex has one for each subtask) it has, and how many of them run. */
  readonly tasks: number;
  readonly runningTasks: number;
}

/** What the JobManager says of the cluster. */
export interface ClusterOverview {
  readonly version: string;
  readonly taskManagers: number;
  readonly slots: number;
  readonly freeSlots: number;
  readonly jobs: {
    readonly running: number;
    readonly finished: number;
    readonly cancelled: number;
    readonly failed: number;
  };
}
