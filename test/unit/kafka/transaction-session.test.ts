import { describe, expect, it } from 'vitest';
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

/** What the coordinator says to each commit in turn; 'lost': the connection breaks. */
type Answer = number | 'lost';

/** A session whose Kafka is played; every step but the commit works. */
function open(commits: Answer[], faults: { readonly produce?: number } = {}) {
  const sent: PartitionRecords[] = [];
  const epochs = { next: 0 };
  const wire: Pick<TransactionWire, 'coordinator' | 'initialise' | 'addPartitions' | 'produce' | 'end'> = {
    coordinator: async () => ({ host: 'h', port: 1, errorCode: 0 }),
    initialise: async () => ({ throttleTimeMs: 0, errorCode: 0, producerId: 7n, producerEpoch: epochs.next++ }),
    addPartitions: async () => [0],
    async produce(_node, _identity, parts) {
      sent.push(...parts);
      const errorCode = faults.produce ?? 0;
      return parts.map(({ topic, partition }) => ({ topic, partition, errorCode, baseOffset: 5n, appendedAtMs: null }));
    },
    async end() {
      const answer = commits.shift() ?? 0;
      if (answer === 'lost') throw new Error('The connection broke.');
      return answer;
    },
  };
  const options = { transactionTimeoutMs: 1_000, maxBatchBytes: 30, closing: new AbortController().signal };
  const session = new TransactionSession(wire as TransactionWire, 'id', options);
  return { session, sent, epochs, commits };
}

const call = () => ({ isGivenUp: false, isCommitting: false });

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
    expect(await session.run([part(1)], { isGivenUp: true, isCommitting: false })).toMatchObject({ kind: 'aborted' });
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
