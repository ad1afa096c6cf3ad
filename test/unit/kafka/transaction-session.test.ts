import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type PartitionPart, TransactionSession } from '../../../src/kafka/transaction-session.ts';
import type { PartitionRecords, TransactionWire } from '../../../src/kafka/transaction-wire.ts';

const part = (records: number): PartitionPart => ({
  topic: 't',
  partition: 0,
  leader: 1,
  records: Array.from({ length: records }, () => ({
    key: null,
    value: Buffer.alloc(10),
    timestamp: '0',
    partition: 0,
  })),
});

/** What the coordinator says to each commit in turn; 'lost': the connection breaks, 'never': it stays open. */
type Answer = number | 'lost' | 'never';

interface Faults {
  /** What partitions answer to records. */
  readonly produce?: number | 'never';
  /** How many requests for an epoch are lost. */
  lostEpochs?: number;
}

const never = () => new Promise<never>(() => {});

/** A session whose Kafka is played; every step but the commit works. Broker 1 may be replaced by broker 2. */
function open(commits: Answer[], faults: Faults = {}) {
  const sent: PartitionRecords[] = [];
  const epochs = { next: 0 };
  const inCharge = { broker: 1 };
  const asked: number[] = [];
  const wire: Pick<TransactionWire, 'coordinator' | 'initialise' | 'addPartitions' | 'leads' | 'produce' | 'end'> = {
    coordinator: async () => ({ host: 'h', port: inCharge.broker, errorCode: 0 }),
    async initialise() {
      const epoch = epochs.next++;
      if (epoch < (faults.lostEpochs ?? 0)) throw new Error('The connection broke.');
      return { throttleTimeMs: 0, errorCode: 0, producerId: 7n, producerEpoch: epoch };
    },
    addPartitions: async () => [0],
    leads: async (node) => node === inCharge.broker,
    async produce(_node, _identity, parts) {
      sent.push(...parts);
      if (faults.produce === 'never') return await never();
      const errorCode = faults.produce ?? 0;
      return parts.map(({ topic, partition }) => ({ topic, partition, errorCode, baseOffset: 5n, appendedAtMs: null }));
    },
    async end(at) {
      asked.push(at.port);
      const answer = commits.shift() ?? 0;
      if (answer === 'never') return await never();
      if (answer === 'lost') throw new Error('The connection broke.');
      return answer;
    },
  };
  const options = { transactionTimeoutMs: 1_000, maxBatchBytes: 30, closing: new AbortController().signal };
  const session = new TransactionSession(wire as TransactionWire, 'id', options);
  return { session, sent, epochs, commits, inCharge, asked };
}

const call = (givenUp = new AbortController().signal) => ({ givenUp, isCommitting: false });

describe('a transaction', () => {
  it('asks for the commit again when the answer is lost, and is committed when Kafka says so', async () => {
    const { session, commits } = open(['lost', 51, 'lost', 16, 0]);
    expect((await session.run([part(1)], call())).kind).toBe('committed');
    expect(commits).toEqual([]);
  });

  it.each([47, 48, 90])('was aborted when Kafka answers a commit with %i: it had expired', async (code) => {
    const { session, epochs } = open(['lost', code]);
    expect(await session.run([part(1)], call())).toMatchObject({ kind: 'aborted', code });
    await session.recover();
    expect(epochs.next).toBe(2);
  });

  it('is unknown when it may have been committed before a late request for an epoch ended it', async () => {
    const { session } = open(['lost', 47], { lostEpochs: 1 });
    await session.run([part(1)], call());
    expect(await session.run([part(1)], call())).toMatchObject({ kind: 'unknown', code: 47 });
  });

  it('ends at once when it is given up while a broker does not answer', async () => {
    const { session, sent, epochs, commits } = open([0], { produce: 'never' });
    const caller = new AbortController();
    const running = session.run([part(1)], call(caller.signal));
    await vi.waitUntil(() => sent.length > 0);
    caller.abort();
    expect(await running).toMatchObject({ kind: 'aborted', code: null });
    await session.recover();
    expect([epochs.next, commits]).toEqual([2, [0]]);
  });

  describe('that a broker does not answer', () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it('is aborted as soon as another leads the partition, and not before', async () => {
      const { session, inCharge } = open([], { produce: 'never' });
      const ended = vi.fn();
      const running = session.run([part(1)], call());
      void running.then(ended);
      await vi.advanceTimersByTimeAsync(5_000);
      expect(ended).not.toHaveBeenCalled();
      inCharge.broker = 2;
      await vi.advanceTimersByTimeAsync(500);
      expect(await running).toMatchObject({ kind: 'aborted', cause: { message: expect.stringContaining('Broker 1') } });
    });

    it('is committed by the broker that coordinates it then', async () => {
      const { session, inCharge, asked } = open(['never', 0]);
      const running = session.run([part(1)], call());
      await vi.advanceTimersByTimeAsync(2_000);
      inCharge.broker = 2;
      await vi.advanceTimersByTimeAsync(1_000);
      expect((await running).kind).toBe('committed');
      expect(asked).toEqual([1, 2]);
    });

    it('is ended with as many requests as it takes', async () => {
      const { session, epochs } = open([], { lostEpochs: 5 });
      await session.run([part(1)], call());
      const recovered = session.recover();
      await vi.advanceTimersByTimeAsync(1_000);
      await recovered;
      expect(epochs.next).toBe(6);
    });
  });

  it('is unknown when Kafka does not know either', async () => {
    const { session } = open([49]);
    expect(await session.run([part(1)], call())).toMatchObject({ kind: 'unknown', code: 49 });
  });

  it('is aborted, with no commit asked for, when a partition refuses its records', async () => {
    const { session, commits } = open([0], { produce: 10 });
    expect(await session.run([part(1)], call())).toMatchObject({ kind: 'aborted', code: 10 });
    expect(commits).toEqual([0]);
  });

  it('is aborted when its caller has been told so before the commit', async () => {
    const { session, commits } = open([0]);
    expect(await session.run([part(1)], call(AbortSignal.abort()))).toMatchObject({ kind: 'aborted' });
    expect(commits).toEqual([0]);
  });

  it('numbers its records on, chunk by chunk and from one transaction to the next', async () => {
    const { session, sent } = open([]);
    await session.run([part(7)], call());
    await session.run([part(2)], call());
    expect(sent.map(({ firstSequence, records }) => [firstSequence, records.length])).toEqual([
      [0, 3],
      [3, 3],
      [6, 1],
      [7, 2],
    ]);
  });
});
