import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCursors, type Epochs, type Position } from '#feed';

const scope = {
  clusterId: 'MkU3OEVBNTcwNTJENDM2Qg',
  topicId: '6f76c9d3-1525-4901-aa98-6416058b3cc6',
  field: 'userClicks',
};
const secret = randomBytes(32);
const cursors = createCursors([secret]);
const refused = expect.objectContaining({ code: 'BAD_CURSOR' });
const none: Epochs = new Map();

const offset = fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }));
const epoch = fc.oneof(fc.constant(-1), fc.nat(3), fc.nat(2 ** 31 - 1));
const numbered = fc.uniqueArray(fc.tuple(fc.nat(100_000), offset, epoch), {
  maxLength: 50,
  selector: ([partition]) => partition,
});
const inARow = fc
  .array(fc.tuple(offset, epoch), { maxLength: 50 })
  .map((entries) => entries.map(([at, under], partition) => [partition, at, under] as const));
const content = fc.oneof(numbered, inARow).map((entries) => ({
  position: new Map(entries.map(([partition, at]) => [partition, at])),
  epochs: new Map(entries.map(([partition, , under]) => [partition, under])),
}));
const topicId = fc.oneof(fc.uuid(), fc.string({ maxLength: 40 }), fc.constant('b3Ys0ZUxSQGqmGQWBhWzxg'));

function ofPartitions(count: number, toEpoch: (partition: number) => number): [Position, Epochs] {
  const partitions = Array.from({ length: count }, (_, partition) => partition);
  return [
    new Map(partitions.map((partition) => [partition, 12_345_678n + BigInt(partition)])),
    new Map(partitions.map((partition) => [partition, toEpoch(partition)])),
  ];
}

describe('a cursor', () => {
  it('comes back as it was for any topic, position and leader epochs', () => {
    fc.assert(
      fc.property(topicId, content, (id, { position, epochs }) => {
        const read = cursors.decode(scope, cursors.encode({ ...scope, topicId: id }, position, epochs));
        expect(read.topicId).toBe(id);
        expect([...read.position]).toEqual([...position]);
        expect([...read.epochs]).toEqual([...epochs]);
      }),
    );
  });

  it('knows no epoch for partitions whose epoch was not given', () => {
    const cursor = cursors.encode(scope, new Map([[3, 5n]]), new Map([[4, 1]]));
    expect([...cursors.decode(scope, cursor).epochs]).toEqual([[3, -1]]);
  });

  it.each([
    { partitions: 4, common: 80, own: 84 },
    { partitions: 32, common: 230, own: 271 },
    { partitions: 256, common: 1426, own: 1766 },
  ])('is as small as documented for $partitions partitions', ({ partitions, common, own }) => {
    expect(cursors.encode(scope, ...ofPartitions(partitions, () => 5))).toHaveLength(common);
    expect(cursors.encode(scope, ...ofPartitions(partitions, (partition) => partition % 2))).toHaveLength(own);
  });

  it('is refused when any of its bytes was altered, in any way', () => {
    const bytes = Buffer.from(cursors.encode(scope, ...ofPartitions(3, (partition) => partition)), 'base64url');
    for (let index = 0; index < bytes.length; index += 1) {
      for (let by = 1; by < 256; by += 1) {
        const altered = Buffer.from(bytes);
        altered[index] = (altered[index] ?? 0) ^ by;
        expect(() => cursors.decode(scope, altered.toString('base64url'))).toThrow(refused);
      }
    }
  });

  it('is refused when any of its characters was altered, left out or put in', () => {
    const cursor = cursors.encode(scope, ...ofPartitions(2, () => 1));
    fc.assert(
      fc.property(fc.nat(cursor.length - 1), fc.nat(1), fc.string({ maxLength: 2 }), (at, taken, put) => {
        const altered = cursor.slice(0, at) + put + cursor.slice(at + taken);
        fc.pre(altered !== cursor);
        expect(() => cursors.decode(scope, altered)).toThrow(refused);
      }),
    );
  });

  it.each(['', 'x', 'null', '%%%', 'AAAA', 'A'.repeat(1000), '💥'])('is refused when it is %j', (nonsense) => {
    expect(() => cursors.decode(scope, nonsense)).toThrow(refused);
  });

  it('is refused as nothing else than a bad cursor, whatever text it is', () => {
    const anyBytes = fc.uint8Array({ maxLength: 200 });
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      anyBytes.map((bytes) => Buffer.from(bytes).toString('base64url')),
      anyBytes.map((bytes) => Buffer.from([2, ...bytes]).toString('base64url')),
    );
    fc.assert(
      fc.property(text, (nonsense) => {
        expect(() => cursors.decode(scope, nonsense)).toThrow(refused);
      }),
    );
  });

  it('is refused by another field and by another cluster', () => {
    const cursor = cursors.encode(scope, new Map([[0, 1n]]), none);
    for (const other of [
      { ...scope, field: 'topUsers' },
      { ...scope, clusterId: 'c2' },
    ]) {
      expect(() => cursors.decode(other, cursor)).toThrow(refused);
    }
  });

  it('is refused when it is of the version before, which knew no leader epochs', () => {
    expect(() => cursors.decode(scope, Buffer.alloc(60, 1).toString('base64url'))).toThrow(/another version/);
  });

  it('tells the topic it was made for, so that a topic made anew is noticed', () => {
    const cursor = cursors.encode(scope, new Map([[0, 1n]]), none);
    expect(cursors.decode({ ...scope, topicId: 'another' }, cursor).topicId).toBe(scope.topicId);
  });

  it('is read with an older secret while secrets are rotated, and not without it', () => {
    const cursor = cursors.encode(scope, new Map([[0, 1n]]), none);
    expect(
      createCursors([randomBytes(32), secret])
        .decode(scope, cursor)
        .position.get(0),
    ).toBe(1n);
    expect(() => createCursors([randomBytes(32)]).decode(scope, cursor)).toThrow(refused);
  });
});
