/**
 * The labels that a job started here carries in its global job parameters (`pipeline.global-job-parameters`).
 * Flink keeps them with the job, so any gateway finds its jobs again without a store of its own.
 */
export const labels = {
  /** The topic of the view. */
  view: 'sluice.view',
  /** The hash of what the job computes, see `hashView`. */
  hash: 'sluice.hash',
  /** The view's SELECT. */
  sql: 'sluice.sql',
  /** Who started it. */
  by: 'sluice.by',
} as const;
