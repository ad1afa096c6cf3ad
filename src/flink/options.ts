import { z } from 'zod';

/** What this room and those built on it log through; pino fits. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

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
    /** How often a session that is in use is kept alive. The SQL Gateway drops one after ten idle minutes. */
    heartbeatIntervalMs: z.int().positive().default(60_000),
    /** After this time without a statement a session is closed; the next statement opens another. */
    sessionIdleMs: z.int().positive().default(900_000),
    /** A partition without records for this time no longer holds back the watermark. */
    sourceIdleTimeoutMs: z.int().positive().default(5_000),
  })
  .refine((options) => (options.restUrl === undefined) === (options.sqlGatewayUrl === undefined), {
    error: 'restUrl and sqlGatewayUrl go together: give both, or neither',
    path: ['sqlGatewayUrl'],
  });

/** The parsed settings of the room. */
export type FlinkOptions = z.infer<typeof flinkOptions>;
