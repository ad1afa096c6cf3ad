import { describe, expect, it } from 'vitest';
import { decodeRecords } from '../../../src/kafka/records.ts';
import type { FetchedPartition } from '../../../src/kafka/wire.ts';

type Batch = NonNullable<FetchedPartition['records']>[number];

const transactional = 0x10;
const control = 0x20;
const logAppendTime = 0x08;

/** A batch of so many records from the offset on. */
function batch(firstOffset: number, count: number, { attributes = 0, producerId = -1n } = {}): Batch {
  return {
    firstOffset: BigInt(firstOffset),
    length: 0,
    partitionLeaderEpoch: 0,
    magic: 2,
    crc: 0,
    attributes,
    lastOffsetDelta: count - 1,
    firstTimestamp: 1_000n,
    maxTimestamp: 9_000n,
    producerId,
    producerEpoch: 0,
    firstSequence: 0,
    records: Array.from({ length: count }, (_, i) => ({
      length: 0,
      attributes: 0,
      timestampDelta: BigInt(i),
      offsetDelta: i,
      key: Buffer.from(`k${firstOffset + i}`),
      value: Buffer.from(`v${firstOffset + i}`),
      headers: [],
    })),
  };
}

/** The end of a transaction. */
function marker(offset: number, producerId: bigint, type: 'abort' | 'commit'): Batch {
  const key = Buffer.from([0, 0, 0, type === 'abort' ? 0 : 1]);
  const made = batch(offset, 1, { attributes: transactional | control, producerId });
  return { ...made, records: made.records.map((record) => ({ ...record, key })) };
}

function fetched(records: Batch[], aborted: [producerId: bigint, firstOffset: bigint][] = []): FetchedPartition {
  return {
    partitionIndex: 0,
    errorCode: 0,
    highWatermark: 1_000n,
    lastStableOffset: 1_000n,
    logStartOffset: 0n,
    abortedTransactions: aborted.map(([producerId, firstOffset]) => ({ producerId, firstOffset })),
    preferredReadReplica: -1,
    records,
  };
}

const offsetsOf = (decoded: ReturnType<typeof decodeRecords>) => decoded.records.map(({ offset }) => Number(offset));

describe('decodeRecords', () => {
  it('yields the records from the offset on, with their own timestamps', () => {
    const decoded = decodeRecords(fetched([batch(10, 4)]), 3, 12n);
    expect(decoded.records).toMatchObject([
      { partition: 3, offset: 12n, timestampMs: 1_002, key: Buffer.from('k12'), value: Buffer.from('v12') },
      { partition: 3, offset: 13n, timestampMs: 1_003 },
    ]);
    expect(decoded.next).toBe(14n);
  });

  it('goes past the holes that compaction leaves at the end of a batch', () => {
    const holed = { ...batch(10, 2), lastOffsetDelta: 9 };
    expect(decodeRecords(fetched([holed]), 0, 10n).next).toBe(20n);
  });

  it('takes the time of appending where the topic says so', () => {
    const decoded = decodeRecords(fetched([batch(0, 2, { attributes: logAppendTime })]), 0, 0n);
    expect(decoded.records.map(({ timestampMs }) => timestampMs)).toEqual([9_000, 9_000]);
  });

  it('skips control records and goes past them', () => {
    const decoded = decodeRecords(
      fetched([batch(0, 2, { attributes: transactional, producerId: 7n }), marker(2, 7n, 'commit')]),
      0,
      0n,
    );
    expect(offsetsOf(decoded)).toEqual([0, 1]);
    expect(decoded.next).toBe(3n);
  });

  it('drops an aborted transaction and keeps what others wrote in between', () => {
    const ours = { attributes: transactional, producerId: 7n };
    const theirs = { attributes: transactional, producerId: 8n };
    const log = [
      batch(0, 2, ours),
      batch(2, 1),
      batch(3, 2, theirs),
      batch(5, 1, ours),
      marker(6, 7n, 'abort'),
      marker(7, 8n, 'commit'),
    ];
    const decoded = decodeRecords(fetched(log, [[7n, 0n]]), 0, 0n);
    expect(offsetsOf(decoded)).toEqual([2, 3, 4]);
    expect(decoded.next).toBe(8n);
  });

  it('tells several transactions of one producer apart', () => {
    const ours = { attributes: transactional, producerId: 7n };
    const log = [
      batch(0, 1, ours),
      marker(1, 7n, 'abort'),
      batch(2, 1, ours),
      marker(3, 7n, 'commit'),
      batch(4, 1, ours),
      marker(5, 7n, 'abort'),
    ];
    // In the order in which they ended, which need not be that of their offsets.
    const decoded = decodeRecords(
      fetched(log, [
        [7n, 4n],
        [7n, 0n],
      ]),
      0,
      0n,
    );
    expect(offsetsOf(decoded)).toEqual([2]);
  });

  it('drops aborted records also when the abort marker comes in a later fetch', () => {
    const ours = { attributes: transactional, producerId: 7n };
    expect(offsetsOf(decodeRecords(fetched([batch(0, 2, ours)], [[7n, 0n]]), 0, 0n))).toEqual([]);
    const rest = decodeRecords(
      fetched([batch(2, 2, ours), marker(4, 7n, 'abort'), batch(5, 1, ours)], [[7n, 0n]]),
      0,
      2n,
    );
    expect(offsetsOf(rest)).toEqual([5]);
  });

  it('stays where it is when nothing came', () => {
    expect(decodeRecords(fetched([]), 0, 5n)).toEqual({ records: [], next: 5n, bytes: 0 });
  });
});
