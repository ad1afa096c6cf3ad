import { z } from 'zod';

/** The settings of this room. */
export const redisOptions = z.object({
  /** `redis[s]://[user[:password]@]host[:port][/database]`; rediss is TLS. */
  url: z.string(),
  /** The name that Redis shows in CLIENT LIST. */
  clientName: z.string().min(1).default('sluice'),
  /** How long a TCP connection may take to stand. */
  connectTimeoutMs: z.int().min(1).default(3_000),
  /** When bounds, reads of history and subscribing give up and say `REDIS_UNAVAILABLE`. */
  deadlineMs: z.int().min(1).default(5_000),
  /** The longest pause between two attempts to connect. */
  longestRetryMs: z.int().min(1).default(2_000),
  /** How often a quiet connection is asked whether it still stands. */
  pingIntervalMs: z.int().min(100).default(5_000),
  /** A connection that brings nothing for so long, not even the answer to a ping, is made anew. */
  silenceMs: z.int().min(100).default(15_000),
  /** How long Redis holds a read of streams that finds nothing; a stream that is subscribed to meanwhile waits for so long. */
  blockMs: z.int().min(1).default(250),
  /** How long a gateway that is gone keeps others from what only one may do. */
  leaseMs: z.int().min(100).default(10_000),
  /** Upper bound of one read of a stream, in bytes, but for its last entries. */
  readBytes: z
    .int()
    .min(1)
    .default(1024 * 1024),
});

/** {@link redisOptions} after parsing. */
export type RedisOptions = z.output<typeof redisOptions>;

/** Where this room logs; pino fits. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}
