import { randomBytes } from 'node:crypto';
import kafkajs from 'kafkajs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createCursors, createRecordDecoder, type LogBatch } from '#feed';
import type { Kafka } from '#kafka';
import { resolveStart, type StartPosition } from '../../src/feed/start.ts';
import { Wire } from '../../src/kafka/wire.ts';
import {
  beginning,
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
import { patience } from '../support/patience.ts';

const soon = { deadlineMs: 60_000 };
const { signal } = new AbortController();
const cursors = createCursors([randomBytes(32)]);
const decode = createRecordDecoder({ decode: (value) => ({ ok: true, node: { text: String(value) } }) }, false);

async function write(kafka: Kafka, topic: string, texts: readonly string[], partition = 0): Promise<void> {
  for (const text of texts) await kafka.writer.write(topic, [record(text, { partition })], soon);
}

/** A cursor at these offsets, and what it means now. */
async function cursorAt(kafka: Kafka, topic: string, ...offsets: bigint[]): Promise<string> {
  const scope = { ...(await kafka.log.identify(topic)), field: 'texts' };
  const epochs = new Map(Array.from(await kafka.log.bounds(topic), ([partition, { epoch }]) => [partition, epoch]));
  return cursors.encode(scope, new Map(offsets.entries()), epochs);
}

async function resolve(kafka: Kafka, topic: string, start: string | StartPosition) {
  const identity = await kafka.log.identify(topic);
  const bounds = await kafka.log.bounds(topic);
  const context = { log: kafka.log, decode, topic, topicId: identity.topicId, bounds, signal };
  if (typeof start !== 'string') return await resolveStart(start, context);
  const cursor = cursors.decode({ ...identity, field: 'texts' }, start);
  return await resolveStart({ kind: 'after', cursor }, context);
}

async function deleteRecords(topic: string, before: string): Promise<void> {
  await withAdmin(async (admin) => {
    // It looks for the leader in metadata that only some other calls load.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: before }] });
  });
}

async function transactional(topic: string) {
  const producer = kafkajsClient().producer({ transactionalId: topic, idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  onTestFinished(async () => await producer.disconnect());
  return {
    async begin(...values: string[]) {
      const running = await producer.transaction();
      for (const value of values) await running.send({ topic, messages: [{ value }] });
      return running;
    },
  };
}

describe('what is fetched', () => {
  it('is what somebody follows, and no more', async () => {
    await using kafka = openTestKafka();
    const [followed, left] = [await newTopic(kafka), await newTopic(kafka)];
    const { topicId } = await kafka.log.identify(left);
    const fetches = vi.spyOn(Wire.prototype, 'fetch');
    onTestFinished(() => fetches.mockRestore());
    const [one, other] = [followed, left].map((topic) =>
      kafka.log.tail(topic, beginning(1), { signal })[Symbol.asyncIterator](),
    );
    await Promise.all([one?.next(), other?.next()]);
    const ofLeft = () =>
      fetches.mock.calls.filter(([, , { topics }]) => topics.some((topic) => topic.topicId === topicId)).length;
    await other?.return?.();
    const before = ofLeft();
    expect(before).toBeGreaterThan(0);
    for (const text of ['a', 'b', 'c']) {
      await write(kafka, left, [text]);
      await write(kafka, followed, [text]);
      expect(textsOf((await one?.next())?.value.records)).toEqual([text]);
    }
    expect(ofLeft()).toBe(before);
    await one?.return?.();
    const all = fetches.mock.calls.length;
    await Promise.all(fetches.mock.results.map(({ value }) => value));
    await kafka.log.bounds(followed);
    expect(fetches.mock.calls).toHaveLength(all);
  });
});

describe('transactions', () => {
  it('shows the same records from every offset on, also from the middle of an aborted transaction', async () => {
    await using kafka = openTestKafka();
    const topic = await newTopic(kafka);
    const transactions = await transactional(topic);
    await (await transactions.begin('a', 'b')).commit();
    await (await transactions.begin('x', 'y', 'z')).abort();
    await (await transactions.begin('c')).commit();
    await write(kafka, topic, ['d']);
    const all = recordsOf(await readAll(kafka, topic, 1));
    expect(textsOf(all)).toEqual(['a', 'b', 'c', 'd']);
    const end = (await kafka.log.bounds(topic)).get(0)?.end ?? 0n;
    for (let offset = 0n; offset < end; offset += 1n) {
      const tail = kafka.log.tail(topic, new Map([[0, offset]]), { signal });
      const taken = await takeUntil(tail, (batches) => batches.at(-1)?.next === end);
      expect(recordsOf(taken)).toEqual(all.filter((each) => each.offset >= offset));
    }
  });

  it('may have a cursor inside one that is still open, which is no truncation', async () => {
    await using kafka = openTestKafka();
    const topic = await newTopic(kafka);
    const transactions = await transactional(topic);
    const open = await transactions.begin('a', 'b');
    await write(kafka, topic, ['c', 'd']);
    expect((await kafka.log.bounds(topic)).get(0)?.end).toBe(0n);
    const cursor = await cursorAt(kafka, topic, 3n);
    expect(await resolve(kafka, topic, cursor)).toMatchObject({ position: new Map([[0, 3n]]), gap: null });
    const offsets = (offset: bigint) => ({ kind: 'offsets', offsets: [{ partition: 0, offset }] }) as const;
    expect(await resolve(kafka, topic, offsets(4n))).toMatchObject({ position: new Map([[0, 4n]]) });
    await expect(resolve(kafka, topic, offsets(5n))).rejects.toMatchObject({ code: 'BAD_INPUT' });
    const tail = takeUntil(
      kafka.log.tail(topic, new Map([[0, 3n]]), { signal }),
      (taken) => recordsOf(taken).length > 0,
    );
    await open.abort();
    expect(textsOf(recordsOf(await tail))).toEqual(['d']);
  });
});

describe('retention', () => {
  it('that passes a cursor is a gap of known size', async () => {
    await using kafka = openTestKafka();
    const topic = await newTopic(kafka);
    await write(kafka, topic, ['a', 'b', 'c', 'd', 'e']);
    const cursor = await cursorAt(kafka, topic, 1n);
    await deleteRecords(topic, '4');
    const { position, epochs, gap } = await resolve(kafka, topic, cursor);
    expect(gap).toBeNull();
    const tail = await takeUntil(
      kafka.log.tail(topic, position, { signal, epochs }),
      (taken) => recordsOf(taken).length === 1,
    );
    expect(tail.flatMap((batch) => batch.gap ?? [])).toEqual([{ reason: 'EXPIRED', from: 1n, to: 4n }]);
    expect(textsOf(recordsOf(tail))).toEqual(['e']);
  });

  it('that overtakes a tail whose reader is away hides nothing: an offset is a record or in the gap', async () => {
    await using kafka = openTestKafka({ reader: { tailBufferBytes: 1 } });
    const topic = await newTopic(kafka);
    await write(kafka, topic, ['a']);
    const tail = kafka.log.tail(topic, beginning(1), { signal })[Symbol.asyncIterator]();
    expect(textsOf((await tail.next()).value.records)).toEqual(['a']);
    // It holds one batch for its reader, whatever is in it, and fetches nothing more.
    await write(kafka, topic, ['b']);
    await expect.poll(async () => (await kafka.log.bounds(topic)).get(0)?.end).toBe(2n);
    await write(kafka, topic, ['c', 'd', 'e', 'f']);
    await deleteRecords(topic, '5');
    const taken: LogBatch[] = [];
    while (taken.at(-1)?.next !== 6n) taken.push((await tail.next()).value);
    const texts = textsOf(recordsOf(taken));
    const [gap] = taken.flatMap((batch) => batch.gap ?? []);
    expect(texts.at(-1)).toBe('f');
    // Every offset is accounted for: as a record, or in the gap.
    expect(texts.length + Number(gap ? gap.to - gap.from : 0n)).toBe(5);
    await tail.return?.();
  });
});

describe('topics that change', () => {
  it('reads partitions added after a cursor from their beginning', async () => {
    await using kafka = openTestKafka();
    const topic = await newTopic(kafka);
    await write(kafka, topic, ['a']);
    const cursor = await cursorAt(kafka, topic, 1n);
    await withAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }));
    const producer = kafkajsClient().producer(onceEach);
    await producer.connect();
    await producer.send({ topic, messages: [{ value: 'b', partition: 2 }] });
    await producer.disconnect();
    // Another gateway, which has never seen the topic with one partition.
    await using fresh = openTestKafka();
    expect(await resolve(fresh, topic, cursor)).toMatchObject({
      position: new Map([
        [0, 1n],
        [1, 0n],
        [2, 0n],
      ]),
      gap: null,
    });
  });

  it('ends the tail of a topic that was deleted and made anew at once, and tells its cursors', async () => {
    await using kafka = openTestKafka({ metadataMaxAgeMs: 200 });
    const topic = await newTopic(kafka);
    await write(kafka, topic, ['a', 'b']);
    const { topicId } = await kafka.log.identify(topic);
    const cursor = await cursorAt(kafka, topic, 2n);
    const tail = kafka.log.tail(topic, new Map([[0, 2n]]), { signal })[Symbol.asyncIterator]();
    await tail.next();
    const ended = expect(drain({ [Symbol.asyncIterator]: () => tail })).rejects.toMatchObject({
      code: 'TOPIC_MISSING',
    });
    await withAdmin((admin) => admin.deleteTopics({ topics: [topic] }));
    await vi.waitFor(
      () => withAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true })),
      patience,
    );
    const producer = kafkajsClient().producer(onceEach);
    await producer.connect();
    await producer.send({ topic, messages: ['c', 'd', 'e'].map((value) => ({ value })) });
    await producer.disconnect();
    await ended;
    await using fresh = openTestKafka();
    const { position, gap } = await resolve(fresh, topic, cursor);
    expect([[...position], gap]).toEqual([[[0, 0n]], { reason: 'RECREATED', missed: null }]);
    expect(textsOf(recordsOf(await readAll(fresh, topic, 1)))).toEqual(['c', 'd', 'e']);
    const missing = { code: 'TOPIC_MISSING' };
    const reading = fresh.log.read(topic, new Map([[0, 2n]]), { maxBytes: 1_000, signal, topicId });
    await expect(reading).rejects.toMatchObject(missing);
    await expect(drain(fresh.log.tail(topic, new Map([[0, 2n]]), { signal, topicId }))).rejects.toMatchObject(missing);
  });
});

describe('the settings of a topic', () => {
  it('tell how long tombstones are kept', async () => {
    await using kafka = openTestKafka();
    const topic = await newTopic(kafka);
    expect(await kafka.log.tombstonesKeptMs(topic)).toBe(86_400_000);
    const other = await newTopic(kafka);
    const type = kafkajs.ConfigResourceTypes.TOPIC;
    const configEntries = [{ name: 'delete.retention.ms', value: '5000' }];
    await withAdmin((admin) =>
      admin.alterConfigs({ validateOnly: false, resources: [{ type, name: other, configEntries }] }),
    );
    expect(await kafka.log.tombstonesKeptMs(other)).toBe(5_000);
    await expect(kafka.log.tombstonesKeptMs('no_such_topic')).rejects.toMatchObject({ code: 'TOPIC_MISSING' });
  });
});

/** Takes batches until the tail ends; none of them may have records. */
async function drain(tail: AsyncIterable<LogBatch>): Promise<void> {
  for await (const { records } of tail) expect(records).toEqual([]);
}
