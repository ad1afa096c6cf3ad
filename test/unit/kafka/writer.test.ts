import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NewRecord } from '#kafka';
import { topicMissing } from '../../../src/kafka/failures.ts';
import { writerSchema } from '../../../src/kafka/options.ts';
import type { TopicMetadata } from '../../../src/kafka/topics.ts';
import { KafkaWriter } from '../../../src/kafka/writer.ts';
import { acked, FakeSender, notSent, textsOf } from './fake-sender.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const metadata: TopicMetadata = {
  topic: 't',
  topicId: 'id',
  clusterId: 'cluster',
  partitions: [
    { leader: 1, leaderEpoch: 0 },
    { leader: -1, leaderEpoch: 0 },
    { leader: 1, leaderEpoch: 0 },
  ],
  loadedAtMs: 0,
};

function setup(known: TopicMetadata | undefined = metadata, options = {}) {
  const sender = new FakeSender();
  const topics = { peek: vi.fn((): TopicMetadata | undefined => known), get: vi.fn(async () => metadata) };
  const writer = new KafkaWriter(topics, sender, writerSchema.parse(options));
  const write = (...records: NewRecord[]) => writer.write('t', records, { deadlineMs: 1_000 });
  const turn = () => vi.advanceTimersByTimeAsync(0);
  return { sender, topics, writer, write, turn };
}

const value = (text: string, rest: Partial<NewRecord> = {}): NewRecord => ({
  key: null,
  value: Buffer.from(text),
  headers: [],
  ...rest,
});

describe('KafkaWriter', () => {
  it('answers in the order of the records, whatever partitions they go to', async () => {
    const { sender, write, turn } = setup();
    const answer = write(value('a', { partition: 2 }), value('b', { partition: 0 }), value('c', { partition: 2 }));
    await turn();
    await sender.attempts[0]?.answer(acked(20n), acked(0n));
    expect(await answer).toMatchObject([
      { outcome: 'ACKED', partition: 2, offset: 20n },
      { outcome: 'ACKED', partition: 0, offset: 0n },
      { outcome: 'ACKED', partition: 2, offset: 21n },
    ]);
  });

  it('puts the keyless records of a call together, the next call elsewhere, and never where nobody leads', async () => {
    const { sender, write, turn } = setup();
    for (const _ of [1, 2, 3, 4]) void write(value('a'), value('b'));
    await turn();
    const counts = sender.attempts[0]?.batches.map(({ partition, records }) => [partition, records.length]).toSorted();
    expect(counts).toEqual([
      [0, 4],
      [2, 4],
    ]);
  });

  it('keeps the order of calls that wait for the topic to be known', async () => {
    const { sender, topics, writer, turn } = setup();
    const loading = Promise.withResolvers<TopicMetadata>();
    topics.peek.mockReturnValueOnce(undefined);
    topics.get.mockReturnValue(loading.promise);
    const write = (text: string) => void writer.write('t', [value(text, { partition: 0 })], { deadlineMs: 1_000 });
    write('first');
    write('second');
    loading.resolve(metadata);
    await Promise.resolve();
    write('third');
    await turn();
    expect(textsOf(sender.attempts[0]?.batches[0])).toEqual(['first', 'second', 'third']);
  });

  it('takes nothing of a call for a topic that does not exist', async () => {
    const { topics, write } = setup();
    topics.peek.mockReturnValue(undefined);
    topics.get.mockRejectedValue(topicMissing('t'));
    await expect(write(value('a'))).rejects.toMatchObject({ code: 'TOPIC_MISSING' });
  });

  it('gives up waiting for the topic to be known at the deadline', async () => {
    const { topics, write } = setup();
    topics.peek.mockReturnValue(undefined);
    topics.get.mockReturnValue(new Promise(() => {}));
    const answer = expect(write(value('a'))).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE' });
    await vi.advanceTimersByTimeAsync(1_000);
    await answer;
  });

  it.each([
    ['a partition that is not there', value('a', { partition: 3 })],
    ['a partition that is none', value('a', { partition: -1 })],
    ['a timestamp before 1970', value('a', { timestampMs: -5 })],
    ['a timestamp that is none', value('a', { timestampMs: Number.NaN })],
    ['a header without a value', value('a', { headers: [{ name: 'h', value: null }] })],
  ])('takes nothing of a call with %s', async (_, wrong) => {
    const { sender, write, turn } = setup();
    await expect(write(value('fine'), wrong)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await turn();
    expect(sender.attempts).toEqual([]);
  });

  it('asks anew for the partitions before it says that one does not exist', async () => {
    const { sender, topics, write, turn } = setup({ ...metadata, partitions: metadata.partitions.slice(0, 1) });
    void write(value('a', { partition: 2 }));
    await turn();
    expect(topics.get).toHaveBeenCalledWith('t', 0);
    expect(sender.attempts[0]?.batches[0]?.partition).toBe(2);
  });

  it('hands over several headers of one name, and timestamps as text of one length', async () => {
    const { sender, write, turn } = setup();
    const header = (text: string) => ({ name: 'h', value: Buffer.from(text) });
    void write(value('a', { timestampMs: 5, headers: [header('1'), header('2')] }));
    await turn();
    expect(sender.attempts[0]?.batches[0]?.records[0]).toMatchObject({
      timestamp: '0000000000005',
      headers: { h: [Buffer.from('1'), Buffer.from('2')] },
    });
  });

  it('refuses at once what its queue has no room for', async () => {
    const { write } = setup(metadata, { maxQueuedRecords: 1 });
    void write(value('a'));
    await expect(write(value('b'))).rejects.toMatchObject({ code: 'OVERLOADED' });
  });

  it('refuses waiting records as soon as the topic turns out to be gone', async () => {
    const { sender, topics, write, turn } = setup();
    const answer = write(value('a'));
    await turn();
    topics.get.mockRejectedValue(topicMissing('t'));
    await sender.attempts[0]?.answer(notSent);
    await turn();
    expect(await answer).toMatchObject([{ outcome: 'NOT_WRITTEN', error: { code: 'TOPIC_MISSING' } }]);
  });

  it('takes nothing after close', async () => {
    const { sender, writer, write } = setup();
    await writer.close();
    expect(sender.closed).toBe(true);
    await expect(write(value('a'))).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });
});
