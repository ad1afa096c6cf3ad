import { describe, expect, it } from 'vitest';
import { compareSchemas, createCodec, declaredSchema } from '#codec';
import type { ScalarName } from '#model';
import { field, stream } from './declared.ts';
import { schemasOf } from './schemas.ts';

const plain: readonly (readonly [ScalarName, unknown, string])[] = [
  ['ID', 'u"1\n', 'u"1\n'],
  ['String', '', ''],
  ['Int', 7, '7'],
  ['BigInt', 9007199254740993n, '9007199254740993'],
  ['Boolean', false, 'false'],
  ['Float', 1.5, '1.5'],
  ['DateTime', '2026-11-21T10:00:00.000Z', '2026-11-21T10:00:00.000Z'],
  ['Date', '2026-11-21', '2026-11-21'],
  ['Decimal', '1.5', '1.5'],
  ['Bytes', 'aGk=', 'aGk='],
];

describe('the key of a record', () => {
  it.each(plain)('of one %s field is its plain text: %o', (scalar, value, text) => {
    const only = field('id', scalar, { column: 'the_id' });
    const codec = createCodec(stream([only], { key: [only] }));
    expect(codec.encodeKey({ id: value })?.toString()).toBe(text);
    expect(codec.decodeKey(Buffer.from(text))).toEqual({ id: value });
  });

  it.each<readonly [ScalarName, string]>([
    ['Int', 'x'],
    ['Int', ''],
    ['Boolean', 'TRUE'],
    ['BigInt', '1.5'],
    ['DateTime', 'yesterday'],
  ])('of one %s field that reads %o does not fit', (scalar, text) => {
    const only = field('id', scalar);
    expect(createCodec(stream([only], { key: [only] })).decodeKey(Buffer.from(text))).toBeNull();
  });

  it('that is not UTF-8 does not fit', () => {
    const only = field('id', 'ID');
    expect(createCodec(stream([only], { key: [only] })).decodeKey(Buffer.from([0xff]))).toBeNull();
  });

  it('of several fields is a JSON object in the order of the key, with nulls', () => {
    const [userId, count, day] = [
      field('userId', 'ID', { column: 'user_id' }),
      field('count', 'Int'),
      field('day', 'Date'),
    ];
    const codec = createCodec(stream([userId, count, day], { key: [day, userId] }));
    expect(codec.encodeKey({ userId: 'u', count: 1, day: null })?.toString()).toBe('{"day":null,"user_id":"u"}');
    expect(codec.decodeKey(Buffer.from('{"day":"2026-11-21","user_id":"u"}'))).toEqual({
      day: '2026-11-21',
      userId: 'u',
    });
    expect(codec.decodeKey(Buffer.from('u'))).toBeNull();
  });

  it('of format LONG is the integer in 8 bytes', () => {
    const only = field('id', 'BigInt');
    const codec = createCodec(stream([only], { key: [only], keyFormat: 'LONG' }));
    expect(codec.encodeKey({ id: -(2n ** 63n) })?.toString('hex')).toBe('8000000000000000');
    expect(codec.decodeKey(Buffer.from('00000000000000ff', 'hex'))).toEqual({ id: 255 });
    expect(codec.decodeKey(Buffer.from('ff', 'hex'))).toBeNull();
  });

  it('of format JSON is an object, of one field too', () => {
    const only = field('id', 'Int');
    const codec = createCodec(stream([only], { key: [only], keyFormat: 'JSON' }));
    expect(codec.encodeKey({ id: 1 })?.toString()).toBe('{"id":1}');
    expect(codec.decodeKey(Buffer.from('{"id":2}'))).toEqual({ id: 2 });
  });

  it.each([
    ['the bare value', 1],
    ['a record', 2],
  ])('of format AVRO with %s is read back', (_what, count) => {
    const fields = [field('id', 'ID', { required: true }), field('at', 'DateTime', { required: true })];
    const source = stream(fields, { key: fields.slice(0, count), keyFormat: 'AVRO' });
    const codec = createCodec(source, schemasOf(declaredSchema(source, 'KEY')));
    const key = Object.fromEntries(Object.entries({ id: 'x', at: '2026-11-21T10:00:00.000Z' }).slice(0, count));
    expect(codec.decodeKey(codec.encodeKey(key) ?? Buffer.alloc(0))).toEqual(key);
    expect(codec.decodeKey(Buffer.from('x'))).toBeNull();
    expect(compareSchemas(source, declaredSchema(source, 'KEY'), 'KEY')).toEqual([]);
  });

  it('is absent without key fields, or when the one field has no value', () => {
    const only = field('id', 'ID');
    expect(createCodec(stream([only])).encodeKey({ id: 'x' })).toBeNull();
    expect(createCodec(stream([only])).decodeKey(Buffer.from('x'))).toBeNull();
    expect(createCodec(stream([only], { key: [only] })).encodeKey({ id: null })).toBeNull();
  });
});
