import kafkajs, { type Admin } from 'kafkajs';
import { inject } from 'vitest';
import type { LogBatch, LogRecord, Position } from '#feed';
import { type Kafka, kafkaOptionsSchema, type NewRecord, openKafka } from '#kafka';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** The brokers of the cluster that the integration tests share. */
export function brokers(): string {
  return inject('endpoints').kafka;
}

/** Sluice's connection to the shared cluster, or to what stands before it. */
export function openTestKafka(
  options: { brokers?: string; reader?: object; writer?: object; metadataMaxAgeMs?: number } = {},
): Kafka {
  const { brokers: list = brokers(), ...rest } = options;
  return openKafka(kafkaOptionsSchema.parse({ connection: { brokers: list, clientId: 'test' }, ...rest }), silent);
}

/** A kafkajs client: the independent judge of what Sluice writes, and the writer of what it reads. */
export function kafkajsClient(): kafkajs.Kafka {
  return new kafkajs.Kafka({ brokers: brokers().split(','), clientId: 'judge', logLevel: kafkajs.logLevel.NOTHING });
}

/**
 * A kafkajs producer that writes nothing twice. Without, it sends all of a request again when one partition of it has no
 * leader yet, as those of a topic that was just made.
 */
export const onceEach = { idempotent: true, maxInFlightRequests: 1 } as const;

/** Runs with a kafkajs admin client. */
export async function withAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafkajsClient().admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

let topics = 0;

/** A topic of its own for a test. */
export async function newTopic(kafka: Kafka, partitions = 1): Promise<string> {
  const topic = `kafka_test_${process.pid}_${Date.now()}_${topics++}`;
  await kafka.admin.ensure([{ topic, partitions, retentionMs: 3_600_000, cleanup: 'DELETE' }]);
  return topic;
}

/** A record with a value, and perhaps more. */
export function record(value: string, rest: Partial<NewRecord> = {}): NewRecord {
  return { key: null, value: Buffer.from(value), headers: [], ...rest };
}

/** The beginning of so many partitions. */
export function beginning(partitions: number): Position {
  return new Map(Array.from({ length: partitions }, (_, partition) => [partition, 0n]));
}

/** Takes batches until it is enough. */
export async function takeUntil(
  batches: AsyncIterable<LogBatch>,
  isEnough: (taken: readonly LogBatch[]) => boolean,
): Promise<readonly LogBatch[]> {
  const taken: LogBatch[] = [];
  for await (const batch of batches) {
    taken.push(batch);
    if (isEnough(taken)) break;
  }
  return taken;
}

/** All records of some batches, in order. */
export function recordsOf(batches: readonly LogBatch[]): readonly LogRecord[] {
  return batches.flatMap(({ records }) => records);
}

/** The values of records as text. */
export function textsOf(records: readonly LogRecord[]): readonly string[] {
  return records.map(({ value }) => String(value));
}

/** Everything that is in the log now. */
export async function readAll(kafka: Kafka, topic: string, partitions: number): Promise<readonly LogBatch[]> {
  const position = new Map(beginning(partitions));
  const all: LogBatch[] = [];
  const { signal } = new AbortController();
  for (;;) {
    const batches = await kafka.log.read(topic, position, { maxBytes: 1024 * 1024, signal });
    if (batches.length === 0) return all;
    for (const batch of batches) position.set(batch.partition, batch.next);
    all.push(...batches);
  }
}
