import { describe, expect, it, vi } from 'vitest';
import { FetchLoop } from '../../../src/kafka/fetch-loop.ts';
import { kafkaOptionsSchema } from '../../../src/kafka/options.ts';
import { Cursor, Tail } from '../../../src/kafka/tail.ts';
import type { FetchRequest, Wire } from '../../../src/kafka/wire.ts';

const { reader: options } = kafkaOptionsSchema.parse({ connection: { brokers: 'b:1' } });

type Answer = Awaited<ReturnType<Wire['fetch']>>;

/** A broker whose answers the test gives. */
class FakeBroker {
  readonly requests: { readonly lane: string; readonly request: FetchRequest; answer(error?: number): void }[] = [];

  fetch(_node: number, lane: string, request: FetchRequest): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const answer = (errorCode = 0) => resolve(emptyAnswer(request, errorCode));
    this.requests.push({ lane, request, answer });
    return promise;
  }

  /** Which topics each request that was made asks for. */
  get asked(): readonly string[] {
    return this.requests.map(
      ({ lane, request }) => `${lane} ${request.topics.map(({ topicId }) => topicId).join('+')}`,
    );
  }
}

function emptyAnswer({ topics }: FetchRequest, errorCode: number): Answer {
  const partition = {
    errorCode,
    highWatermark: 5n,
    lastStableOffset: 5n,
    logStartOffset: 0n,
    abortedTransactions: [],
    preferredReadReplica: -1,
    records: [],
  };
  const responses = topics.map(({ topicId, partitions }) => ({
    topicId,
    partitions: partitions.map(({ partition: partitionIndex }) => ({ ...partition, partitionIndex })),
  }));
  return { throttleTimeMs: 0, errorCode: 0, sessionId: 0, responses };
}

function setup() {
  const broker = new FakeBroker();
  const owner = { lost: vi.fn(), late: vi.fn(), outOfRange: vi.fn() };
  const loop = new FetchLoop(1, { wire: broker, options, owner });
  const feed = { attach() {}, detach() {}, wake() {} };
  const cursorOf = (topicId: string) => {
    const { signal } = new AbortController();
    const tail = new Tail({ topic: topicId, position: new Map([[0, 5n]]), signal }, feed, 1_000);
    tail.topicId = topicId;
    void tail.next();
    const cursor = new Cursor(tail, 0);
    cursor.leaderEpoch = 3;
    return cursor;
  };
  return { broker, owner, loop, cursorOf };
}

/** Lets what was answered take effect. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('FetchLoop', () => {
  it('asks for all that was added in one turn at once, first without waiting, then for as long as it may', async () => {
    const { broker, loop, cursorOf } = setup();
    for (const topic of ['a', 'b']) loop.add(cursorOf(topic));
    await settle();
    broker.requests[0]?.answer();
    await settle();
    expect(broker.asked).toEqual(['live a+b', 'live a+b']);
    expect(broker.requests.map(({ request }) => request.maxWaitMs)).toEqual([0, options.fetchMaxWaitMs]);
  });

  it('does not let one who joins wait for a request that waits, and takes it along in the next', async () => {
    const { broker, loop, cursorOf } = setup();
    loop.add(cursorOf('a'));
    await settle();
    broker.requests[0]?.answer();
    await settle();
    loop.add(cursorOf('b'));
    await settle();
    broker.requests[2]?.answer();
    await settle();
    expect(broker.asked).toEqual(['live a', 'live a', 'joining b', 'joining b']);
    broker.requests[1]?.answer();
    await settle();
    expect(broker.asked).toHaveLength(4);
    broker.requests[3]?.answer();
    await settle();
    expect(broker.asked.at(-1)).toBe('live a+b');
  });

  it('asks under the leader epoch that it knows, and drops an answer given under another', async () => {
    const { broker, loop, cursorOf } = setup();
    const cursor = cursorOf('a');
    loop.add(cursor);
    await settle();
    expect(broker.requests[0]?.request.topics[0]?.partitions[0]?.currentLeaderEpoch).toBe(3);
    cursor.leaderEpoch = 4;
    broker.requests[0]?.answer();
    await settle();
    expect([cursor.epoch, cursor.bounds]).toEqual([-1, null]);
    broker.requests[1]?.answer();
    await settle();
    expect([cursor.epoch, cursor.bounds]).toEqual([4, { start: 0n, end: 5n, epoch: 4 }]);
  });

  it('lets go of a cursor at an error of its partition, and of one that is outside of the log', async () => {
    const { broker, loop, owner, cursorOf } = setup();
    const cursor = cursorOf('a');
    loop.add(cursor);
    await settle();
    broker.requests[0]?.answer(74);
    await settle();
    expect([owner.lost.mock.calls.length, loop.isEmpty]).toEqual([1, true]);
    loop.add(cursor);
    await settle();
    broker.requests[1]?.answer(1);
    await settle();
    expect(owner.outOfRange).toHaveBeenCalledWith(cursor);
    expect(broker.asked).toHaveLength(2);
  });

  it('asks nothing for those who left', async () => {
    const { broker, loop, cursorOf } = setup();
    const cursor = cursorOf('a');
    loop.add(cursor);
    await settle();
    loop.remove(cursor);
    broker.requests[0]?.answer();
    await settle();
    expect([broker.asked.length, cursor.bounds]).toEqual([1, null]);
  });
});
