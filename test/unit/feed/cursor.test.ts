import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCursors } from '#feed';

const scope = { clusterId: 'c1', topicId: 'b3Ys0ZUxSQGqmGQWBhWzxg', field: 'userClicks' };
const secret = randomBytes(32);
const cursors = createCursors([secret]);
const position = fc
  .array(fc.tuple(fc.nat(100_000), fc.bigInt({ min: 0n, max: 2n ** 62n })), { maxLength: 50 })
  .map((entries) => new Map(entries));

describe('a cursor', () => {
  it('comes back as it was for any position', () => {
    fc.assert(
      fc.property(position, (written) => {
        const read = cursors.decode(scope, cursors.encode(scope, written));
        expect(read.topicId).toBe(scope.topicId);
        expect(new Map(read.position)).toEqual(written);
      }),
    );
  });

  it('is refused when any of its bytes was altered', () => {
    const bytes = Buffer.from(
      cursors.encode(
        scope,
        new Map([
          [0, 5n],
          [1, 900n],
        ]),
      ),
      'base64url',
    );
    for (let index = 0; index < bytes.length; index += 1) {
      const altered = Buffer.from(bytes);
      altered[index] = (altered[index] ?? 0) ^ 1;
      expect(() => cursors.decode(scope, altered.toString('base64url'))).toThrow(
        expect.objectContaining({ code: 'BAD_CURSOR' }),
      );
    }
  });

  it.each(['', 'x', 'null', '%%%', 'AAAA', 'A'.repeat(1000), '💥'])('is refused when it is %j', (nonsense) => {
    expect(() => cursors.decode(scope, nonsense)).toThrow(expect.objectContaining({ code: 'BAD_CURSOR' }));
  });

  it('is refused by another field and by another cluster', () => {
    const cursor = cursors.encode(scope, new Map([[0, 1n]]));
    for (const other of [
      { ...scope, field: 'topUsers' },
      { ...scope, clusterId: 'c2' },
    ]) {
      expect(() => cursors.decode(other, cursor)).toThrow(expect.objectContaining({ code: 'BAD_CURSOR' }));
    }
  });

  it('tells the topic it was made for, so that a topic made anew is noticed', () => {
    const cursor = cursors.encode(scope, new Map([[0, 1n]]));
    expect(cursors.decode({ ...scope, topicId: 'another' }, cursor).topicId).toBe(scope.topicId);
  });

  it('is read with an older secret while secrets are rotated, and not without it', () => {
    const cursor = cursors.encode(scope, new Map([[0, 1n]]));
    expect(
      createCursors([randomBytes(32), secret])
        .decode(scope, cursor)
        .position.get(0),
    ).toBe(1n);
    expect(() => createCursors([randomBytes(32)]).decode(scope, cursor)).toThrow(
      expect.objectContaining({ code: 'BAD_CURSOR' }),
    );
  });
});
