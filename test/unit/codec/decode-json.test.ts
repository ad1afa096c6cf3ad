import { describe, expect, it } from 'vitest';
import { createCodec, type Decoded } from '#codec';
import type { Field, ScalarName } from '#model';
import { field, stream } from './declared.ts';

function decode(fields: readonly Field[], record: string | Buffer): Decoded {
  return createCodec(stream(fields)).decode(Buffer.from(record));
}

function nodeOf(decoded: Decoded): Readonly<Record<string, unknown>> {
  if (!decoded.ok) throw new Error(decoded.fault.reason);
  return decoded.node;
}

function reasonOf(decoded: Decoded): string {
  return decoded.ok ? 'no fault' : decoded.fault.reason;
}

const accepted: readonly (readonly [ScalarName, string, unknown])[] = [
  ['ID', '"a-1"', 'a-1'],
  ['ID', '42', '42'],
  ['ID', '90071992547409931', '90071992547409931'],
  ['String', '"ä😀\\u0000"', 'ä😀\u0000'],
  ['Int', '-2147483648', -2147483648],
  ['Int', '5.0', 5],
  ['Int', '-0', 0],
  ['BigInt', '9007199254740991', 9007199254740991],
  ['BigInt', '9007199254740993', 9007199254740993n],
  ['BigInt', '-9223372036854775808', -9223372036854775808n],
  ['BigInt', '1e3', 1000],
  ['BigInt', '"9223372036854775807"', 9223372036854775807n],
  ['BigInt', '"12"', 12],
  ['BigInt', '-0', 0],
  ['Float', '1', 1],
  ['Float', '0.12345678901234567890', 0.12345678901234568],
  ['Float', '-1.5e-3', -0.0015],
  ['Boolean', 'false', false],
  ['DateTime', '"2026-11-21T10:00:00.000Z"', '2026-11-21T10:00:00.000Z'],
  ['DateTime', '"2026-11-21T10:00:00Z"', '2026-11-21T10:00:00.000Z'],
  ['DateTime', '"2026-11-21T10:00:00.1Z"', '2026-11-21T10:00:00.100Z'],
  ['DateTime', '"2026-11-21T10:00:00.123456789Z"', '2026-11-21T10:00:00.123Z'],
  ['DateTime', '"2026-11-21T00:30:00+01:00"', '2026-11-20T23:30:00.000Z'],
  ['DateTime', '"2026-11-21T10:00-0330"', '2026-11-21T13:30:00.000Z'],
  ['DateTime', '"2024-02-29T00:00:00.000Z"', '2024-02-29T00:00:00.000Z'],
  ['Date', '"2024-02-29"', '2024-02-29'],
  ['Time', '"10:00:00"', '10:00:00'],
  ['Time', '"10:00:00.120"', '10:00:00.12'],
  ['Time', '"10:00:00.1Z"', '10:00:00.1'],
  ['Decimal', '12.50', '12.5'],
  ['Decimal', '"12.50"', '12.5'],
  ['Decimal', '0.1000000000000000055511151231257827', '0.1000000000000000055511151231257827'],
  ['Decimal', '12345678901234567890123456789012345678', '12345678901234567890123456789012345678'],
  ['Decimal', '1E+2', '100'],
  ['Decimal', '1.5e-7', '0.00000015'],
  ['Decimal', '-0.0', '0'],
  ['Bytes', '"aGk="', 'aGk='],
  ['Bytes', '""', ''],
  ['JSON', '{"a":[1,null,"x"]}', { a: [1, null, 'x'] }],
  ['JSON', '7', 7],
  ['JSON', '"plain"', 'plain'],
  ['JSON', '"{\\"a\\":1}"', { a: 1 }],
  ['JSON', '" [1, 2]"', [1, 2]],
  ['JSON', '"{not json"', '{not json'],
  ['JSON', 'false', false],
];

const refused: readonly (readonly [ScalarName, string, string])[] = [
  ['ID', '1.5', 'expected ID (a string or an integer), got the number 1.5'],
  ['ID', 'true', 'expected ID (a string or an integer), got true'],
  ['String', '1', 'expected String, got the number 1'],
  ['String', '12345678901234567890', 'expected String, got the number 12345678901234567000'],
  ['Int', '2147483648', 'expected Int (an integer of 32 bits), got the number 2147483648'],
  ['Int', '1.5', 'expected Int (an integer of 32 bits), got the number 1.5'],
  ['Int', '"1"', 'expected Int (an integer of 32 bits), got the string "1"'],
  ['BigInt', '"abc"', 'expected BigInt, got the string "abc"'],
  ['BigInt', '""', 'expected BigInt, got the string ""'],
  ['BigInt', '"1e3"', 'expected BigInt, got the string "1e3"'],
  ['BigInt', '0.5', 'expected BigInt, got the number 0.5'],
  ['BigInt', '9223372036854775808', 'expected BigInt (64 bits), got the number 9223372036854775808'],
  ['BigInt', '1e400', 'expected BigInt, got the number Infinity'],
  ['BigInt', '1e99', 'expected BigInt, got the number 1e99'],
  ['Float', '1e400', 'expected Float (a number that a double holds), got the number Infinity'],
  ['Float', '"NaN"', 'expected Float (a number that a double holds), got the string "NaN"'],
  ['Boolean', '"true"', 'expected Boolean, got the string "true"'],
  ['DateTime', '1795255200000', 'got the number 1795255200000'],
  ['DateTime', '"2026-11-21 10:00:00"', 'expected DateTime (ISO-8601 with Z'],
  ['DateTime', '"2026-11-21T10:00:00"', 'expected DateTime (ISO-8601 with Z'],
  ['DateTime', '"2026-02-30T10:00:00.000Z"', 'expected DateTime'],
  ['DateTime', '"2026-11-21T24:00:00.000Z"', 'expected DateTime'],
  ['DateTime', '"2026-11-21T10:60:00.000Z"', 'expected DateTime'],
  ['DateTime', '"2026-1a-21T10:00:00.000Z"', 'expected DateTime'],
  ['DateTime', '"9999-12-31T23:59:59-01:00"', 'expected DateTime'],
  ['Date', '"2025-02-29"', 'expected Date (as in "2026-11-21"), got the string "2025-02-29"'],
  ['Date', '"2025-13-01"', 'expected Date'],
  ['Time', '"24:00:00"', 'expected Time (as in "10:00:00"), got the string "24:00:00"'],
  ['Decimal', '"1,5"', 'expected Decimal (a number of up to 38 digits, also as a string), got the string "1,5"'],
  ['Decimal', '1e39', 'got the number 1e+39'],
  ['Decimal', '1e999999999', 'got the number 1e999999999'],
  ['Decimal', '"NaN"', 'got the string "NaN"'],
  ['Bytes', '"aGk"', 'expected Bytes (base64 with padding), got the string "aGk"'],
  ['Bytes', '"a-k="', 'expected Bytes (base64 with padding)'],
];

describe('a value in a JSON record', () => {
  it.each(accepted)('of type %s may be %s', (scalar, json, expected) => {
    expect(nodeOf(decode([field('value', scalar)], `{"value":${json}}`))).toEqual({ value: expected });
  });

  it.each(refused)('of type %s may not be %s', (scalar, json, reason) => {
    const decoded = decode([field('value', scalar, { column: 'the_value' })], `{"the_value":${json}}`);
    expect(reasonOf(decoded)).toContain('field `the_value`: ');
    expect(reasonOf(decoded)).toContain(reason);
  });

  it('keeps all digits of a decimal next to floats and nested JSON, which stay plain numbers', () => {
    const fields = [field('price', 'Decimal'), field('ratio', 'Float'), field('extra', 'JSON'), field('count', 'Int')];
    const record =
      '{"price":1.2345678901234567890123,"ratio":0.3333333333333333,"extra":{"n":[0.3333333333333333]},"count":7}';
    expect(nodeOf(decode(fields, record))).toEqual({
      price: '1.2345678901234567890123',
      ratio: 0.3333333333333333,
      extra: { n: [0.3333333333333333] },
      count: 7,
    });
  });
});

describe('a JSON record', () => {
  const fields = [field('userId', 'ID', { column: 'user_id', required: true }), field('note', 'String')];

  it('is read by column names into field names, and columns that are not declared are ignored', () => {
    expect(nodeOf(decode(fields, '{"user_id":"u1","userId":"x","more":{"a":1}}'))).toEqual({
      userId: 'u1',
      note: null,
    });
  });

  it.each([
    ['a missing required field', '{"note":"x"}', 'field `user_id`: required, but missing'],
    ['a required field that is null', '{"user_id":null}', 'field `user_id`: required, but null'],
    ['an empty value', '', 'the value is empty, expected a JSON object'],
    ['a list', '[1]', 'expected a JSON object, got a list'],
    ['null', 'null', 'expected a JSON object, got null'],
    ['a string', '"x"', 'expected a JSON object, got the string "x"'],
    ['truncated JSON', '{"user_id":"u', 'the value is not valid JSON: '],
    ['text after the object', '{"user_id":"u"} x', 'the value is not valid JSON: '],
    ['NaN', '{"user_id":NaN}', 'the value is not valid JSON: '],
    ['a value framed by a schema registry', '\u0000\u0000\u0000\u0000\u0001abc', 'the value is not valid JSON: '],
  ])('with %s is a fault that says so', (_what, record, reason) => {
    expect(reasonOf(decode(fields, record))).toContain(reason);
  });

  it('that is not UTF-8 is a fault', () => {
    const record = Buffer.concat([Buffer.from('{"user_id":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
    expect(reasonOf(decode(fields, record))).toBe('the value is not valid UTF-8');
  });

  it('may hold the replacement character itself', () => {
    expect(nodeOf(decode(fields, '{"user_id":"\ufffd"}'))['userId']).toBe('\ufffd');
  });

  it('may begin with a byte order mark', () => {
    expect(nodeOf(decode(fields, '\ufeff{"user_id":"u"}'))['userId']).toBe('u');
  });

  it('with a doubled column counts the last, as Flink does', () => {
    expect(nodeOf(decode(fields, '{"user_id":"a","user_id":"b"}'))['userId']).toBe('b');
  });

  it('with hostile names pollutes nothing', () => {
    const record = '{"__proto__":{"note":"polluted"},"constructor":{"prototype":{"x":1}},"user_id":"u"}';
    const node = nodeOf(decode(fields, record));
    expect(node).toEqual({ userId: 'u', note: null });
    expect(Object.getPrototypeOf(node)).toBe(Object.prototype);
    expect('x' in {}).toBe(false);
  });

  it('may have columns named as members of every object', () => {
    const odd = [field('a', 'String', { column: 'constructor' }), field('b', 'JSON', { column: '__proto__' })];
    expect(nodeOf(decode(odd, '{}'))).toEqual({ a: null, b: null });
    expect(nodeOf(decode(odd, '{"constructor":"c","__proto__":{"x":1}}'))).toEqual({ a: 'c', b: { x: 1 } });
  });

  it('of a megabyte is read, and a long value is cut short in a reason', () => {
    const long = 'x'.repeat(1_000_000);
    expect(nodeOf(decode(fields, JSON.stringify({ user_id: long })))['userId']).toBe(long);
    expect(reasonOf(decode([field('n', 'BigInt')], JSON.stringify({ n: long })))).toBe(
      `field \`n\`: expected BigInt, got the string "${'x'.repeat(59)}…`,
    );
  });

  it('nested without end is a fault, in an ignored column as in a JSON field', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    expect(() => decode(fields, `{"user_id":"u","other":${deep}}`)).not.toThrow();
    expect(() => decode([field('d', 'Decimal')], `{"d":1.23456789012345678,"other":${deep}}`)).not.toThrow();
    expect(reasonOf(decode([field('j', 'JSON')], `{"j":${deep}}`))).toBe(
      'field `j`: the JSON value is nested more than 100 deep',
    );
  });
});

describe('a value of several parts', () => {
  const colour = field('colour', {
    kind: 'enum',
    type: {
      name: 'Colour',
      description: null,
      values: [
        { name: 'RED', description: null },
        { name: 'BLUE', description: null },
      ],
    },
  });
  const address = {
    name: 'Address',
    description: null,
    fields: [field('cityName', 'String', { column: 'city_name', required: true }), field('zip', 'Int')],
  };
  const places = field('places', { kind: 'list', of: { kind: 'object', type: address }, itemRequired: false });
  const tags = field('tags', { kind: 'list', of: { kind: 'scalar', name: 'String' }, itemRequired: true });

  it('is read through lists and nested types', () => {
    const record = '{"colour":"BLUE","places":[{"city_name":"Bonn"},null,{"city_name":"Ulm","zip":89073}],"tags":[]}';
    expect(nodeOf(decode([colour, places, tags], record))).toEqual({
      colour: 'BLUE',
      places: [{ cityName: 'Bonn', zip: null }, null, { cityName: 'Ulm', zip: 89073 }],
      tags: [],
    });
  });

  it.each([
    ['{"colour":"GREEN"}', 'field `colour`: expected Colour (RED, BLUE), got the string "GREEN"'],
    ['{"places":{}}', 'field `places`: expected a list, got an object'],
    ['{"places":[{"city_name":"x"},{"city_name":"y","zip":"z"}]}', 'field `places[1].zip`: expected Int'],
    ['{"places":[{}]}', 'field `places[0].city_name`: required, but missing'],
    ['{"places":[12345678901234567890]}', 'field `places[0]`: expected a JSON object, got the number'],
    ['{"tags":["a",null]}', 'field `tags[1]`: required, but null'],
  ])('names the place of a fault: %s', (record, reason) => {
    expect(reasonOf(decode([colour, places, tags], record))).toContain(reason);
  });
});
