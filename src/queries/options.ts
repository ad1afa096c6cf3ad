import { z } from 'zod';
import { sqlSettings } from '#sql';

/** The settings of the room. */
export const queriesOptions = z.object({
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
});

/** The parsed settings of the room. */
export type QueriesOptions = z.infer<typeof queriesOptions>;
