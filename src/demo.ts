import type { Logger } from 'pino';
import { messageOf } from '#errors';
import type { ServedSource } from '#graphql';
import type { Writer } from '#kafka';
import { type Demo, startDemo } from '#local';
import { redisPlaceOf } from '#model';

const deadlineMs = 5000;

/** Demo traffic into the declared streams that it knows; one that was declared otherwise than shipped is left alone. */
export function openDemo(sources: readonly ServedSource[], writer: Writer, logger: Logger): Demo {
  const streams = new Map(
    sources
      .filter(({ source }) => source.kind === 'stream' && !redisPlaceOf(source))
      .map((one) => [one.source.typeName, one]),
  );
  return startDemo({
    async produce({ typeName, events }) {
      const served = streams.get(typeName);
      if (!served) return;
      const { codec, source } = served;
      try {
        const records = events.map((event) => ({
          key: codec.encodeKey(event),
          value: codec.encode(event),
          headers: [],
        }));
        await writer.write(source.topic, records, { deadlineMs });
      } catch (error) {
        logger.debug({ err: error, typeName }, `demo events were not written: ${messageOf(error)}`);
      }
    },
  });
}
