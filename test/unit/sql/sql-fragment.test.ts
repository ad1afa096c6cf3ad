import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toOffset, toPosition } from '../../../src/sql/sql-fragment.ts';

test('offsets and positions are two names of the same place, whatever ends the lines', () => {
  const text = fc
    .array(fc.constantFrom('\r\n', '\n', '\r', 'a', 'é', '😀'), { maxLength: 20 })
    .map((all) => all.join(''));
  fc.assert(
    fc.property(text, fc.nat({ max: 40 }), (all, at) => {
      const offset = Math.min(at, all.length);
      expect(toOffset(all, toPosition(all, offset))).toBe(offset);
    }),
  );
});
