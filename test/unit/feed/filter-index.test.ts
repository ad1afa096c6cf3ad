import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeedRecord } from '#feed';
import type { Field } from '#model';
import { compileFilter, type Where } from '../../../src/feed/filter.ts';
import { FilterIndex } from '../../../src/feed/filter-index.ts';
import { field } from '../../support/fields.ts';
import { anyRecord, anyWhere, filterFields, recordOf } from './filter-samples.ts';

const nothing = { filters: 0, evaluated: 0, paths: 0, values: 0 };

function found(index: FilterIndex<number>, record: FeedRecord): number[] {
  const targets: number[] = [];
  index.match(record, (target) => targets.push(target));
  return targets.sort((a, b) => a - b);
}

function indexOf(wheres: readonly (Where | null)[], fields: readonly Field[] = filterFields): FilterIndex<number> {
  const index = new FilterIndex<number>();
  for (const [target, where] of wheres.entries()) index.add(fields, where, target);
  return index;
}

describe('a filter index', () => {
  it('visits, once each, exactly the targets whose filter the record fits, and is empty when they are gone', () => {
    const targets = fc.array(fc.tuple(fc.option(anyWhere, { freq: 10 }), fc.boolean()), { maxLength: 30 });
    fc.assert(
      fc.property(targets, fc.array(anyRecord, { minLength: 1, maxLength: 8 }), (samples, records) => {
        const index = indexOf(samples.map(([where]) => where));
        const fitting = (record: FeedRecord, onlyKept: boolean) =>
          samples.flatMap(([where, isKept], target) => {
            const fits = where === null || compileFilter(filterFields, where)(record);
            return fits && (isKept || !onlyKept) ? [target] : [];
          });
        for (const record of records) expect(found(index, record)).toEqual(fitting(record, false));
        for (const [target, [, isKept]] of samples.entries()) if (!isKept) index.remove(target);
        for (const record of records) expect(found(index, record)).toEqual(fitting(record, true));
        expect(index.size).toBe(samples.filter(([, isKept]) => isKept).length);
        for (const target of samples.keys()) index.remove(target);
        expect([index.size, index.held]).toEqual([0, nothing]);
      }),
      { numRuns: 300 },
    );
  });

  it.each<[string, Where]>([
    ['eq', { userId: { eq: 'a' } }],
    ['in', { userId: { in: ['a', 'b'] } }],
    ['an empty in', { userId: { in: [] } }],
    ['eq beside another condition', { userId: { eq: 'a' }, age: { gt: 3 } }],
    ['eq under and', { and: [{ age: { gt: 3 } }, { and: [{ userId: { eq: 'a' } }] }] }],
    ['eq in every member of or', { or: [{ userId: { eq: 'a' } }, { age: { in: [1, 2] }, price: { gt: '1' } }] }],
    ['eq in a nested type', { address: { city: { eq: 'Bern' } } }],
    ['the key', { record: { key: { eq: 'a' } } }],
    ['the partition', { record: { partition: { eq: 1 } } }],
    ['a header', { record: { header: { name: 'trace', eq: 'a' } } }],
  ])('does not evaluate for every record: %s', (_title, where) => {
    expect(indexOf([where]).held).toMatchObject({ filters: 1, evaluated: 0 });
  });

  it.each<[string, Where]>([
    ['no condition', {}],
    ['eq: null', { userId: { eq: null } }],
    ['isNull', { userId: { isNull: true } }],
    ['ne', { userId: { ne: 'a' } }],
    ['eq under not', { not: { userId: { eq: 'a' } } }],
    ['or with a member that asks for no value', { or: [{ userId: { eq: 'a' } }, { age: { gt: 3 } }] }],
    ['a header without a value', { record: { header: { name: 'trace' } } }],
  ])('evaluates for every record: %s', (_title, where) => {
    expect(indexOf([where]).held).toMatchObject({ filters: 1, evaluated: 1, paths: 0 });
  });

  it('takes the condition that the fewest records fit', () => {
    const where = { level: { eq: 'INFO' }, record: { partition: { eq: 1 } }, age: { in: [1, 2] }, userId: { eq: 'a' } };
    expect(indexOf([where]).held).toMatchObject({ paths: 1, values: 1 });
    const index = indexOf([where, { userId: { eq: 'a' } }, { record: { key: { eq: 'a' } }, age: { in: [1, 2] } }]);
    expect(index.held).toMatchObject({ paths: 2, values: 2 });
  });

  it('evaluates a filter once for all of its targets, whatever the order of its members', () => {
    const wheres = [
      { age: { gt: 3, lt: 5 }, userId: { ne: 'a' } },
      { userId: { ne: 'a' }, age: { lt: 5, gt: 3 } },
    ];
    const index = indexOf([...wheres, ...wheres]);
    expect(index.held.filters).toBe(1);
    expect(found(index, recordOf({ age: 4, userId: 'b' }))).toEqual([0, 1, 2, 3]);
  });

  it.each<[string, unknown, unknown]>([
    ['price', '1.50', '1.5'],
    ['price', '-0.0', '0'],
    ['views', 5n, 5],
    ['views', 5, 5n],
    ['views', 9007199254740993n, 9007199254740993n],
    ['score', 1, 1.0],
    ['score', -0, 0],
    ['time', '12:30', '12:30:00'],
    ['time', '12:30:10.500', '12:30:10.5'],
  ])('finds %s %s as it finds %s', (name, operand, value) => {
    for (const where of [{ [name]: { eq: operand } }, { [name]: { in: [operand] } }]) {
      expect(found(indexOf([where]), recordOf({ [name]: value }))).toEqual([0]);
      expect(compileFilter(filterFields, where)(recordOf({ [name]: value }))).toBe(true);
    }
  });

  it('finds neither NaN nor what is absent', () => {
    const index = indexOf([{ score: { eq: Number.NaN } }, { score: { in: [Number.NaN, 1] } }, { score: { eq: 0 } }]);
    expect(found(index, recordOf({ score: Number.NaN }))).toEqual([]);
    expect(found(index, recordOf({ score: null }))).toEqual([]);
    expect(found(index, recordOf(null))).toEqual([]);
  });

  it('visits a target once although several of its values are found', () => {
    const header = (value: string) => ({ name: 'trace', value: Buffer.from(value) });
    const index = indexOf([
      { record: { header: { name: 'trace', in: ['a', 'b'] } } },
      { or: [{ userId: { eq: 'a' } }, { record: { key: { eq: 'k' } } }] },
    ]);
    const record = { ...recordOf({ userId: 'a' }), key: Buffer.from('k'), headers: [header('a'), header('b')] };
    expect(found(index, record)).toEqual([0, 1]);
  });

  it('gives a target that is added again its new filter', () => {
    const index = indexOf([{ userId: { eq: 'a' } }]);
    index.add(filterFields, { userId: { eq: 'b' } }, 0);
    index.add(filterFields, { userId: { eq: 'b' } }, 0);
    expect(found(index, recordOf({ userId: 'a' }))).toEqual([]);
    expect(found(index, recordOf({ userId: 'b' }))).toEqual([0]);
    expect([index.size, index.held.filters]).toEqual([1, 1]);
  });

  it('lets a target be removed while others are visited', () => {
    const index = indexOf([{ userId: { eq: 'a' } }, { userId: { eq: 'a' } }, { userId: { in: ['a'] } }, null]);
    const record = recordOf({ userId: 'a' });
    index.match(record, (target) => index.remove(target));
    expect([index.size, index.held]).toEqual([0, nothing]);
  });

  it('keeps filters of the same words on other fields apart', () => {
    const index = indexOf([{ price: { eq: '1.0' } }]);
    index.add([field('price', 'String')], { price: { eq: '1.0' } }, 1);
    expect(found(index, recordOf({ price: '1' }))).toEqual([0]);
    expect(found(index, recordOf({ price: '1.0' }))).toEqual([0, 1]);
  });

  it('refuses a filter that is too large and keeps what it has', () => {
    const index = indexOf([{ userId: { eq: 'a' } }]);
    expect(() => index.add(filterFields, { or: Array(2000).fill({}) }, 0)).toThrow(/too large/);
    expect([index.size, index.held.filters]).toEqual([1, 1]);
    expect(found(index, recordOf({ userId: 'a' }))).toEqual([0]);
  });
});
