import { randomUUID } from 'node:crypto';
import { withDeadline } from './deadline.ts';
import { unavailable } from './failures.ts';
import { GroupPositions } from './group-positions.ts';
import { createKafkajs } from './kafkajs-client.ts';
import { LiveReader } from './live-reader.ts';
import { Offsets } from './offsets.ts';
import type { KafkaOptions, Logger } from './options.ts';
import { ProducerSender } from './producer-sender.ts';
import { KafkaLog } from './record-log.ts';
import { KafkaTopicAdmin } from './topic-admin.ts';
import { TopicConfigs } from './topic-configs.ts';
import { Topics } from './topics.ts';
import { TransactionWire } from './transaction-wire.ts';
import { Transactions } from './transactions.ts';
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
  const producing = createKafkajs(connection, { wire, use: 'producers', logger });
  const administering = createKafkajs(connection, { wire, use: 'admin', logger });
  const settings = { requestTimeoutMs: connection.requestTimeoutMs, compression: options.writer.compression };
  const writer = new KafkaWriter(topics, new ProducerSender(producing, settings, logger), options.writer);
  const transactions = new Transactions({
    topics,
    wire: new TransactionWire(wire, connection),
    options: options.writer,
    idPrefix: `${connection.clientId}-${randomUUID()}`,
  });
  const configs = new TopicConfigs(administering, topics, deadlineMs);
  const admin = new KafkaTopicAdmin(administering, topics, deadlineMs);
  const positions = new GroupPositions(wire, deadlineMs);
  const close = async (closeDeadlineMs?: number) => {
    live.close();
    await Promise.all([writer.close(closeDeadlineMs), transactions.close(closeDeadlineMs)]);
    await wire.close();
  };
  return {
    writer,
    transactions,
    log: new KafkaLog({ wire, topics, offsets, live, configs }, deadlineMs),
    admin,
    positions,
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
