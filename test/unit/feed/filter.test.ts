import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeedRecord } from '#feed';
import type { Field } from '#model';
import { compileFilter, type Where } from '../../../src/feed/filter.ts';
import { field } from '../../support/fields.ts';

const level = { name: 'Level', description: null, values: [{ name: 'INFO', description: null }] };
const address = { name: 'Address', description: null, fields: [field('city', 'String'), field('zip', 'Int')] };
const fields: readonly Field[] = [
  field('userId', 'ID'),
  field('age', 'Int'),
  field('views', 'BigInt'),
  field('score', 'Float'),
  field('price', 'Decimal'),
  field('at', 'DateTime'),
  field('active', 'Boolean'),
  field('level', { kind: 'enum', type: level }),
  field('address', { kind: 'object', type: address }),
  field('tags', { kind: 'list', of: { kind: 'scalar', name: 'String' }, itemRequired: true }),
  field('lines', { kind: 'list', of: { kind: 'object', type: address }, itemRequired: true }),
];

const node = {
  userId: 'alice',
  age: 30,
  views: 9007199254740993n,
  score: 1.5,
  price: '12.50',
  at: '2026-01-31T12:00:00.000Z',
  active: true,
  level: 'INFO',
  address: { city: 'Bern', zip: 3000 },
  tags: ['red', 'blue'],
  lines: [
    { city: 'Bern', zip: 1 },
    { city: 'Basel', zip: 2 },
  ],
};

const record = (value: Record<string, unknown> | null = node): FeedRecord => ({
  partition: 3,
  offset: 7n,
  timestampMs: 0,
  key: Buffer.from('alice'),
  headers: [{ name: 'trace', value: Buffer.from('t-1') }],
  operation: 'INSERT',
  node: value,
  fault: null,
  valueBytes: 0,
  weight: 0,
});

const fits = (where: Where, value: Record<string, unknown> | null = node) =>
  compileFilter(fields, where)(record(value));

describe('a filter', () => {
  it.each<[string, Where]>([
    ['no condition', {}],
    ['eq', { userId: { eq: 'alice' } }],
    ['ne', { userId: { ne: 'bob' } }],
    ['in', { userId: { in: ['bob', 'alice'] } }],
    ['gt and lt on one value', { age: { gt: 29, lt: 31 } }],
    ['gte at the bound', { age: { gte: 30 } }],
    ['lte at the bound', { age: { lte: 30 } }],
    ['a BigInt beyond what a number holds', { views: { gt: 9007199254740992n } }],
    ['a BigInt against a small number', { views: { gt: 5 } }],
    ['a Float', { score: { eq: 1.5 } }],
    ['decimals that are equal with other digits', { price: { eq: '12.5' } }],
    ['decimals by value, not by text', { price: { gt: '9.99' } }],
    ['moments', { at: { gte: '2026-01-31T11:59:59.999Z' } }],
    ['a Boolean', { active: { eq: true } }],
    ['an enum', { level: { in: ['INFO'] } }],
    ['startsWith', { userId: { startsWith: 'al' } }],
    ['contains', { userId: { contains: 'lic' } }],
    ['a nested field', { address: { city: { eq: 'Bern' }, zip: { lt: 4000 } } }],
    ['or in a nested object', { address: { or: [{ city: { eq: 'X' } }, { zip: { eq: 3000 } }] } }],
    ['any item of a list', { tags: { any: { eq: 'blue' } } }],
    ['all items of a list', { tags: { all: { ne: 'green' } } }],
    ['any item of a list of objects', { lines: { any: { city: { eq: 'Basel' }, zip: { eq: 2 } } } }],
    ['isNull false', { age: { isNull: false } }],
    ['not', { not: { userId: { eq: 'bob' } } }],
    ['or', { or: [{ userId: { eq: 'bob' } }, { age: { eq: 30 } }] }],
    ['and', { and: [{ userId: { eq: 'alice' } }, { age: { eq: 30 } }] }],
    ['the partition', { record: { partition: { in: [1, 3] } } }],
    ['the key', { record: { key: { startsWith: 'ali' } } }],
    ['a header', { record: { header: { name: 'trace', eq: 't-1' } } }],
    ['not around the record', { not: { record: { partition: { eq: 0 } } } }],
    ['a condition that is null is no condition', { userId: null }],
  ])('lets through: %s', (_title, where) => {
    expect(fits(where)).toBe(true);
  });

  it.each<[string, Where]>([
    ['eq', { userId: { eq: 'bob' } }],
    ['an empty in', { userId: { in: [] } }],
    ['an empty or', { or: [] }],
    ['one of two conditions', { userId: { eq: 'alice' }, age: { eq: 31 } }],
    ['any item', { tags: { any: { eq: 'green' } } }],
    ['items of which no single one fits', { lines: { any: { city: { eq: 'Basel' }, zip: { eq: 1 } } } }],
    ['all items', { tags: { all: { eq: 'red' } } }],
    ['isNull', { age: { isNull: true } }],
    ['not', { not: { userId: { eq: 'alice' } } }],
    ['a header of another name', { record: { header: { name: 'other', eq: 't-1' } } }],
    ['a header value', { record: { header: { name: 'trace', eq: 't-2' } } }],
  ])('holds back: %s', (_title, where) => {
    expect(fits(where)).toBe(false);
  });

  it('finds a comparison with an absent value false, as SQL does', () => {
    const absent = { ...node, age: null };
    expect(fits({ age: { eq: 30 } }, absent)).toBe(false);
    expect(fits({ age: { ne: 30 } }, absent)).toBe(false);
    expect(fits({ age: { isNull: true } }, absent)).toBe(true);
    expect(fits({ age: { eq: null } }, absent)).toBe(true);
    expect(fits({ age: { ne: null } }, absent)).toBe(false);
  });

  it('takes a record that does not decode as one without fields', () => {
    expect(fits({ userId: { eq: 'alice' } }, null)).toBe(false);
    expect(fits({ record: { key: { eq: 'alice' } } }, null)).toBe(true);
  });

  it('agrees with numbers on every decimal', () => {
    const decimal = fc
      .tuple(fc.integer({ min: -9999, max: 9999 }), fc.nat(3))
      .map(([digits, scale]) => (digits / 10 ** scale).toFixed(scale));
    fc.assert(
      fc.property(decimal, decimal, (left, right) => {
        const test = (operator: string) =>
          compileFilter([field('price', 'Decimal')], { price: { [operator]: right } })(record({ price: left }));
        expect([test('lt'), test('eq'), test('gt')]).toEqual([+left < +right, +left === +right, +left > +right]);
      }),
    );
  });

  it('tells decimals apart that no double does', () => {
    const [low, high] = ['12345678901234567890.50', '12345678901234567890.51'];
    const fitsPrice = (comparison: Where, price: string) => fits({ price: comparison }, { ...node, price });
    expect([fitsPrice({ gt: low }, high), fitsPrice({ lt: high }, low), fitsPrice({ in: [low] }, high)]).toEqual([
      true,
      true,
      false,
    ]);
    expect([fitsPrice({ lt: '12345678901234567890.51' }, '2'), fitsPrice({ gt: '2' }, high)]).toEqual([true, true]);
    expect([fitsPrice({ eq: 'x' }, '0'), fitsPrice({ lte: 'x' }, '0'), fitsPrice({ ne: 'x' }, '0')]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('takes a time in every form that GraphQL takes', () => {
    const time = [field('time', 'Time')];
    const fitsTime = (operator: string, operand: string, value: string) =>
      compileFilter(time, { time: { [operator]: operand } })(record({ time: value }));
    expect(fitsTime('eq', '12:30', '12:30:00')).toBe(true);
    expect(fitsTime('gte', '12:30', '12:30:00')).toBe(true);
    expect(fitsTime('eq', '12:30:00.500', '12:30:00.5')).toBe(true);
    expect(fitsTime('lt', '12:30:00.500', '12:30:00.5')).toBe(false);
    expect(fitsTime('eq', '12:30:00.000', '12:30:00')).toBe(true);
    expect(fitsTime('eq', '10:00:00', '10:00:00')).toBe(true);
  });

  it('finds a moment beyond the year 9999 after all others', () => {
    expect(fits({ at: { lt: '+010000-01-01T00:00:00.000Z' } })).toBe(true);
    expect(fits({ at: { gt: '+010000-01-01T00:00:00.000Z' } })).toBe(false);
  });

  it('finds that NaN equals nothing and has no order', () => {
    const outcomes = ['eq', 'in', 'gte', 'lte', 'ne'].map((operator) =>
      fits({ score: { [operator]: Number.NaN } }, { ...node, score: Number.NaN }),
    );
    expect(outcomes).toEqual([false, false, false, false, true]);
  });

  it('compares keys and headers as text, whatever their bytes', () => {
    const stray = { ...record(), key: Buffer.from([0xff]), headers: [{ name: 'h', value: null }] };
    const keyFits = (key: Where) => compileFilter(fields, { record: { key } })(stray);
    expect([keyFits({ eq: '\ufffd' }), keyFits({ in: ['\ufffd'] }), keyFits({ eq: '\ud800' })]).toEqual([
      true,
      true,
      false,
    ]);
    const headerFits = (header: Where) =>
      compileFilter(fields, { record: { header: { name: 'h', ...header } } })(stray);
    expect([headerFits({}), headerFits({ isNull: true }), headerFits({ eq: 'a' }), headerFits({ ne: 'a' })]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('takes a condition that says nothing for none, also in a nested type that is absent', () => {
    const absent = { ...node, address: null, lines: null };
    for (const where of [{ address: {} }, { address: { city: null } }, { address: { city: {} } }, { lines: {} }]) {
      expect(fits(where, absent)).toBe(true);
    }
    expect(fits({ address: { not: { city: { eq: 'Bern' } } } }, absent)).toBe(false);
    expect(fits({ not: { address: { city: { eq: 'Bern' } } } }, absent)).toBe(true);
    expect(fits({ lines: { all: {} } }, absent)).toBe(false);
  });

  it('is not held up by a decimal with a monstrous exponent', () => {
    expect(fits({ price: { lt: '1e999999999' } })).toBe(true);
  });
});
