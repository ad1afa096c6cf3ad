import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bookmark, createCursors } from '#feed';
import { decodeBookmark } from '../../../src/feed/table-bookmark.ts';

const cursors = createCursors([Buffer.alloc(32, 3)]);
const scope = { clusterId: 'c', topicId: '8f1d9f5a-3a0e-4a5b-9c58-2f4b8b3f9f10', field: 'devices' };
const position = new Map([
  [0, 12_345_678n],
  [1, 5n],
]);
const epochs = new Map([
  [0, 4],
  [1, 4],
]);

const anyBookmark: fc.Arbitrary<Bookmark> = fc.record({
  of: fc.constantFrom('QUERY' as const, 'SUBSCRIPTION'),
  order: fc.string(),
  values: fc.array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }),
      fc.boolean(),
      fc.constant(null),
    ),
    { maxLength: 4 },
  ),
  key: fc.option(fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1'))),
});

describe('the cursor of a table', () => {
  it('carries the time in seconds and the place among the rows', () => {
    fc.assert(
      fc.property(fc.option(fc.nat()), fc.option(anyBookmark), (seconds, bookmark) => {
        const table = { ...(seconds !== null && { asOfMs: seconds * 1000 }), ...(bookmark && { bookmark }) };
        const text = cursors.encode(scope, position, epochs, table);
        expect(cursors.decode(scope, text)).toEqual({ topicId: scope.topicId, position, epochs, ...table });
      }),
    );
  });

  it('is that of a stream, and seven characters, when it stands after all rows', () => {
    const plain = cursors.encode(scope, position, epochs);
    const timed = cursors.encode(scope, position, epochs, { asOfMs: Date.parse('2026-11-21T10:00:00Z') });
    expect(timed.length - plain.length).toBeLessThanOrEqual(7);
    expect(cursors.encode(scope, position, epochs, {})).toBe(plain);
  });

  it.each([
    '',
    '[]',
    '[2,"",[],null]',
    '[0,1,[],null]',
    '[0,"",[{}],null]',
    '[0,"",[{"bigint":"x"}],null]',
    '[0,"",[],1]',
  ])('takes no other text for a place: %s', (text) => {
    expect(decodeBookmark(Buffer.from(text))).toBeNull();
  });
});
