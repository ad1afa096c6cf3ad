import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeedRecord } from '#feed';
import { compileFilter, type Where } from '../../../src/feed/filter.ts';
import { canonicalWhere, dependsOnlyOn } from '../../../src/feed/filter-text.ts';
import { anyRecord, anyWhere, filterFields } from './filter-samples.ts';

describe('the canonical text of a filter', () => {
  it('is the same whatever the order of members, whether a number is a bigint, and what was left out', () => {
    const one = { userId: { eq: 'a', in: ['b'] }, views: { eq: 5n }, name: undefined };
    expect(canonicalWhere(one)).toBe('{"userId":{"eq":"a","in":["b"]},"views":{"eq":5}}');
    expect(canonicalWhere({ views: { eq: 5 }, userId: { in: ['b'], eq: 'a' } })).toBe(canonicalWhere(one));
  });

  it.each<[Where, Where]>([
    [{ userId: { eq: '5' } }, { userId: { eq: 5 } }],
    [{ userId: { eq: null } }, { userId: {} }],
    [{ score: { eq: Number.NaN } }, { score: { eq: null } }],
    [{ or: [{ a: 1 }, { b: 1 }] }, { or: [{ a: 1, b: 1 }] }],
    [{ userId: { in: ['a,b'] } }, { userId: { in: ['a', 'b'] } }],
    [{ userId: { in: ['a","b'] } }, { userId: { in: ['a', 'b'] } }],
  ])('tells %o from %o', (one, other) => {
    expect(canonicalWhere(one)).not.toBe(canonicalWhere(other));
  });

  it('is the same only for filters with the same outcome', () => {
    fc.assert(
      fc.property(anyWhere, anyWhere, anyRecord, (one, other, record) => {
        if (canonicalWhere(one) !== canonicalWhere(other)) return;
        expect(compileFilter(filterFields, one)(record)).toBe(compileFilter(filterFields, other)(record));
      }),
    );
  });
});

describe('a filter on certain fields', () => {
  const keys = new Set(['userId', 'age']);

  it.each<[boolean, Where]>([
    [true, {}],
    [true, { userId: { eq: 'a' } }],
    [true, { or: [{ userId: { eq: 'a' } }, { not: { age: { isNull: true } } }] }],
    [true, { userId: { eq: 'a' }, name: null }],
    [false, { name: { eq: 'a' } }],
    [false, { and: [{ userId: { eq: 'a' } }, { not: { name: { eq: 'a' } } }] }],
    [false, { record: { key: { eq: 'a' } } }],
  ])('is %s of %o', (outcome, where) => {
    expect(dependsOnlyOn(where, keys)).toBe(outcome);
  });

  it('has one outcome for all records that agree in them', () => {
    const present = anyRecord.filter(({ node }) => node !== null);
    fc.assert(
      fc.property(anyWhere, present, present, (where, one, other) => {
        if (!dependsOnlyOn(where, keys)) return;
        const twin: FeedRecord = { ...other, node: { ...other.node, userId: one.node?.userId, age: one.node?.age } };
        const fits = compileFilter(filterFields, where);
        expect(fits(twin)).toBe(fits(one));
      }),
      { numRuns: 500 },
    );
  });
});
