import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { adminCall } from './admin-call.ts';
import { pause } from './deadline.ts';
import { listTopics } from './topic-list.ts';
import type { Topics } from './topics.ts';
import type { TopicAdmin, TopicDescription, TopicReport, TopicSettings } from './types.ts';

const cleanupPolicy = { DELETE: 'delete', COMPACT: 'compact' } as const;

/** A {@link TopicAdmin} over kafkajs. */
export class KafkaTopicAdmin implements TopicAdmin {
  readonly #kafka: Kafka;
  readonly #topics: Topics;
  readonly #deadlineMs: number;

  constructor(kafka: Kafka, topics: Topics, deadlineMs: number) {
    this.#kafka = kafka;
    this.#topics = topics;
    this.#deadlineMs = deadlineMs;
  }

  async ensure(topics: readonly TopicSettings[]): Promise<readonly TopicReport[]> {
    if (topics.length === 0) return [];
    const what = 'the topics to be looked up and created';
    const options = { kafka: this.#kafka, deadlineMs: this.#deadlineMs, what, action: 'look up or create topics' };
    return await adminCall(options, (admin) => this.#ensure(admin, topics));
  }

  async list(): Promise<readonly TopicDescription[]> {
    const what = 'the list of topics';
    const options = { kafka: this.#kafka, deadlineMs: this.#deadlineMs, what, action: 'list the topics' };
    return await adminCall(options, listTopics);
  }

  async close(): Promise<void> {}

  async #ensure(admin: Admin, topics: readonly TopicSettings[]): Promise<readonly TopicReport[]> {
    const existing = new Set(await admin.listTopics());
    const missing = topics.filter(({ topic }) => !existing.has(topic));
    // False when another gateway was faster; what it made is described like any other topic.
    const isOurs = missing.length > 0 && (await create(admin, missing));
    if (missing.length > 0) await this.#untilLed(missing);
    const found = topics.filter((topic) => !isOurs || !missing.includes(topic));
    const differences = found.length > 0 ? await describe(admin, found) : new Map<string, readonly string[]>();
    return topics.map((topic) => ({
      topic: topic.topic,
      created: isOurs && missing.includes(topic),
      differences: differences.get(topic.topic) ?? [],
    }));
  }

  /** A topic that was just created is known to every broker, and led, only a moment later. */
  async #untilLed(topics: readonly TopicSettings[]): Promise<void> {
    const giveUp = AbortSignal.timeout(this.#deadlineMs);
    const waiting = new Set(topics.map(({ topic }) => topic));
    while (waiting.size > 0 && !giveUp.aborted) {
      const found = await this.#topics.refresh([...waiting]).catch(() => null);
      for (const topic of waiting) {
        const metadata = found?.get(topic);
        if (!metadata || metadata instanceof Error) continue;
        if (metadata.partitions.every(({ leader }) => leader >= 0)) waiting.delete(topic);
      }
      if (waiting.size > 0) await pause(20, giveUp);
    }
  }
}

async function create(admin: Admin, topics: readonly TopicSettings[]): Promise<boolean> {
  return await admin.createTopics({
    waitForLeaders: false,
    topics: topics.map(({ topic, partitions, retentionMs, cleanup, maxMessageBytes }) => ({
      topic,
      numPartitions: partitions,
      // -1: the broker's default.
      replicationFactor: -1,
      configEntries: [
        { name: 'retention.ms', value: String(retentionMs) },
        { name: 'cleanup.policy', value: cleanupPolicy[cleanup] },
        ...(maxMessageBytes === undefined ? [] : [{ name: 'max.message.bytes', value: String(maxMessageBytes) }]),
      ],
    })),
  });
}

async function describe(
  admin: Admin,
  topics: readonly TopicSettings[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = topics.map(({ topic }) => topic);
  const [metadata, configs] = await Promise.all([
    admin.fetchTopicMetadata({ topics: names }),
    admin.describeConfigs({
      includeSynonyms: false,
      resources: names.map((name) => ({
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name,
        configNames: ['cleanup.policy'],
      })),
    }),
  ]);
  const partitions = new Map(metadata.topics.map((topic) => [topic.name, topic.partitions.length]));
  const policies = new Map(
    configs.resources.map(({ resourceName, configEntries }) => [resourceName, configEntries[0]?.configValue]),
  );
  return new Map(
    topics.map((topic) => [topic.topic, differencesOf(topic, partitions.get(topic.topic), policies.get(topic.topic))]),
  );
}

function differencesOf(topic: TopicSettings, partitions?: number, policy?: string): readonly string[] {
  const differences: string[] = [];
  if (partitions !== undefined && partitions !== topic.partitions) {
    const has = `${partitions} partition${partitions === 1 ? '' : 's'}`;
    differences.push(`topic "${topic.topic}" has ${has}, declared are ${topic.partitions}; it is used as it is`);
  }
  const declared = cleanupPolicy[topic.cleanup];
  if (policy !== undefined && policy !== declared) {
    differences.push(
      `topic "${topic.topic}" has cleanup.policy ${policy}, declared is ${declared}; it is used as it is`,
    );
  }
  return differences;
}
