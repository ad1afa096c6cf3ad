import kafkajs, { type Admin } from 'kafkajs';
import type { TopicDescription } from './types.ts';

const configNames = ['cleanup.policy', 'retention.ms'];

/** Every topic with what a declaration says of it. */
export async function listTopics(admin: Admin): Promise<readonly TopicDescription[]> {
  const { topics } = await admin.fetchTopicMetadata();
  if (topics.length === 0) return [];
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map(({ name }) => ({ type, name, configNames })),
  });
  const configs = new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    ]),
  );
  return topics
    .map(({ name, partitions }) => ({
      topic: name,
      partitions: partitions.length,
      cleanupPolicy: configs.get(name)?.get('cleanup.policy') ?? 'delete',
      retentionMs: Number(configs.get(name)?.get('retention.ms') ?? -1),
    }))
    .sort((left, right) => (left.topic < right.topic ? -1 : 1));
}
