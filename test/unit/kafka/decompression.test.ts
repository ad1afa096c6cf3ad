import { describe, expect, it } from 'vitest';
import { type FetchPortion, Portions } from '../../../src/kafka/decompression.ts';

const partition = { partition: 0, currentLeaderEpoch: 0, fetchOffset: 0n, lastFetchedEpoch: -1 };

function requestOf(...topicIds: readonly string[]): FetchPortion {
  return {
    maxBytes: 4096,
    topics: topicIds.map((topicId) => ({ topicId, partitions: [{ ...partition, partitionMaxBytes: 1024 }] })),
  };
}

/** How much is asked for: in all, and by topic. */
function askedOf({ maxBytes, topics }: FetchPortion): readonly number[] {
  return [maxBytes, ...topics.map(({ partitions }) => partitions[0]?.partitionMaxBytes ?? 0)];
}

/** An answer with a batch of the topic that came to so many bytes. */
function answerOf(topicId: string, decompressedBytes?: number) {
  const records = [{}];
  const responses = [{ topicId, partitions: [{ records }] }];
  return { responses, ...(decompressedBytes !== undefined && { decompressedBytes }) } as unknown as Parameters<
    Portions['grow']
  >[0];
}

describe('how much is asked for of topics whose records swell', () => {
  it('is what the reader wants as long as nothing is known', () => {
    expect(askedOf(new Portions().of(requestOf('a', 'b')))).toEqual([4096, 1024, 1024]);
  });

  it('shrinks with each answer that is too much, down to a single batch, and in no other topic', () => {
    const portions = new Portions();
    portions.shrink(['a']);
    expect(askedOf(portions.of(requestOf('a')))).toEqual([512, 128]);
    portions.shrink(['a']);
    expect(askedOf(portions.of(requestOf('a', 'b')))).toEqual([4096, 16, 1024]);
    for (let time = 0; time < 20; time += 1) portions.shrink(['a']);
    expect(askedOf(portions.of(requestOf('a')))).toEqual([1, 1]);
  });

  it('grows again when answers with records come to little, and only then', () => {
    const portions = new Portions();
    portions.shrink(['a']);
    portions.shrink(['a']);
    portions.grow(answerOf('b', 0));
    portions.grow(answerOf('a', 16 * 1024 * 1024));
    portions.grow(answerOf('a'));
    expect(askedOf(portions.of(requestOf('a')))).toEqual([64, 16]);
    portions.grow(answerOf('a', 1024));
    expect(askedOf(portions.of(requestOf('a')))).toEqual([512, 128]);
    portions.grow(answerOf('a', 0));
    expect(askedOf(portions.of(requestOf('a')))).toEqual([4096, 1024]);
  });
});
