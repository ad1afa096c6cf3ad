import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';
import {
  brokers,
  kafkajsClient,
  newTopic,
  onceEach,
  openTestKafka,
  readAll,
  record,
  recordsOf,
} from '../support/kafka.ts';

const soon = { deadlineMs: 60_000 };

describe('the writer', () => {
  it('writes what the log gives back: key, value, headers, timestamp, partition and offset', async () => {
    await using kafka = openTestKafka();
    const topic = await newTopic(kafka, 2);
    const header = (value: string) => ({ name: 'h', value: Buffer.from(value) });
    const written = [
      record('a', { key: Buffer.from('k'), partition: 1, timestampMs: 5, headers: [header('1'), header('2')] }),
      record('b', { partition: 1, timestampMs: Date.now() }),
      record('', { partition: 0, value: null, key: Buffer.from('gone') }),
    ];
    const outcomes = await kafka.writer.write(topic, written, soon);
    expect(outcomes).toMatchObject([
      { outcome: 'ACKED', partition: 1, offset: 0n, timestampMs: 5 },
      { outcome: 'ACKED', partition: 1, offset: 1n },
      { outcome: 'ACKED', partition: 0, offset: 0n },
    ]);
    const found = recordsOf(await readAll(kafka, topic, 2)).toSorted((a, b) => b.partition - a.partition);
    expect(found).toMatchObject([
      {
        offset: 0n,
        timestampMs: 5,
        key: Buffer.from('k'),
        value: Buffer.from('a'),
        headers: [header('1'), header('2')],
      },
      { offset: 1n, key: null, value: Buffer.from('b') },
      { offset: 0n, key: Buffer.from('gone'), value: null },
    ]);
  });

  it("puts keys where kafkajs' Java-compatible partitioner puts them", async () => {
    await using kafka = openTestKafka();
    const topic = await newTopic(kafka, 5);
    const keys = Array.from({ length: 100 }, (_, i) => `key-${i}`);
    const ours = await kafka.writer.write(
      topic,
      keys.map((key) => record(key, { key: Buffer.from(key) })),
      soon,
    );
    const producer = kafkajsClient().producer({
      ...onceEach,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    await producer.send({ topic, messages: keys.map((key) => ({ key, value: 'theirs' })) });
    await producer.disconnect();
    const theirs = recordsOf(await readAll(kafka, topic, 5)).filter(({ value }) => String(value) === 'theirs');
    const partitionOf = new Map(theirs.map(({ key, partition }) => [String(key), partition]));
    expect(ours.map(({ partition }) => partition)).toEqual(keys.map((key) => partitionOf.get(key)));
  });

  it('writes the others once when one record of their request is too large for the topic', async () => {
    await using kafka = openTestKafka();
    const topic = await newTopic(kafka, 3);
    const at = (partition: number, value: string) => [record(value, { partition })];
    const outcomes = await Promise.all([
      kafka.writer.write(topic, [...at(0, 'a'), ...at(1, 'b')], soon),
      kafka.writer.write(topic, at(1, 'x'.repeat(9 * 1024 * 1024)), soon),
      kafka.writer.write(topic, [...at(1, 'c'), ...at(2, 'd')], soon),
    ]);
    expect(outcomes.flat()).toMatchObject([
      { outcome: 'ACKED' },
      { outcome: 'ACKED' },
      { outcome: 'NOT_WRITTEN', error: { code: 'RECORD_TOO_LARGE' } },
      { outcome: 'ACKED' },
      { outcome: 'ACKED' },
    ]);
    const found = recordsOf(await readAll(kafka, topic, 3));
    expect(found.map(({ partition, offset, value }) => `${partition}/${offset} ${value}`).toSorted()).toEqual([
      '0/0 a',
      '1/0 b',
      '1/1 c',
      '2/0 d',
    ]);
  });

  it('refuses a topic that does not exist, and does not create it', async () => {
    await using kafka = openTestKafka();
    await expect(kafka.writer.write('no_such_topic', [record('a')], soon)).rejects.toMatchObject({
      code: 'TOPIC_MISSING',
    });
    await expect(kafka.log.identify('no_such_topic')).rejects.toMatchObject({ code: 'TOPIC_MISSING' });
  });

  it('writes to other topics after one of its topics was deleted', async () => {
    await using kafka = openTestKafka();
    const [gone, kept] = [await newTopic(kafka), await newTopic(kafka)];
    await kafka.writer.write(gone, [record('a')], soon);
    const admin = kafkajsClient().admin();
    await admin.deleteTopics({ topics: [gone] });
    await admin.disconnect();
    const [outcome] = await kafka.writer.write(gone, [record('b')], { deadlineMs: 60_000 }).catch((error) => [error]);
    expect(outcome?.error?.code ?? outcome.code).toBe('TOPIC_MISSING');
    expect(await kafka.writer.write(kept, [record('c')], soon)).toMatchObject([{ outcome: 'ACKED' }]);
  });

  it('starts and closes without a broker, and says that there is none', async () => {
    await using kafka = openTestKafka({ brokers: '127.0.0.1:1' });
    expect(await kafka.isReady()).toBe(false);
    const writing = kafka.writer.write('any', [record('a')], { deadlineMs: 1_000 });
    await expect(writing).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE' });
  });

  it('is ready when a broker answers', async () => {
    await using kafka = openTestKafka({ brokers: `127.0.0.1:1,${brokers()}` });
    expect(await kafka.isReady()).toBe(true);
  });
});
