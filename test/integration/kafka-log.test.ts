import { Producer, stringSerializers } from '@platformatic/kafka';
import { describe, expect, it } from 'vitest';
import type { LogBatch } from '#feed';
import {
  beginning,
  brokers,
  kafkajsClient,
  newTopic,
  onceEach,
  openTestKafka,
  readAll,
  record,
  recordsOf,
  takeUntil,
  textsOf,
  withAdmin,
} from '../support/kafka.ts';

const soon = { deadlineMs: 60_000 };
const { signal } = new AbortController();
const records = (count: number) => (taken: readonly LogBatch[]) => recordsOf(taken).length >= count;

describe('the log', () => {
  it('knows the identity, the bounds and the position at a time', async () => {
    await using kafka = openTestKafka();
    const topic = await newTopic(kafka, 2);
    const at = (timestampMs: number) => record('x', { partition: 0, timestampMs });
    await kafka.writer.write(topic, [at(1_000), at(2_000), at(3_000)], soon);
    expect(await kafka.log.identify(topic)).toMatchObject({ topicId: expect.any(String), partitions: 2 });
    expect(await kafka.log.bounds(topic)).toEqual(
      new Map([
        [0, { start: 0n, end: 3n, epoch: 0 }],
        [1, { start: 0n, end: 0n, epoch: 0 }],
      ]),
    );
    expect(await kafka.log.positionAt(topic, 1_500)).toEqual(
      new Map([
        [0, 1n],
        [1, 0n],
      ]),
    );
    expect(await kafka.log.positionAt(topic, 9_000)).toEqual(
      new Map([
        [0, 3n],
        [1, 0n],
      ]),
    );
  });

  it('reads history in bounded steps, to its end and no further', async () => {
    await using kafka = openTestKafka();
    const topic = await newTopic(kafka, 3);
    const texts = Array.from({ length: 600 }, (_, i) => `${i}`.padEnd(200, '.'));
    for (let i = 0; i < 6; i += 1) {
      await kafka.writer.write(
        topic,
        texts.slice(i * 100, i * 100 + 100).map((text, k) => record(text, { partition: k % 3 })),
        soon,
      );
    }
    const first = await kafka.log.read(topic, beginning(3), { maxBytes: 30_000, signal });
    expect(recordsOf(first).length).toBeGreaterThan(0);
    expect(recordsOf(first).length).toBeLessThan(600);
    expect(textsOf(recordsOf(await readAll(kafka, topic, 3))).toSorted()).toEqual(texts.toSorted());
  });

  it('follows from a position, then live, in order', async () => {
    await using kafka = openTestKafka();
    const topic = await newTopic(kafka);
    await kafka.writer.write(
      topic,
      ['a', 'b', 'c'].map((text) => record(text)),
      soon,
    );
    const stop = new AbortController();
    const tail = kafka.log.tail(topic, new Map([[0, 1n]]), { signal: stop.signal })[Symbol.asyncIterator]();
    expect(textsOf((await tail.next()).value.records)).toEqual(['b', 'c']);
    await kafka.writer.write(topic, [record('d')], soon);
    const { value: batch } = await tail.next();
    expect(textsOf(batch.records)).toEqual(['d']);
    expect(batch).toMatchObject({ next: 4n, bounds: { start: 0n, end: 4n }, gap: null });
    const pending = tail.next();
    stop.abort();
    expect(await pending).toEqual({ done: true, value: undefined });
  });

  it('tells a new tail the bounds at once, also of an empty topic', async () => {
    await using kafka = openTestKafka();
    const topic = await newTopic(kafka, 2);
    const batches = await takeUntil(kafka.log.tail(topic, beginning(2), { signal }), (taken) => taken.length === 2);
    expect(batches).toMatchObject([
      { records: [], next: 0n, bounds: { start: 0n, end: 0n } },
      { records: [], next: 0n },
    ]);
  });

  it('serves tails that stand at different offsets of one partition', async () => {
    await using kafka = openTestKafka();
    const topic = await newTopic(kafka);
    for (let i = 0; i < 20; i += 1) await kafka.writer.write(topic, [record(`${i}`)], soon);
    const tails = [0n, 7n, 19n].map((offset) =>
      takeUntil(kafka.log.tail(topic, new Map([[0, offset]]), { signal }), records(21 - Number(offset))),
    );
    await kafka.writer.write(topic, [record('20')], soon);
    const all = Array.from({ length: 21 }, (_, i) => `${i}`);
    const taken = await Promise.all(tails);
    expect(taken.map((batches) => textsOf(recordsOf(batches)))).toEqual([all, all.slice(7), all.slice(19)]);
  });

  it('does not fetch for a tail that is not read, nor make others wait for it', async () => {
    await using kafka = openTestKafka({ reader: { tailBufferBytes: 1_000, partitionMaxBytes: 4_000 } });
    const topic = await newTopic(kafka);
    const slow = kafka.log.tail(topic, beginning(1), { signal })[Symbol.asyncIterator]();
    await slow.next();
    const texts = Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(500, '.'));
    for (const text of texts) await kafka.writer.write(topic, [record(text)], soon);
    const fast = await takeUntil(kafka.log.tail(topic, beginning(1), { signal }), records(100));
    expect(textsOf(recordsOf(fast))).toEqual(texts);
    const late: string[] = [];
    while (late.length < 100) late.push(...textsOf((await slow.next()).value.records));
    expect(late).toEqual(texts);
    await slow.return?.();
  });
});

describe('the log of compressed records', () => {
  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('reads what was compressed with %s', async (compression) => {
    await using kafka = openTestKafka();
    const topic = await newTopic(kafka);
    const producer = new Producer({
      clientId: 'test',
      bootstrapBrokers: brokers().split(','),
      serializers: stringSerializers,
    });
    const messages = Array.from({ length: 50 }, (_, i) => ({ topic, value: `value ${i}`, headers: { n: `${i}` } }));
    await producer.send({ messages, compression });
    await producer.close();
    const found = recordsOf(await readAll(kafka, topic, 1));
    expect(textsOf(found)).toEqual(messages.map(({ value }) => value));
    expect(found.at(-1)?.headers).toEqual([{ name: 'n', value: Buffer.from('49') }]);
  });
});

describe('the log under transactions', () => {
  it('shows what was committed, never what was aborted, and waits for what is open', async () => {
    await using kafka = openTestKafka();
    const topic = await newTopic(kafka);
    const producer = kafkajsClient().producer({ transactionalId: topic, idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const transaction = async (values: string[], end: 'commit' | 'abort') => {
      const running = await producer.transaction();
      for (const value of values) await running.send({ topic, messages: [{ value }] });
      await running[end]();
    };
    const tail = takeUntil(kafka.log.tail(topic, beginning(1), { signal }), records(5));
    await transaction(['a', 'b'], 'commit');
    await transaction(['x', 'y'], 'abort');
    await transaction(['z'], 'abort');
    await transaction(['c'], 'commit');
    const open = await producer.transaction();
    await open.send({ topic, messages: [{ value: 'd' }] });
    await kafka.writer.write(topic, [record('e')], soon);
    expect(textsOf(recordsOf(await readAll(kafka, topic, 1)))).toEqual(['a', 'b', 'c']);
    // What is written and not committed yet lies beyond the bounds.
    const committed = (await kafka.log.bounds(topic)).get(0)?.end ?? 0n;
    expect(await kafka.writtenEnds(topic)).toEqual(new Map([[0, committed + 2n]]));
    await open.commit();
    expect(textsOf(recordsOf(await tail))).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(textsOf(recordsOf(await readAll(kafka, topic, 1)))).toEqual(['a', 'b', 'c', 'd', 'e']);
    await producer.disconnect();
  });

  it('drops an aborted transaction that is longer than one fetch', async () => {
    await using kafka = openTestKafka({ reader: { partitionMaxBytes: 3_000 } });
    const topic = await newTopic(kafka);
    const producer = kafkajsClient().producer({ transactionalId: topic, idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const running = await producer.transaction();
    for (let i = 0; i < 20; i += 1) await running.send({ topic, messages: [{ value: 'x'.repeat(1_000) }] });
    await running.abort();
    await producer.disconnect();
    await kafka.writer.write(topic, [record('kept')], soon);
    const tail = await takeUntil(kafka.log.tail(topic, beginning(1), { signal }), records(1));
    expect(textsOf(recordsOf(tail))).toEqual(['kept']);
  });
});

describe('the log when records or topics go', () => {
  it('tells a gap when records have expired, and goes on at the first there is', async () => {
    await using kafka = openTestKafka();
    const topic = await newTopic(kafka);
    await kafka.writer.write(
      topic,
      ['a', 'b', 'c'].map((text) => record(text)),
      soon,
    );
    await withAdmin(async (admin) => {
      // It looks for the leader in metadata that only some other calls load.
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] });
    });
    const gap = { reason: 'EXPIRED', from: 1n, to: 2n };
    const tail = await takeUntil(kafka.log.tail(topic, new Map([[0, 1n]]), { signal }), records(1));
    expect(tail.find((batch) => batch.gap)).toMatchObject({ gap, records: [], next: 2n });
    expect(textsOf(recordsOf(tail))).toEqual(['c']);
    expect(await kafka.log.read(topic, new Map([[0, 1n]]), { maxBytes: 1_000, signal })).toMatchObject([
      { gap, next: 2n },
    ]);
  });

  it('tells a gap when the position lies beyond the end', async () => {
    await using kafka = openTestKafka();
    const topic = await newTopic(kafka);
    await kafka.writer.write(topic, [record('a')], soon);
    const [batch] = await takeUntil(
      kafka.log.tail(topic, new Map([[0, 50n]]), { signal }),
      (taken) => taken.length === 1,
    );
    expect(batch).toMatchObject({ gap: { reason: 'TRUNCATED', from: 50n, to: 1n }, next: 1n });
  });

  it('follows new partitions from their beginning', async () => {
    await using kafka = openTestKafka({ metadataMaxAgeMs: 200 });
    const topic = await newTopic(kafka);
    const tail = takeUntil(kafka.log.tail(topic, beginning(1), { signal }), records(2));
    await kafka.writer.write(topic, [record('a', { partition: 0 })], soon);
    await withAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] }));
    const producer = kafkajsClient().producer(onceEach);
    await producer.connect();
    await producer.send({ topic, messages: [{ value: 'b', partition: 1 }] });
    await producer.disconnect();
    expect(recordsOf(await tail)).toMatchObject([
      { partition: 0, offset: 0n },
      { partition: 1, offset: 0n, value: Buffer.from('b') },
    ]);
  });

  it('ends a tail of a topic that does not exist, or no longer does', async () => {
    await using kafka = openTestKafka({ metadataMaxAgeMs: 200 });
    const missing = kafka.log.tail('no_such_topic', beginning(1), { signal })[Symbol.asyncIterator]();
    await expect(missing.next()).rejects.toMatchObject({ code: 'TOPIC_MISSING' });
    const topic = await newTopic(kafka);
    const tail = kafka.log.tail(topic, beginning(1), { signal })[Symbol.asyncIterator]();
    await tail.next();
    const { topicId } = await kafka.log.identify(topic);
    await withAdmin((admin) => admin.deleteTopics({ topics: [topic] }));
    await expect(tail.next()).rejects.toMatchObject({ code: 'TOPIC_MISSING' });
    await kafka.admin.ensure([{ topic, partitions: 1, retentionMs: 3_600_000, cleanup: 'DELETE' }]);
    expect((await kafka.log.identify(topic)).topicId).not.toBe(topicId);
  });
});
