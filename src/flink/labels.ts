/** What is written on a job: names and texts in its global job parameters. */
export type Labels = Readonly<Record<string, string>>;

/**
 * The labels that a job started here carries in its global job parameters (`pipeline.global-job-parameters`).
 * Flink keeps them with the job, so any gateway finds its jobs again without a store of its own.
 */
export const labels = {
  /** The topic of the view. */
  view: 'sluice.view',
  /** The name under which a client submitted it. */
  job: 'sluice.job',
  /** The client's idempotency key of the submission. */
  key: 'sluice.key',
  /** The hash of what the job computes, see `hashView`. */
  hash: 'sluice.hash',
  /** The view's SELECT, or the SQL as the client submitted it. */
  sql: 'sluice.sql',
  /** What the state of a view's job belongs to, see `toStatePlan`. */
  plan: 'sluice.plan',
  /** The settings that a client submitted it with, a JSON object. */
  settings: 'sluice.settings',
  /** The parallelism that it was started with. */
  parallelism: 'sluice.parallelism',
  /** Where it reads the declared streams from, `EARLIEST` or `LATEST`. */
  from: 'sluice.from',
  /** Who started it. */
  by: 'sluice.by',
  /** The gateway process that an ad hoc query lives and dies with. */
  gateway: 'sluice.gateway',
  /** When an ad hoc query must have ended, epoch milliseconds. */
  until: 'sluice.until',
} as const;
