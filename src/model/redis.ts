import { argumentPlace, type DirectiveUse, numberOf, textOf } from './directive-use.ts';
import type { Report } from './place.ts';
import type { Model, RedisPlace, Source, Stream } from './types.ts';

const places = ['channel', 'pattern', 'stream'] as const;
const kinds = { channel: 'CHANNEL', pattern: 'PATTERN', stream: 'STREAM' } as const;
const maxNameBytes = 200;

/** What only a Kafka topic has. */
const kafkaOnly: Readonly<Record<string, string>> = {
  topic: 'Name the place in Redis with channel, pattern or stream.',
  key: 'What lies in Redis has no record key, only what is copied with into: "…" has.',
  keyFormat: 'What lies in Redis has no record key.',
  partitions: 'Nothing in Redis is partitioned, only what it is copied to with into: "…" is.',
  cleanup: 'Nothing in Redis is compacted.',
};

/** What describes the topic that a stream in Redis is copied to. */
const ofTheCopy: ReadonlySet<string> = new Set(['key', 'partitions']);

/**
 * Where a stream lies in Redis: the first of the places that are given; null when there is none. Nothing is told here;
 * {@link checkRedis} does.
 */
export function readRedisPlace(use: DirectiveUse): RedisPlace | null {
  const name = places.find((one) => textOf(use, one) !== undefined);
  if (name === undefined) return null;
  return { kind: kinds[name], name: textOf(use, name) ?? '', keptMs: numberOf(use, 'retention') ?? null };
}

/**
 * What stands for a topic within the gateway: no Kafka topic has a colon in its name, and a channel and a stream may have
 * the same one.
 */
export function toRedisTopic({ kind, name }: RedisPlace): string {
  return `${kind.toLowerCase()}:${name}`;
}

/** The place in Redis that a source is bound to; null for what lies in Kafka. */
export function redisPlaceOf(source: Source): RedisPlace | null {
  return source.kind === 'stream' ? source.redis : null;
}

/** What lies in Kafka, as topics that Flink can read: also those that streams in Redis are copied to. */
export function kafkaSourcesOf({ sources }: Pick<Model, 'sources'>): readonly Source[] {
  return sources.flatMap((source): readonly Source[] => {
    if (source.kind === 'view' || source.redis === null) return [source];
    return source.into === null ? [] : [source.into];
  });
}

/** The topic that a stream in Redis is copied to, as its directive says; null when it names none. */
export function readInto(use: DirectiveUse): string | null {
  return readRedisPlace(use) === null ? null : (textOf(use, 'into') ?? null);
}

/** A stream that is read of a directive: one in Redis has no key of its own, and may have a copy in Kafka that has. */
export function placeInRedis(stream: Stream, use: DirectiveUse): Stream {
  if (stream.redis === null) return stream;
  const topic = readInto(use);
  const into = topic === null ? null : ({ ...stream, source: 'KAFKA', topic, redis: null, into: null } as const);
  return { ...stream, key: [], keyFormat: 'STRING', into };
}

/** Reports what does not fit together in a stream's arguments about Redis. */
export function checkRedis({ source, redis, format }: Stream, use: DirectiveUse, report: Report): void {
  const given = places.filter((name) => use.given.has(name));
  if (source === 'KAFKA') {
    for (const name of given)
      report(argumentPlace(use, name), `"${name}" is a place in Redis. Add source: REDIS, or name a Kafka topic.`);
    if (use.given.has('into')) {
      const hint = 'Add source: REDIS and the place in Redis, or leave "into" out.';
      report(argumentPlace(use, 'into'), `"into" copies what comes in Redis to a Kafka topic. ${hint}`);
    }
    return;
  }
  if (given.length !== 1) {
    const what = given.length === 0 ? 'names no place in Redis' : `names ${given.length} places in Redis`;
    const hint =
      'Give one of channel: "…", pattern: "…" (channels, such as "news.*") and stream: "…" (a Redis Stream).';
    report(argumentPlace(use, 'source'), `The stream ${what}. ${hint}`);
  }
  if (redis && (redis.name === '' || Buffer.byteLength(redis.name) > maxNameBytes)) {
    report(use.place, `A name in Redis has 1 to ${maxNameBytes} bytes here.`);
  }
  const isCopied = use.given.has('into');
  if (redis && redis.kind !== 'STREAM' && use.given.has('retention') && !isCopied) {
    report(argumentPlace(use, 'retention'), 'A channel keeps nothing. Leave "retention" out, or name a Redis Stream.');
  }
  for (const [name, hint] of Object.entries(kafkaOnly)) {
    if (!use.given.has(name) || (isCopied && ofTheCopy.has(name))) continue;
    report(argumentPlace(use, name), `"${name}" is for Kafka topics. ${hint} Leave it out.`);
  }
  if (format !== 'JSON' && format !== 'RAW') {
    report(argumentPlace(use, 'format'), `format: ${format} is for Kafka topics. In Redis a stream is JSON or RAW.`);
  }
}
