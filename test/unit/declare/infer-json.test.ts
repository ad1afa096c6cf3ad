import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec } from '#codec';
import { parseModel } from '#model';
import { declared, found, plan, record } from './found.ts';

const fields = (...values: readonly unknown[]) =>
  declared(
    found(
      'things',
      values.map((value) => record(value)),
    ),
  );

const column = fc.oneof(
  fc.constantFrom(
    'user_id',
    'userId',
    'USER ID',
    'and',
    'record',
    'proctime',
    '__proto__',
    'constructor',
    'ä',
    '',
    '1',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const time = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString());
const leaf = fc.oneof(
  fc.jsonValue({ maxDepth: 1 }),
  time,
  time.map((text) => text.slice(0, 10)),
  fc.constantFrom(1, 2.5, 2 ** 40, 1e300, 'FINE', 'WORN', ' [', '{"a":1}', '2026-11-21T10:00:00+02:00', null),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(column, tie('value'), { maxKeys: 6 }),
  ),
}));
/** Mostly objects of the same columns, as topics have them. */
const sample = fc.oneof(
  fc.array(value, { minLength: 1, maxLength: 8 }),
  fc
    .uniqueArray(column, { maxLength: 5 })
    .chain((columns) =>
      fc
        .array(fc.tuple(...columns.map(() => value)), { minLength: 1, maxLength: 8 })
        .map((rows) => rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]])))),
    ),
);
const numberText = fc.oneof(
  fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => JSON.stringify(number)),
  fc.constantFrom('-0', '1.0', '1e400', '0.1234567890123456789', '1E2', '18446744073709551615'),
);

/** Declares the sample, and says what of it does not decode. */
function faultsOf(values: readonly Buffer[]): readonly string[] {
  const { files, leftOut } = plan([
    found(
      'some.topic-1',
      values.map((bytes) => record(bytes)),
    ),
  ]);
  expect(leftOut).toEqual([]);
  const parsed = parseModel(files.map(({ file, text }) => ({ file, text })));
  if (!parsed.ok) return parsed.faults.map(({ message }) => message);
  const [source] = parsed.model.sources;
  if (source === undefined) return ['no stream'];
  const codec = createCodec(source);
  return values.flatMap((bytes) => {
    const decoded = codec.decode(bytes);
    return decoded.ok ? [] : [decoded.fault.reason];
  });
}

describe('what is inferred from a sample', () => {
  it('is accepted, and reads every record of the sample, whatever JSON it is', () => {
    fc.assert(
      fc.property(sample, (values) => {
        expect(faultsOf(values.map((one) => Buffer.from(JSON.stringify(one))))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('is so for numbers of any size and form', () => {
    fc.assert(
      fc.property(fc.array(numberText, { minLength: 1, maxLength: 4 }), (texts) => {
        expect(faultsOf(texts.map((text) => Buffer.from(`{"n":${text}}`)))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('is so for bytes that are anything', () => {
    const bytes = fc.uint8Array({ maxLength: 30 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1 }), (values) => {
        expect(faultsOf(values)).toEqual([]);
      }),
    );
  });

  it('tells what is always there from what is not, and null from nothing', () => {
    const text = fields({ a: 1, b: 1, c: null }, { a: 2, c: 'x' });
    expect(text).toContain('  a: Int!\n  b: Int\n  c: String\n');
  });

  it('tells whole numbers by their range from decimals by their text', () => {
    expect(fields({ i: 1, l: 2 ** 31, f: 1.5 })).toContain('  i: Int!\n  l: BigInt!\n  f: Float!\n');
    expect(
      declared(found('t', [record(Buffer.from('{"a":1.0,"b":18446744073709551615,"c":0.1234567890123456789}'))])),
    ).toContain('  a: Float!\n  b: Decimal!\n  c: Decimal!\n');
  });

  it('tells instants and days from other texts', () => {
    const text = fields({
      at: '2026-11-21T10:00:00Z',
      day: '2026-11-21',
      word: '2026',
      local: '2026-11-21T10:00:00+01:00',
    });
    expect(text).toContain('at: DateTime!');
    expect(text).toContain('day: Date!');
    expect(text).toContain('word: String!');
    expect(text).toMatch(/# times with an offset.*\n {2}local: String!/);
  });

  it('gives lists and objects types, and what differs is JSON', () => {
    const text = fields(
      { items: [{ sku: 'a' }, { sku: 'b', n: 1 }], tags: ['x', null], odd: 1, none: [] },
      {
        items: [],
        tags: [],
        odd: 'x',
        none: [],
      },
    );
    expect(text).toContain('items: [ThingItem!]!\n  tags: [String]!');
    expect(text).toContain('# of several types in the sample\n  odd: JSON!');
    expect(text).toContain('none: JSON!');
    expect(text).toContain('type ThingItem {\n  sku: String!\n  n: Int\n}');
  });

  it('makes an enum only of constants that came often', () => {
    const many = Array.from({ length: 120 }, (_, at) => ({
      state: at % 2 ? 'ON' : 'OFF',
      word: at % 2 ? 'on' : 'off',
    }));
    expect(fields(...many)).toContain('state: ThingState!\n  word: String!');
    expect(fields(...many)).toContain('enum ThingState {\n  OFF\n  ON\n}');
    expect(fields(...many.slice(0, 20))).toContain('state: String!');
    expect(fields(...many, { state: 'NEW', word: 'x' })).toContain('state: String!');
  });

  it('forgives one bad record among hundreds, and says so', () => {
    const good = Array.from({ length: 150 }, () => record({ a: 1 }));
    const text = declared(found('things', [...good, record(Buffer.from('oops'))]));
    expect(text).toContain('# 1 of the 151 records looked at are no JSON objects');
    expect(text).toContain('a: Int!');
  });

  it('leaves out columns that SQL keeps for itself', () => {
    const text = fields({ proctime: 1, a: 1 });
    expect(text).toContain('# The column "proctime" is left out: every stream has one');
    expect(text).not.toContain('proctime: ');
  });
});
