/** The only user of the Redis library: pub/sub channels as live feeds, Redis Streams as logs with history. */
export { toEntryId, toOffset } from './entry-id.ts';
export type { Lease } from './lease.ts';
export { type RedisOptions, redisOptions } from './options.ts';
export { openRedis } from './redis.ts';
export type { AppendOutcome, PublishOutcome, Redis } from './types.ts';
