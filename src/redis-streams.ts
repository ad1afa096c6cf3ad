import { SluiceError } from '#errors';
import type { ServedSource } from '#graphql';
import { redisPlaceOf } from '#model';
import { openRedis, type Redis, redisOptions } from '#redis';
import type { GatewayParts } from './gateway.ts';

/** Opens Redis when something is declared there; null when nothing is. Throws BAD_CONFIG when it is nowhere to be found. */
export function openStreamsInRedis({ model, clusters, logger }: GatewayParts): Redis | null {
  const declared = model.sources.find((source) => redisPlaceOf(source));
  if (!declared) return null;
  if (clusters.redisUrl !== null) return openRedis(redisOptions.parse({ url: clusters.redisUrl }), logger);
  const message = `The stream "${declared.typeName}" is declared with source: REDIS, and no Redis is configured. Set SLUICE_REDIS_URL, such as redis://localhost:6379.`;
  throw new SluiceError('BAD_CONFIG', message);
}

/** A source that is read from Redis instead of Kafka. */
export function withLog(served: ServedSource, redis: Redis): ServedSource {
  const { source, feed } = served;
  return source.kind === 'stream' ? { ...served, feed: { ...feed, log: redis.logOf(source) } } : served;
}
