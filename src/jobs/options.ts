import { z } from 'zod';

const viewsModes = ['apply', 'check', 'off'] as const;

/** The settings of the room. */
export const jobsOptions = z.object({
  /** The longest time a savepoint may take when a job is stopped. */
  savepointTimeoutMs: z.int().positive().default(60_000),
  /** SQL Gateway sessions that compile views at the same time. Two make a start 1.5 to 1.8 times as fast as one. */
  compileSessions: z.int().min(1).max(16).default(2),
  /** How often the jobs of the views are looked at when all of them run. */
  watchIntervalMs: z.int().positive().default(3_000),
  /** The longest pause between two attempts to reach a Flink that is away. */
  retryMaxMs: z.int().positive().default(5_000),
  /** How often a view's job takes a checkpoint: what is repeated after a failure, and the delay of exactly-once rows. */
  checkpointIntervalMs: z.int().min(100).default(10_000),
  /** What is done with the views at the start: bring them about, only tell what would be done, or leave Flink alone. */
  viewsMode: z.enum(viewsModes).default('apply'),
  /** How long an on-demand view's job runs on after its last subscriber here has gone. */
  onDemandGraceMs: z.int().min(0).default(60_000),
});

/** The parsed settings of the room. */
export type JobsOptions = z.infer<typeof jobsOptions>;
