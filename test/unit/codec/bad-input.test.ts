import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Codec, createCodec, type Node } from '#codec';
import type { Field, FieldType, Format, ScalarName } from '#model';
import { field, stream } from './declared.ts';

const level: FieldType = {
  kind: 'enum',
  type: { name: 'Level', description: null, values: ['LOW', 'HIGH'].map((name) => ({ name, description: null })) },
};

const fields: readonly Field[] = [
  field('id', 'ID', { required: true }),
  field('count', 'Int'),
  field('total', 'BigInt'),
  field('at', 'DateTime'),
  field('level', level),
];

const node: Node = { id: 'a', count: 7, total: 9007199254740993n, at: '2026-11-21T10:00:00.000Z', level: 'LOW' };

const codecs: readonly (readonly [Format, Codec, Node])[] = [
  ['JSON', createCodec(stream(fields, { key: fields.slice(0, 1) })), node],
  ['RAW', createCodec(stream([field('line', 'String')], { format: 'RAW' })), { line: 'any text, ä😀' }],
];

const json = (record: unknown): Buffer => Buffer.from(JSON.stringify(record));

/** Decodes one value of a scalar, given as JSON text. */
function decodeScalar(scalar: ScalarName, text: string): unknown {
  const decoded = createCodec(stream([field('value', scalar)])).decode(Buffer.from(`{"value":${text}}`));
  return decoded.ok ? decoded.node['value'] : decoded.fault;
}

describe.each(codecs)('a %s record', (_format, codec, good) => {
  const bytes = codec.encode(good);

  it('cut off anywhere, or with any byte changed, throws nothing, and what still decodes can be written', () => {
    const changed = fc
      .tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }))
      .map(([at, by]) => Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ by : byte))));
    const cut = fc.nat(bytes.length).map((length) => bytes.subarray(0, length));
    fc.assert(
      fc.property(fc.oneof(changed, cut), (value) => {
        const decoded = codec.decode(value);
        if (decoded.ok) expect(codec.decode(codec.encode(decoded.node))).toEqual(decoded);
        else expect(decoded.fault.reason).not.toBe('');
      }),
      { numRuns: 300 },
    );
  });

  it('of any bytes throws nothing, as a key neither', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (any) => {
        codec.decode(Buffer.from(any));
        codec.decodeKey(Buffer.from(any));
      }),
      { numRuns: 300 },
    );
  });

  it('of 0 bytes is told apart from one that decodes', () => {
    const decoded = codec.decode(Buffer.alloc(0));
    expect(decoded.ok).toBe(_format === 'RAW');
  });
});

describe('a JSON record', () => {
  const codec = createCodec(stream(fields));

  it('decodes whatever columns it has beside the declared ones', () => {
    const extra = fc.dictionary(
      fc.string().filter((name) => !fields.some(({ column }) => column === name)),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const plain = { id: 'a', count: 1 };
    fc.assert(
      fc.property(extra, (more) => {
        expect(codec.decode(json({ ...more, ...plain }))).toMatchObject({ ok: true, node: { id: 'a', count: 1 } });
      }),
    );
  });

  it('without a required field does not, and takes each optional one without a value as null', () => {
    expect(codec.decode(json({ count: 1 }))).toMatchObject({ ok: false });
    expect(codec.decode(json({ id: null }))).toMatchObject({ ok: false });
    expect(codec.decode(json({ id: 'a', level: null }))).toEqual({
      ok: true,
      node: { id: 'a', count: null, total: null, at: null, level: null },
    });
  });

  it('with an enum value that is not declared names those that are', () => {
    const unknown = fc.string().filter((value) => value !== 'LOW' && value !== 'HIGH');
    fc.assert(
      fc.property(unknown, (value) => {
        const decoded = codec.decode(json({ id: 'a', level: value }));
        expect(decoded).toMatchObject({ ok: false, fault: { reason: expect.stringContaining('Level (LOW, HIGH)') } });
      }),
    );
  });
});

describe('a number of a JSON record', () => {
  it('is an Int when it is whole and has 32 bits, and a fault else', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true })),
        (value) => {
          const isInt = Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31;
          const decoded = decodeScalar('Int', JSON.stringify(value));
          if (isInt) expect(decoded).toBe(value + 0);
          else expect(decoded).toHaveProperty('reason');
        },
      ),
    );
  });

  it('is a BigInt with all its digits when it has 64 bits, and a fault else', () => {
    const border = fc.constantFrom(2n ** 53n, -(2n ** 53n), 2n ** 63n, -(2n ** 63n));
    const near = fc.tuple(border, fc.bigInt({ min: -3n, max: 3n })).map(([at, by]) => at + by);
    fc.assert(
      fc.property(fc.oneof(near, fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n })), (value) => {
        const fits = value >= -(2n ** 63n) && value < 2n ** 63n;
        for (const text of [`${value}`, `"${value}"`]) {
          const decoded = decodeScalar('BigInt', text);
          if (fits) expect(BigInt(decoded as number | bigint)).toBe(value);
          else expect(decoded).toHaveProperty('reason');
        }
      }),
    );
  });

  it.each(['NaN', 'Infinity', '-Infinity'])('is never %s', (text) => {
    expect(decodeScalar('Float', text)).toHaveProperty('reason');
    expect(decodeScalar('Float', `"${text}"`)).toHaveProperty('reason');
    const { encode } = createCodec(stream([field('value', 'Float')]));
    expect(() => encode({ value: Number(text) })).toThrow('expected a finite number');
  });
});

describe('a date of a JSON record', () => {
  const part = (max: number) => fc.nat(max).map((value) => String(value).padStart(2, '0'));
  const date = fc.tuple(fc.integer({ min: 1, max: 9999 }), part(13), part(32)).map(([year, month, day]) => {
    return `${String(year).padStart(4, '0')}-${month}-${day}`;
  });

  it('is one of the calendar, or a fault', () => {
    fc.assert(
      fc.property(date, part(25), part(61), (day, hour, minute) => {
        const moment = `${day}T${hour}:${minute}:00.000Z`;
        const ms = Date.parse(moment);
        // Date.parse takes 30 February for 2 March, and 24:00 for the next day.
        const isReal = !Number.isNaN(ms) && new Date(ms).toISOString() === moment;
        if (isReal) expect(decodeScalar('DateTime', `"${moment}"`)).toBe(moment);
        else expect(decodeScalar('DateTime', `"${moment}"`)).toHaveProperty('reason');
        const midnight = Date.parse(`${day}T00:00:00.000Z`);
        const isDay = !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day);
        if (isDay) expect(decodeScalar('Date', `"${day}"`)).toBe(day);
        else expect(decodeScalar('Date', `"${day}"`)).toHaveProperty('reason');
      }),
      { numRuns: 300 },
    );
  });
});
