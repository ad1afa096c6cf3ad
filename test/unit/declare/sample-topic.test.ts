import { describe, expect, it } from 'vitest';
import { checkTopics, sampleOptions, sampleTopic } from '#declare';
import type { Bounds, LogRecord, RecordLog } from '#feed';
import { parseModel } from '#model';
import { record } from './found.ts';

/** A log of these records, which answers a few at a time. */
function logOf(records: readonly LogRecord[], end: bigint): Pick<RecordLog, 'bounds' | 'read'> {
  const bounds: Bounds = { start: 0n, end, epoch: 0 };
  return {
    bounds: async () => new Map([[0, bounds]]),
    async read(_topic, position) {
      const from = position.get(0) ?? 0n;
      const found = records.filter(({ offset }) => offset >= from).slice(0, 3);
      const last = found.at(-1);
      return [{ partition: 0, records: found, next: last === undefined ? end : last.offset + 1n, bounds, gap: null }];
    },
  };
}

const numbered = (offset: bigint) => record({ n: Number(offset) }, { offset });

describe('a sample', () => {
  it('is the newest records, in order', async () => {
    const log = logOf(
      Array.from({ length: 50 }, (_, at) => numbered(BigInt(at))),
      50n,
    );
    const sample = await sampleTopic(log, 't', sampleOptions.parse({ records: 10 }));
    expect(sample.map(({ offset }) => Number(offset))).toEqual([40, 41, 42, 43, 44, 45, 46, 47, 48, 49]);
  });

  it('is looked for further back where the newest offsets hold no values', async () => {
    const tombstone = record({}, { offset: 99_999n, key: Buffer.from('k'), value: null });
    const log = logOf([numbered(1n), numbered(2n), tombstone], 100_000n);
    const sample = await sampleTopic(log, 't', sampleOptions.parse({ records: 10 }));
    expect(sample.map(({ offset }) => Number(offset))).toEqual([1, 2, 99_999]);
  });

  it('ends where its bytes do', async () => {
    const log = logOf(
      Array.from({ length: 50 }, (_, at) => numbered(BigInt(at))),
      50n,
    );
    const sample = await sampleTopic(log, 't', sampleOptions.parse({ maxBytes: 30 }));
    expect(sample.length).toBeGreaterThan(2);
    expect(sample.length).toBeLessThan(10);
  });
});

describe('the check of topics', () => {
  const text = `type Click @stream(topic: "clicks", partitions: 2) { a: Int }
    type User @stream(topic: "users", key: ["id"], cleanup: COMPACT) { id: ID! }
    type Sum @view(topic: "sums", sql: "SELECT a FROM clicks") { a: Int }`;
  const parsed = parseModel([{ file: 'a.graphql', text }]);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const found = (live: Parameters<typeof checkTopics>[1]) =>
    checkTopics(parsed.model, live).map(({ level, subject, message }) => `${level} ${subject}: ${message}`);

  it('tells what is missing and what differs', () => {
    expect(found([{ topic: 'clicks', partitions: 3, cleanupPolicy: 'compact,delete' }])).toEqual(
      [
        'fault clicks: the topic has 3 partitions, declared are 2',
        'fault clicks: the topic has cleanup.policy compact,delete, declared is delete',
        'note sums: the topic does not exist; the gateway makes it when it starts',
        'fault users: the topic does not exist; the gateway makes it when it starts',
      ].sort((left, right) => order(left) - order(right)),
    );
  });

  it('finds nothing where all is as declared', () => {
    const live = [
      { topic: 'clicks', partitions: 2, cleanupPolicy: 'delete' },
      { topic: 'users', partitions: 4, cleanupPolicy: 'compact' },
      { topic: 'sums', partitions: 4, cleanupPolicy: 'delete' },
    ];
    expect(found(live)).toEqual([]);
  });

  /** In the model's order. */
  function order(line: string): number {
    return parsed.ok ? parsed.model.sources.findIndex(({ topic }) => line.includes(` ${topic}: `)) : 0;
  }
});
