import type { BridgedSource, Bridges, BridgesOptions } from '#bridge';
import { SluiceError } from '#errors';
import type { ServedSource } from '#graphql';
import { redisPlaceOf, type Source } from '#model';
import type { Redis } from '#redis';
import type { GatewayParts } from './gateway.ts';

/** The streams that are declared in Redis. Whoever opened them closes them. */
export interface StreamsInRedis {
  readonly redis: Redis;
  /** A source as it was given, or read from Redis when it is declared there. */
  serve(served: ServedSource): ServedSource;
  openBridges(sources: readonly BridgedSource[], options: Omit<BridgesOptions, 'redis'>): Bridges;
}

/**
 * Opens Redis when something is declared there; null when nothing is: its client is some hundred modules, which nobody
 * else has to load. Rejects with BAD_CONFIG when it is nowhere to be found.
 */
export async function openStreamsInRedis({ model, clusters, logger }: GatewayParts): Promise<StreamsInRedis | null> {
  const declared = model.sources.find((source) => redisPlaceOf(source));
  if (!declared) return null;
  if (clusters.redisUrl === null) {
    const message = `The stream "${declared.typeName}" is declared with source: REDIS, and no Redis is configured. Set SLUICE_REDIS_URL, such as redis://localhost:6379.`;
    throw new SluiceError('BAD_CONFIG', message);
  }
  const [{ openRedis, redisOptions }, { openBridges }] = await Promise.all([import('#redis'), import('#bridge')]);
  const redis = openRedis(redisOptions.parse({ url: clusters.redisUrl }), logger);
  return {
    redis,
    serve: (served) => (redisPlaceOf(served.source) ? withLog(served, served.source, redis) : served),
    openBridges: (sources, options) => openBridges(sources, { ...options, redis }),
  };
}

function withLog(served: ServedSource, source: Source, redis: Redis): ServedSource {
  return source.kind === 'stream' ? { ...served, feed: { ...served.feed, log: redis.logOf(source) } } : served;
}
