import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ResultTable } from '../../../src/queries/result-table.ts';

describe('the table that a changelog leaves', () => {
  test('has what was added and not taken back, equal rows counted', () => {
    const value = fc.integer({ min: 0, max: 3 });
    fc.assert(
      fc.property(fc.array(fc.record({ value, isTakenBack: fc.boolean() })), (changes) => {
        const table = new ResultTable();
        const expected: number[] = [];
        for (const change of changes) {
          const at = expected.lastIndexOf(change.value);
          if (change.isTakenBack && at >= 0) expected.splice(at, 1);
          else if (!change.isTakenBack) expected.push(change.value);
          else continue;
          table.apply(change.isTakenBack ? 'DELETE' : 'INSERT', { value: change.value });
        }
        expect(table.first(1000)).toEqual(expected.map((each) => ({ value: each })));
        expect(table.size).toBe(expected.length);
        expect(table.characters).toBe(expected.length * '{"value":1}'.length);
      }),
    );
  });

  test('takes an update for the old row gone and the new one there', () => {
    const table = new ResultTable();
    table.apply('INSERT', { user: 'a', cnt: '1' });
    expect(table.hasChanged).toBe(false);
    table.apply('UPDATE_BEFORE', { user: 'a', cnt: '1' });
    table.apply('UPDATE_AFTER', { user: 'a', cnt: '2' });
    expect(table.first(10)).toEqual([{ user: 'a', cnt: '2' }]);
    expect(table.hasChanged).toBe(true);
  });

  test('knows a row again whose processing time Flink tells anew', () => {
    const table = new ResultTable();
    table.apply('INSERT', { user: 'a', proctime: '2026-01-01T00:00:00.000Z' });
    table.apply('DELETE', { user: 'a', proctime: '2026-01-01T00:00:01.000Z' });
    expect(table.size).toBe(0);
  });
});
