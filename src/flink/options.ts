import { z } from 'zod';
import { sqlSettings } from '#sql';

/** What the room logs through; pino fits. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

const viewsModes = ['apply', 'check', 'off'] as const;

const url = z.url({ protocol: /^https?$/, error: 'must be an http or https address, such as http://localhost:8081' });

/** The settings of the room. Both addresses or neither: without them nothing of Flink is used. */
export const flinkOptions = z
  .object({
    /** The JobManager's REST address, such as `http://localhost:8081`. */
    restUrl: url.optional(),
    /** The SQL Gateway's REST address, such as `http://localhost:8083`. */
    sqlGatewayUrl: url.optional(),
    /** The longest time one REST request may take. */
    requestTimeoutMs: z.int().positive().default(10_000),
    /** The longest time a statement may take until Flink has accepted or answered it. The first INSERT takes seconds. */
    statementTimeoutMs: z.int().positive().default(60_000),
    /** The longest time a savepoint may take when a job is stopped. */
    savepointTimeoutMs: z.int().positive().default(60_000),
    /** SQL Gateway sessions that compile views at the same time. Two make a start 1.5 to 1.8 times as fast as one. */
    compileSessions: z.int().min(1).max(16).default(2),
    /** How often a session that is in use is kept alive. The SQL Gateway drops one after ten idle minutes. */
    heartbeatIntervalMs: z.int().positive().default(60_000),
    /** After this time without a statement a session is closed; the next statement opens another. */
    sessionIdleMs: z.int().positive().default(900_000),
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
    /** A partition without records for this time no longer holds back the watermark. */
    sourceIdleTimeoutMs: z.int().positive().default(2_000),
    ...sqlSettings.shape,
    /** Ad hoc queries and subscriptions that one client may run at once. */
    sqlQueriesPerClient: z.int().positive().default(4),
    /** The same over all clients. */
    sqlQueries: z.int().positive().default(16),
    /** The most rows that a client may want of one ad hoc query. */
    sqlMaxRows: z.int().positive().default(10_000),
    /** The most rows that one ad hoc subscription gives. */
    sqlSubscriptionRows: z.int().positive().default(1_000_000),
    /** The longest time that an ad hoc query or subscription runs. */
    sqlRunMs: z.int().positive().default(3_600_000),
    /** An ad hoc subscription whose client takes nothing for this time is ended. */
    sqlIdleMs: z.int().positive().default(60_000),
  })
  .refine((options) => (options.restUrl === undefined) === (options.sqlGatewayUrl === undefined), {
    error: 'restUrl and sqlGatewayUrl go together: give both, or neither',
    path: ['sqlGatewayUrl'],
  });

/** The parsed settings of the room. */
export type FlinkOptions = z.infer<typeof flinkOptions>;
