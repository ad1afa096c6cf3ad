import { describe, expect, it } from 'vitest';
import { createCodec } from '#codec';
import type { ScalarName } from '#model';
import { field, stream } from './declared.ts';

const written: readonly (readonly [ScalarName, unknown, string])[] = [
  ['ID', 'a"\\\n😀\ud800', '"a\\"\\\\\\n😀\\ud800"'],
  ['String', 'ä', '"ä"'],
  ['Int', -5, '-5'],
  ['BigInt', 9223372036854775807n, '9223372036854775807'],
  ['BigInt', 7, '7'],
  ['Float', 0.1, '0.1'],
  ['Float', 1e21, '1e+21'],
  ['Boolean', true, 'true'],
  ['DateTime', new Date(1795255200000), '"2026-11-21T10:00:00.000Z"'],
  ['DateTime', '2026-11-21T11:00:00+01:00', '"2026-11-21T10:00:00.000Z"'],
  ['Date', '2026-11-21', '"2026-11-21"'],
  ['Time', '10:00', '"10:00:00"'],
  ['Time', '10:00:00.500', '"10:00:00.5"'],
  ['Decimal', '00123.4500', '123.45'],
  ['Decimal', '12345678901234567890123456789.123456789', '12345678901234567890123456789.123456789'],
  ['Bytes', Buffer.from('hi'), '"aGk="'],
  ['Bytes', 'aGk=', '"aGk="'],
  ['JSON', { a: [1, { b: null }] }, '{"a":[1,{"b":null}]}'],
];

const refused: readonly (readonly [ScalarName, unknown, string])[] = [
  ['String', 5, 'field `value`: expected a string, got the number 5'],
  ['Int', Number.NaN, 'field `value`: expected a finite number, got the number NaN'],
  ['BigInt', 1.5, 'field `value`: expected BigInt, got the number 1.5'],
  ['BigInt', 2 ** 60, 'field `value`: expected BigInt, got the number 1152921504606847000'],
  ['Boolean', 'true', 'field `value`: expected Boolean, got the string "true"'],
  ['DateTime', new Date(Number.NaN), 'field `value`: expected DateTime'],
  ['DateTime', new Date(8.64e15), 'field `value`: expected DateTime'],
  ['Date', '2026-02-30', 'field `value`: expected Date, got the string "2026-02-30"'],
  ['Time', '24:00:00', 'field `value`: expected Time'],
  ['Decimal', '1e99', 'field `value`: expected Decimal (a number of up to 38 digits), got the string "1e99"'],
];

describe('encoding JSON', () => {
  it.each(written)('writes %s %o', (scalar, value, json) => {
    const encoded = createCodec(stream([field('value', scalar)])).encode({ value });
    expect(encoded.toString()).toBe(`{"value":${json}}`);
  });

  it.each(refused)('refuses %s %o as BAD_EVENT', (scalar, value, reason) => {
    const codec = createCodec(stream([field('value', scalar)]));
    expect(() => codec.encode({ value })).toThrow(expect.objectContaining({ code: 'BAD_EVENT' }));
    expect(() => codec.encode({ value })).toThrow(reason);
  });

  it('writes columns in declared order and leaves out optional fields without a value', () => {
    const fields = [
      field('userId', 'ID', { column: 'user_id' }),
      field('note', 'String'),
      field('address', {
        kind: 'object',
        type: { name: 'Address', description: null, fields: [field('city', 'String'), field('zip', 'String')] },
      }),
      field('tags', { kind: 'list', of: { kind: 'scalar', name: 'ID' }, itemRequired: false }),
    ];
    const node = { tags: ['a', null], address: { zip: '1', city: null }, userId: 'u', note: undefined, other: 1 };
    expect(createCodec(stream(fields)).encode(node).toString()).toBe(
      '{"user_id":"u","address":{"zip":"1"},"tags":["a",null]}',
    );
  });

  it('writes a column named __proto__ as any other', () => {
    const codec = createCodec(stream([field('value', 'Int', { column: '__proto__' })]));
    expect(codec.encode({ value: 1 }).toString()).toBe('{"__proto__":1}');
    expect(codec.decode(Buffer.from('{"__proto__":1}'))).toEqual({ ok: true, node: { value: 1 } });
  });

  it('names the path of a required field without a value', () => {
    const inner = { name: 'Inner', description: null, fields: [field('cityName', 'String', { required: true })] };
    const codec = createCodec(
      stream([field('places', { kind: 'list', of: { kind: 'object', type: inner }, itemRequired: true })]),
    );
    expect(() => codec.encode({ places: [{ cityName: 'x' }, {}] })).toThrow(
      'field `places[1].cityName`: required, but has no value',
    );
    expect(() => codec.encode({ places: [null] })).toThrow('field `places[0]`: required, but null');
  });

  it('refuses JSON nested beyond what a reader would serve', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`);
    expect(() => createCodec(stream([field('j', 'JSON')])).encode({ j: deep })).toThrow('nested more than 100 deep');
  });

  it('is not what other formats write', () => {
    expect(() => createCodec(stream([field('a', 'ID')], { format: 'AVRO' }))).toThrow(
      'Thing: format AVRO needs a schema registry.',
    );
  });
});
