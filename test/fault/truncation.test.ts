import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCursors, createRecordDecoder, type LogBatch } from '#feed';
import type { Kafka } from '#kafka';
import { resolveStart } from '../../src/feed/start.ts';
import { type Broker, openBroker } from '../support/broker.ts';
import { beginning, newTopic, openTestKafka, record, recordsOf, takeUntil, textsOf } from '../support/kafka.ts';
import { cutPartition } from '../support/partition-log.ts';

const soon = { deadlineMs: 60_000 };
const { signal } = new AbortController();
const cursors = createCursors([randomBytes(32)]);
const decode = createRecordDecoder({ decode: (value) => ({ ok: true, node: { text: String(value) } }) }, false);

let broker: Broker;
beforeAll(async () => {
  broker = await openBroker();
});
afterAll(async () => await broker?.[Symbol.asyncDispose]());

const numbered = (name: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `${name}${from + index}`);

/** Each record in a batch of its own, so that the log can be cut between any two. */
async function write(kafka: Kafka, topic: string, texts: readonly string[]): Promise<void> {
  for (const text of texts)
    expect(await kafka.writer.write(topic, [record(text)], soon)).toMatchObject([{ outcome: 'ACKED' }]);
}

/** Loses all from the offset on: the disk was not flushed, and no other broker has it. */
async function lose(topic: string, offset: bigint): Promise<void> {
  await broker.restart('SIGKILL', () => cutPartition(join(broker.logDir, `${topic}-0`), offset));
}

async function cursorAt(kafka: Kafka, topic: string, offset: bigint): Promise<string> {
  const scope = { ...(await kafka.log.identify(topic)), field: 'texts' };
  const epochs = new Map(Array.from(await kafka.log.bounds(topic), ([partition, { epoch }]) => [partition, epoch]));
  return cursors.encode(scope, new Map([[0, offset]]), epochs);
}

/** What a subscriber with the cursor is told now, and all that it reads from there. */
async function resume(kafka: Kafka, topic: string, cursor: string) {
  const identity = await kafka.log.identify(topic);
  const content = cursors.decode({ ...identity, field: 'texts' }, cursor);
  const bounds = await kafka.log.bounds(topic);
  const context = { log: kafka.log, decode, topic, topicId: identity.topicId, bounds, signal };
  const { position, epochs, gap } = await resolveStart({ kind: 'after', cursor: content }, context);
  const end = bounds.get(0)?.end ?? 0n;
  const read = await takeUntil(
    kafka.log.tail(topic, position, { signal, epochs }),
    (taken) => (taken.at(-1)?.next ?? 0n) >= end,
  );
  return { gap, at: position.get(0), texts: textsOf(recordsOf(read)) };
}

describe('a log that was truncated', () => {
  it('is told to cursors that saw what is lost, and to them alone; nothing is skipped', async () => {
    await using kafka = openTestKafka({ brokers: broker.address });
    const topic = await newTopic(kafka);
    await write(kafka, topic, numbered('a', 0, 10));
    const under = (await kafka.log.bounds(topic)).get(0)?.epoch ?? 0;
    const [early, late] = [await cursorAt(kafka, topic, 4n), await cursorAt(kafka, topic, 10n)];
    await lose(topic, 6n);
    await using after = openTestKafka({ brokers: broker.address });
    expect(await resume(after, topic, late)).toEqual({ gap: { reason: 'TRUNCATED', missed: null }, at: 6n, texts: [] });
    await write(after, topic, numbered('b', 6, 16));
    expect((await after.log.bounds(topic)).get(0)).toMatchObject({ start: 0n, end: 16n });
    expect((await after.log.bounds(topic)).get(0)?.epoch).toBeGreaterThan(under);
    expect(await after.log.epochEnds(topic, new Map([[0, under]]))).toEqual(new Map([[0, 6n]]));
    expect(await resume(after, topic, late)).toEqual({
      gap: { reason: 'TRUNCATED', missed: null },
      at: 6n,
      texts: numbered('b', 6, 16),
    });
    expect(await resume(after, topic, early)).toEqual({
      gap: null,
      at: 4n,
      texts: [...numbered('a', 4, 6), ...numbered('b', 6, 16)],
    });
  });

  it('is told by a tail and by a read of history that go on through it', async () => {
    await using kafka = openTestKafka({ brokers: broker.address });
    const topic = await newTopic(kafka);
    await write(kafka, topic, numbered('a', 0, 10));
    const tail = kafka.log.tail(topic, beginning(1), { signal })[Symbol.asyncIterator]();
    expect(await takeFrom(tail, 10)).toEqual({ gaps: [], texts: numbered('a', 0, 10) });
    const [history] = await kafka.log.read(topic, beginning(1), { maxBytes: 1_000, signal });
    await lose(topic, 6n);
    await write(kafka, topic, numbered('b', 6, 16));
    const gap = { reason: 'TRUNCATED', from: 10n, to: 6n };
    expect(await takeFrom(tail, 10)).toEqual({ gaps: [gap], texts: numbered('b', 6, 16) });
    const epochs = new Map([[0, history?.bounds.epoch ?? -1]]);
    // It opens only now, at a position of before.
    const late = kafka.log.tail(topic, new Map([[0, 8n]]), { signal, epochs })[Symbol.asyncIterator]();
    expect(await takeFrom(late, 10)).toEqual({ gaps: [{ ...gap, from: 8n }], texts: numbered('b', 6, 16) });
    const options = { maxBytes: 1_000, signal, epochs };
    expect(await kafka.log.read(topic, new Map([[0, history?.next ?? 0n]]), options)).toMatchObject([
      { gap, records: [], next: 6n, bounds: { start: 0n, end: 16n } },
    ]);
    expect(await kafka.log.read(topic, new Map([[0, 5n]]), options)).toMatchObject([{ gap: null, next: 16n }]);
    await Promise.all([tail.return?.(), late.return?.()]);
  });

  it('goes unnoticed where nothing was lost, however often the leader changes', async () => {
    await using kafka = openTestKafka({ brokers: broker.address });
    const topic = await newTopic(kafka);
    await write(kafka, topic, numbered('a', 0, 5));
    const cursor = await cursorAt(kafka, topic, 5n);
    const tail = kafka.log.tail(topic, new Map([[0, 3n]]), { signal })[Symbol.asyncIterator]();
    expect(await takeFrom(tail, 2)).toEqual({ gaps: [], texts: numbered('a', 3, 5) });
    await broker.restart('SIGKILL');
    await broker.restart('SIGTERM');
    await write(kafka, topic, numbered('a', 5, 9));
    expect(await takeFrom(tail, 4)).toEqual({ gaps: [], texts: numbered('a', 5, 9) });
    expect(await resume(kafka, topic, cursor)).toEqual({ gap: null, at: 5n, texts: numbered('a', 5, 9) });
    await tail.return?.();
  });
});

/** The next records of a tail, and the gaps before them. */
async function takeFrom(tail: AsyncIterator<LogBatch>, count: number) {
  const batches: LogBatch[] = [];
  while (recordsOf(batches).length < count) {
    const { value, done } = await tail.next();
    if (done) break;
    batches.push(value);
  }
  return { gaps: batches.flatMap(({ gap }) => gap ?? []), texts: textsOf(recordsOf(batches)) };
}
