import { z } from 'zod';

/** The settings of the room. */
export const sqlSettings = z.object({
  /** What clients may send as SQL: nothing, what reads, or also what starts jobs. */
  sql: z.enum(['off', 'read', 'all']).default('read'),
  /** The connectors that temporary tables of clients may have. */
  sqlConnectors: z.array(z.string()).readonly().default(['kafka', 'upsert-kafka', 'datagen', 'print', 'blackhole']),
  /** What paths and addresses in the options of such tables must begin with. */
  sqlPaths: z.array(z.string()).readonly().default([]),
});

/** The parsed settings of the room. */
export type SqlSettings = z.infer<typeof sqlSettings>;

/** What clients may send. */
export type SqlMode = SqlSettings['sql'];
