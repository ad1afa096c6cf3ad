import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { newTopic, openTestKafka, withAdmin } from '../support/kafka.ts';

describe('the topic admin', () => {
  it('creates what is missing with its settings, and alters nothing that is there', async () => {
    await using kafka = openTestKafka();
    const existing = await newTopic(kafka, 2);
    const missing = `${existing}_new`;
    const settings = { partitions: 3, retentionMs: 7_200_000, cleanup: 'COMPACT' } as const;
    const reports = await kafka.admin.ensure([
      { topic: existing, ...settings },
      { topic: missing, ...settings },
    ]);
    expect(reports).toEqual([
      {
        topic: existing,
        created: false,
        differences: [
          `topic "${existing}" has 2 partitions, declared are 3; it is used as it is`,
          `topic "${existing}" has cleanup.policy delete, declared is compact; it is used as it is`,
        ],
      },
      { topic: missing, created: true, differences: [] },
    ]);
    expect((await kafka.log.identify(missing)).partitions).toBe(3);
    const resources = [
      { type: kafkajs.ConfigResourceTypes.TOPIC, name: missing, configNames: ['retention.ms', 'cleanup.policy'] },
    ];
    const configs = await withAdmin((admin) => admin.describeConfigs({ includeSynonyms: false, resources }));
    const values = configs.resources[0]?.configEntries.map(
      ({ configName, configValue }) => [configName, configValue] as const,
    );
    expect(new Map(values)).toEqual(
      new Map([
        ['retention.ms', '7200000'],
        ['cleanup.policy', 'compact'],
      ]),
    );
    expect(await kafka.admin.ensure([{ topic: missing, ...settings }])).toEqual([
      { topic: missing, created: false, differences: [] },
    ]);
  });

  it('may be asked for the same topics by several gateways at once', async () => {
    await using kafka = openTestKafka();
    const topic = `${await newTopic(kafka)}_race`;
    const settings = { topic, partitions: 2, retentionMs: 7_200_000, cleanup: 'DELETE' } as const;
    const reports = await Promise.all([1, 2, 3, 4].map(() => kafka.admin.ensure([settings])));
    expect(reports.flat().filter(({ created }) => created)).toHaveLength(1);
    expect(reports.flat().flatMap(({ differences }) => differences)).toEqual([]);
  });

  it('says that Kafka refuses a topic, and why', async () => {
    await using kafka = openTestKafka();
    const wrong = { topic: 'no spaces please', partitions: 1, retentionMs: 1_000, cleanup: 'DELETE' } as const;
    await expect(kafka.admin.ensure([wrong])).rejects.toMatchObject({
      code: 'KAFKA_REFUSED',
      message: expect.stringContaining('no spaces please'),
    });
  });

  it('says that no broker answers', async () => {
    await using kafka = openTestKafka({ brokers: '127.0.0.1:1' });
    const any = { topic: 'any', partitions: 1, retentionMs: 1_000, cleanup: 'DELETE' } as const;
    await expect(kafka.admin.ensure([any])).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE' });
  });
});
