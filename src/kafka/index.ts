/** The only user of the Kafka libraries: writes with kafkajs, reads with @platformatic/kafka, administers topics. */
export { openKafka } from './kafka.ts';
export { type KafkaOptions, kafkaOptionsSchema, type Logger } from './options.ts';
export type { Kafka, NewRecord, TopicAdmin, TopicReport, TopicSettings, WriteOutcome, Writer } from './types.ts';
