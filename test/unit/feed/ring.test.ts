import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeedRecord } from '#feed';
import { Ring, RingBudget } from '../../../src/feed/ring.ts';

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

describe('the budget of all rings', () => {
  it('takes from the fullest ring when they hold too much together', () => {
    const budget = new RingBudget(1000);
    const [small, large] = [new Ring(0n, 10_000, budget), new Ring(0n, 10_000, budget)];
    small.append([record(0n, 200)], 1n);
    for (let offset = 0n; offset < 7n; offset += 1n) large.append([record(offset, 100)], offset + 1n);
    expect([budget.bytes, large.start]).toEqual([900, 0n]);
    large.append([record(7n, 200)], 8n);
    expect(budget.bytes).toBeLessThanOrEqual(1000);
    expect([small.start, large.start > 0n, large.head]).toEqual([0n, true, 8n]);
  });

  it('holds no record that is larger than it alone', () => {
    const budget = new RingBudget(100);
    const ring = new Ring(0n, 10_000, budget);
    ring.append([record(0n, 500)], 1n);
    expect([budget.bytes, ring.bytes, ring.start]).toEqual([0, 0, 1n]);
  });

  it('gets back what a ring held that is dropped or reset', () => {
    const budget = new RingBudget(1000);
    const [one, other] = [new Ring(0n, 1000, budget), new Ring(0n, 1000, budget)];
    one.append([record(0n, 300)], 1n);
    other.append([record(0n, 400)], 1n);
    one.drop();
    expect(budget.bytes).toBe(400);
    other.reset(9n);
    expect(budget.bytes).toBe(0);
  });
});
