import { describe, expect, it } from 'vitest';
import type { FeedRecord } from '#feed';
import { Ring, RingBudget } from '../../../src/feed/ring.ts';

const record = (offset: bigint, weight: number): FeedRecord => ({
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
