import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offsetAtTime, toEntryId, toOffset, toTimeMs } from '../../../src/redis/entry-id.ts';

const ids = fc.record({ ms: fc.bigInt(0n, 2n ** 43n - 1n), seq: fc.bigInt(0n, 2n ** 20n - 1n) });
const textOf = ({ ms, seq }: { readonly ms: bigint; readonly seq: bigint }) => `${ms}-${seq}`;

describe('the offset of an entry', () => {
  it('gives the id back, whatever the id', () => {
    fc.assert(
      fc.property(ids, (id) => {
        expect(toEntryId(toOffset(textOf(id)))).toBe(textOf(id));
      }),
    );
  });

  it('keeps the order of ids', () => {
    fc.assert(
      fc.property(ids, ids, (left, right) => {
        const isBefore = left.ms < right.ms || (left.ms === right.ms && left.seq < right.seq);
        expect(toOffset(textOf(left)) < toOffset(textOf(right))).toBe(isBefore);
      }),
    );
  });

  it('fits into 63 bits, tells the time, and begins where the time begins', () => {
    fc.assert(
      fc.property(ids, (id) => {
        const offset = toOffset(textOf(id));
        expect(offset).toBeLessThan(2n ** 63n);
        expect(toTimeMs(offset)).toBe(Number(id.ms));
        expect(offsetAtTime(Number(id.ms))).toBe(offset - id.seq);
      }),
    );
  });

  it.each(['8796093022208-0', '1-1048576', 'x', '-1-0', '1'])('refuses %s, which it cannot tell', (id) => {
    expect(() => toOffset(id)).toThrow('beyond what an offset can tell');
  });
});
