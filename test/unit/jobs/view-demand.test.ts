import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ViewDemand } from '../../../src/jobs/view-demand.ts';
import { modelOf } from '../flink/models.ts';

const views = modelOf(`
type A @stream(topic: "a") { id: ID! }
type B @view(topic: "b", run: ON_DEMAND, sql: "SELECT id FROM a") { id: ID! }
type C @view(topic: "c", run: ON_DEMAND, sql: "SELECT id FROM b") { id: ID! }
type D @view(topic: "d", run: ON_DEMAND, sql: "SELECT id FROM a") { id: ID! }
type E @view(topic: "e", sql: "SELECT id FROM d") { id: ID! }
`).sources.filter((source) => source.kind === 'view');

describe('the demand for views', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function open() {
    const onChange = vi.fn();
    return { demand: new ViewDemand({ views, graceMs: 1_000, onChange }), onChange };
  }

  test('wants what always runs and what that reads, and nothing else that nobody reads', () => {
    const { demand } = open();
    expect(['b', 'c', 'd', 'e'].filter((topic) => demand.isWanted(topic))).toEqual(['d', 'e']);
  });

  test('wants a view while it is read, and what it is computed from', () => {
    const { demand, onChange } = open();
    const release = demand.hold('c');
    expect(onChange).toHaveBeenCalledTimes(1);
    expect([demand.isWanted('b'), demand.isWanted('c')]).toEqual([true, true]);
    const second = demand.hold('b');
    release();
    release();
    expect([demand.isWanted('b'), demand.isWanted('c')]).toEqual([true, false]);
    second();
    expect(demand.isWanted('b')).toBe(false);
    expect(onChange).toHaveBeenCalledTimes(1);
    demand.close();
  });

  test('is over a grace time after the last reader has gone, unless another one comes', () => {
    const { demand, onChange } = open();
    demand.hold('d');
    demand.hold('b')();
    vi.advanceTimersByTime(999);
    expect(demand.isOver('b')).toBe(false);
    const again = demand.hold('b');
    vi.advanceTimersByTime(5_000);
    expect(demand.isOver('b')).toBe(false);
    onChange.mockClear();
    again();
    vi.advanceTimersByTime(1_000);
    expect([demand.isOver('b'), demand.isOver('d')]).toEqual([true, false]);
    expect(onChange).toHaveBeenCalledTimes(1);
    demand.settle('b');
    vi.advanceTimersByTime(5_000);
    expect(demand.isOver('b')).toBe(false);
  });

  test('gives what nobody reads its grace time when the views are taken up, and nothing when closed', () => {
    const { demand } = open();
    demand.reset();
    vi.advanceTimersByTime(1_000);
    expect(['b', 'c', 'd', 'e'].filter((topic) => demand.isOver(topic))).toEqual(['b', 'c']);
    demand.reset();
    demand.close();
    vi.advanceTimersByTime(1_000);
    expect(demand.isOver('b')).toBe(false);
  });
});
