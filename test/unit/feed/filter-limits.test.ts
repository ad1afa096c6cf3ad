import { describe, expect, it } from 'vitest';
import { compileFilter, type Where } from '../../../src/feed/filter.ts';
import { FilterIndex } from '../../../src/feed/filter-index.ts';
import { checkFilterSize } from '../../../src/feed/filter-limits.ts';
import { canonicalWhere, dependsOnlyOn } from '../../../src/feed/filter-text.ts';
import { filterFields } from './filter-samples.ts';

function nested(depth: number, wrap: (inner: Where) => Where): Where {
  let where: Where = {};
  for (let at = 1; at < depth; at++) where = wrap(where);
  return where;
}

const wraps: readonly (readonly [string, (inner: Where) => Where])[] = [
  ['not', (inner) => ({ not: inner })],
  ['and', (inner) => ({ and: [inner] })],
  ['or', (inner) => ({ or: [inner] })],
  ['any', (inner) => ({ any: inner })],
];
const takers: readonly (readonly [string, (where: Where) => unknown])[] = [
  ['checkFilterSize', checkFilterSize],
  ['compileFilter', (where) => compileFilter(filterFields, where)],
  ['canonicalWhere', canonicalWhere],
  ['dependsOnlyOn', (where) => dependsOnlyOn(where, new Set(['userId']))],
  ['FilterIndex.add', (where) => new FilterIndex<number>().add(filterFields, where, 1)],
];
const refusal = (reason: RegExp) =>
  expect.objectContaining({
    code: 'BAD_INPUT',
    details: { argument: 'where' },
    message: expect.stringMatching(reason),
  });

describe('the size of a filter', () => {
  it.each(wraps)('may be 20 objects deep by %s, and not 21', (_title, wrap) => {
    expect(() => checkFilterSize(nested(20, wrap))).not.toThrow();
    expect(() => checkFilterSize(nested(21, wrap))).toThrow(refusal(/"where".*more than 20 deep/));
  });

  it.each(takers)('is refused by %s rather than overflow the stack', (_title, take) => {
    for (const [, wrap] of wraps) expect(() => take(nested(100_000, wrap))).toThrow(refusal(/deep/));
    const circle: Record<string, unknown> = {};
    circle.and = [circle, circle];
    expect(() => take(circle)).toThrow(refusal(/deep/));
  });

  it('may be 1000 conditions, wherever they stand', () => {
    const some = (count: number) => Array.from({ length: count }, () => ({}));
    expect(() => checkFilterSize({ or: some(1000) })).not.toThrow();
    expect(() => checkFilterSize({ or: some(1001) })).toThrow(refusal(/more than 1000 conditions/));
    expect(() => checkFilterSize({ or: [{ and: some(500) }, { or: some(500) }] })).toThrow(refusal(/conditions/));
  });

  it('may be 10000 values in lists, all together', () => {
    const values = (count: number) => Array.from({ length: count }, String);
    expect(() => checkFilterSize({ userId: { in: values(10_000) } })).not.toThrow();
    expect(() => checkFilterSize({ userId: { in: values(5001) }, name: { in: values(5000) } })).toThrow(
      refusal(/more than 10000 values/),
    );
  });
});
