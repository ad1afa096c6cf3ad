import { SluiceError } from '#errors';
import type { RecordLog } from '#feed';
import type { RedisPlace, Stream } from '#model';
import { ChannelLog } from './channel-log.ts';
import { Connection } from './connection.ts';
import { createEntryFields } from './entry-fields.ts';
import { RedisLease } from './lease.ts';
import type { Logger, RedisOptions } from './options.ts';
import { StreamEntries } from './stream-entries.ts';
import { StreamLog } from './stream-log.ts';
import { StreamReader } from './stream-reader.ts';
import type { Redis } from './types.ts';
import { RedisWriting } from './writing.ts';

/** How long a readiness question waits. */
const readyWithinMs = 2_000;

/**
 * Builds the room's parts: a connection for commands, one for pub/sub, one for the reads that wait. Nothing connects
 * before its first use, so it succeeds also while Redis is away.
 */
export function openRedis(options: RedisOptions, logger: Logger): Redis {
  const commands = new Connection(options, logger);
  const subscriptions = new Connection(options, logger);
  const waiting = new Connection(options, logger);
  const reader = new StreamReader({ waiting, blockMs: options.blockMs, logger });
  const writing = new RedisWriting(commands);
  const close = async () => {
    reader.close();
    for (const connection of [waiting, subscriptions, commands]) connection.close();
  };
  return {
    logOf(source): RecordLog {
      const place = placeOf(source);
      if (place.kind !== 'STREAM') return new ChannelLog(place, subscriptions);
      const fields = createEntryFields(source);
      const { readBytes } = options;
      return new StreamLog(new StreamEntries(place.name, { connection: commands, fields, readBytes }), reader);
    },
    append: (source, values, deadlineMs) => writing.append(source, placeOf(source), values, deadlineMs),
    publish: (place, values, deadlineMs) => writing.publish(place, values, deadlineMs),
    lease: (name) => new RedisLease({ name, connection: commands, leaseMs: options.leaseMs }),
    isReady: () => commands.isReady(readyWithinMs),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function placeOf({ redis, typeName }: Stream): RedisPlace {
  if (redis) return redis;
  throw new SluiceError('INTERNAL', `The stream "${typeName}" does not lie in Redis.`);
}
