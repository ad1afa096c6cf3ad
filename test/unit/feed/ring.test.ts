import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeedRecord } from '#feed';
import { Ring } from '../../../src/feed/ring.ts';

const record = (offset: bigint, weight = 10): FeedRecord => ({
  partition: 0,
  offset,
  timestampMs: 0,
  key: null,
  headers: [],
  operation: 'INSERT',
  node: {},
  fault: null,
  valueBytes: 0,
  weight,
});

describe('a ring', () => {
  it('holds exactly the log from its start to its head, whatever is appended', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ hole: fc.nat(3), weight: fc.integer({ min: 1, max: 50 }) }), { maxLength: 3000 }),
        fc.integer({ min: 0, max: 500 }),
        (steps, maxBytes) => {
          const ring = new Ring(0n, maxBytes);
          const log: bigint[] = [];
          let next = 0n;
          for (const { hole, weight } of steps) {
            const offset = next + BigInt(hole);
            next = offset + 1n;
            log.push(offset);
            ring.append([record(offset, weight)], next);
          }
          expect(ring.head).toBe(next);
          expect(ring.bytes).toBeLessThanOrEqual(maxBytes);
          expect(ring.from(ring.start, Number.MAX_SAFE_INTEGER).map(({ offset }) => offset)).toEqual(
            log.filter((offset) => offset >= ring.start),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it('takes no record twice when a fetch brings some again', () => {
    const ring = new Ring(5n, 1000);
    ring.append([record(5n), record(6n)], 7n);
    ring.append([record(6n), record(7n)], 8n);
    expect(ring.from(5n, 10).map(({ offset }) => offset)).toEqual([5n, 6n, 7n]);
  });

  it('forgets everything when it is reset after a gap', () => {
    const ring = new Ring(0n, 1000);
    ring.append([record(0n)], 1n);
    ring.reset(40n);
    expect([ring.start, ring.head, ring.bytes, ring.from(40n, 5)]).toEqual([40n, 40n, 0, []]);
  });
});
