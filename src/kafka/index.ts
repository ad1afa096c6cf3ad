/** The only user of the Kafka libraries: writes with kafkajs, reads with @platformatic/kafka, administers topics. */
export { openKafka } from './kafka.ts';
export { type KafkaOptions, kafkaOptionsSchema, type Logger } from './options.ts';
export type {
  AtomicWriter,
  Kafka,
  NewRecord,
  PositionOf,
  StoredPositions,
  TopicAdmin,
  TopicDescription,
  TopicRecords,
  TopicReport,
  TopicSettings,
  WriteOutcome,
  Writer,
} from './types.ts';
