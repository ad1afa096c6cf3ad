import { describe, expect, it, vi } from 'vitest';
import { HistoryRead } from '../../../src/kafka/history-read.ts';
import type { TopicMetadata } from '../../../src/kafka/topics.ts';

const fencedLeaderEpoch = 74;

/** A partition whose leader is at an epoch, while the metadata that is known first may be older. */
function setup(leader: { epoch: number; knownFirst: number; endOfAsked?: bigint }) {
  const metadata = (leaderEpoch: number): TopicMetadata => ({
    topic: 't',
    topicId: 'id',
    clusterId: 'c',
    partitions: [{ leader: 1, leaderEpoch }],
    loadedAtMs: 0,
  });
  const epochEnds = vi.fn(async () => new Map(leader.endOfAsked === undefined ? [] : [[0, leader.endOfAsked]]));
  const get = async (_topic: string, maxAgeMs?: number) => metadata(maxAgeMs === 0 ? leader.epoch : leader.knownFirst);
  const bounds = async () => new Map([[0, { start: 0n, end: 20n, epoch: leader.epoch }]]);
  const fetch = vi.fn(async (_node, _lane, { topics }) => {
    const isFenced = topics[0].partitions[0].currentLeaderEpoch !== leader.epoch;
    const partition = {
      partitionIndex: 0,
      errorCode: isFenced ? fencedLeaderEpoch : 0,
      highWatermark: 20n,
      lastStableOffset: 20n,
      logStartOffset: 0n,
      abortedTransactions: [],
      preferredReadReplica: -1,
      records: [],
    };
    return { throttleTimeMs: 0, errorCode: 0, sessionId: 0, responses: [{ topicId: 'id', partitions: [partition] }] };
  });
  const parts = { wire: { fetch }, topics: { get }, offsets: { bounds, epochEnds } };
  const read = async (offset: bigint, under: number) => {
    const { signal } = new AbortController();
    const options = { maxBytes: 1_000, signal, epochs: new Map([[0, under]]) };
    return await new HistoryRead(parts, 't', new Map([[0, offset]]), options).run(signal);
  };
  return { read, epochEnds, fetch };
}

describe('a read of history under leader epochs', () => {
  it('asks nothing of a leader that has not changed', async () => {
    const { read, epochEnds } = setup({ epoch: 4, knownFirst: 4 });
    expect(await read(10n, 4)).toEqual([]);
    expect(epochEnds).not.toHaveBeenCalled();
  });

  it('tells a truncation, and fetches nothing from beyond it', async () => {
    const { read, fetch } = setup({ epoch: 5, knownFirst: 5, endOfAsked: 7n });
    expect(await read(10n, 4)).toEqual([
      {
        partition: 0,
        records: [],
        next: 7n,
        bounds: { start: 0n, end: 20n, epoch: 5 },
        gap: { reason: 'TRUNCATED', from: 10n, to: 7n },
      },
    ]);
    expect(fetch).not.toHaveBeenCalled();
  });

  it('reads on where nothing was lost', async () => {
    const { read, fetch } = setup({ epoch: 5, knownFirst: 5, endOfAsked: 10n });
    expect(await read(10n, 4)).toEqual([]);
    expect(fetch).toHaveBeenCalledOnce();
  });

  it('takes no harm from metadata that is older than the position', async () => {
    const { read, epochEnds, fetch } = setup({ epoch: 5, knownFirst: 3, endOfAsked: 20n });
    expect(await read(10n, 5)).toEqual([]);
    expect([epochEnds.mock.calls.length, fetch.mock.calls.length]).toEqual([1, 2]);
  });
});
