import { withDeadline } from './deadline.ts';
import { unavailable } from './failures.ts';
import { createKafkajs } from './kafkajs-client.ts';
import { LiveReader } from './live-reader.ts';
import { Offsets } from './offsets.ts';
import type { KafkaOptions, Logger } from './options.ts';
import { ProducerSender } from './producer-sender.ts';
import { KafkaLog } from './record-log.ts';
import { KafkaTopicAdmin } from './topic-admin.ts';
import { TopicConfigs } from './topic-configs.ts';
import { Topics } from './topics.ts';
import type { Kafka } from './types.ts';
import { Wire } from './wire.ts';
import { KafkaWriter } from './writer.ts';

/** How long a readiness question waits for a broker. */
const readyWithinMs = 2_000;

/** Builds the room's parts. Nothing connects before its first use, so it succeeds also while Kafka is away. */
export function openKafka(options: KafkaOptions, logger: Logger): Kafka {
  const { connection, deadlineMs, metadataMaxAgeMs } = options;
  const wire = new Wire(connection);
  const topics = new Topics(wire, { deadlineMs, metadataMaxAgeMs });
  const offsets = new Offsets(wire, topics, deadlineMs);
  const live = new LiveReader({ wire, topics, offsets, logger, options: { ...options.reader, metadataMaxAgeMs } });
  const kafkajs = createKafkajs(connection, logger);
  const writer = new KafkaWriter(topics, new ProducerSender(kafkajs, connection, logger), options.writer);
  const configs = new TopicConfigs(kafkajs, topics, deadlineMs);
  const admin = new KafkaTopicAdmin(kafkajs, topics, deadlineMs);
  const close = async (closeDeadlineMs?: number) => {
    live.close();
    await writer.close(closeDeadlineMs);
    await wire.close();
  };
  return {
    writer,
    log: new KafkaLog({ wire, topics, offsets, live, configs }, deadlineMs),
    admin,
    writtenEnds: (topic) => offsets.writtenEnds(topic),
    isReady: async () => {
      const asked = withDeadline(wire.metadata([]), readyWithinMs, () => unavailable('a readiness question'));
      return await asked.then(
        () => true,
        () => false,
      );
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
