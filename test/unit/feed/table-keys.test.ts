import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SortedKeys } from '../../../src/feed/table-keys.ts';

describe('sorted keys', () => {
  it('are those that were added and not taken away, in order, however many they are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3000 }),
        fc.array(fc.tuple(fc.boolean(), fc.nat(4000)), { maxLength: 3000, size: 'max' }),
        fc.nat(4000),
        fc.integer({ min: 1, max: 1500 }),
        (count, changes, from, limit) => {
          const nameOf = (number: number) => `k${number}`;
          const present = new Set(Array.from({ length: count }, (_, number) => nameOf(number)));
          const keys = new SortedKeys(present);
          for (const [isAdded, number] of changes) {
            const key = nameOf(number);
            if (!isAdded) keys.delete(key);
            else if (!present.has(key)) keys.add(key);
            if (isAdded) present.add(key);
            else present.delete(key);
          }
          const sorted = [...present].sort();
          expect(keys.after(null, Number.POSITIVE_INFINITY)).toEqual(sorted);
          const after = sorted.filter((key) => key > nameOf(from)).slice(0, limit);
          expect(keys.after(nameOf(from), limit)).toEqual(after);
        },
      ),
      { numRuns: 60 },
    );
  });
});
