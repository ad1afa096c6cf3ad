import avsc from 'avsc';
import { describe, expect, it } from 'vitest';
import { compareSchemas, createCodec, type RegisteredSchema } from '#codec';
import type { ScalarName } from '#model';
import { field, stream } from './declared.ts';
import { avroRecord, framed, schemasOf } from './schemas.ts';

/** What avsc, another implementation, writes for a schema. */
function written({ text }: RegisteredSchema, value: unknown): Buffer {
  return avsc.Type.forSchema(JSON.parse(text), { wrapUnions: true }).toBuffer(value);
}

const cases: readonly (readonly [ScalarName, unknown, unknown, unknown])[] = [
  ['ID', 'int', -3, '-3'],
  ['ID', { type: 'enum', name: 'E', symbols: ['A', 'B'] }, 'B', 'B'],
  ['ID', { type: 'string', logicalType: 'uuid' }, 'b6f2', 'b6f2'],
  ['Int', 'long', 7, 7],
  ['BigInt', 'long', -4_503_599_627_370_000, -4_503_599_627_370_000],
  ['Float', 'float', 1.5, 1.5],
  ['Float', 'int', 2, 2],
  ['DateTime', { type: 'long', logicalType: 'timestamp-millis' }, -1, '1969-12-31T23:59:59.999Z'],
  ['DateTime', { type: 'long', logicalType: 'timestamp-micros' }, 1_763_000_000_123_456, '2025-11-13T02:13:20.123Z'],
  ['DateTime', { type: 'long', logicalType: 'local-timestamp-micros' }, -1, '1969-12-31T23:59:59.999Z'],
  ['Date', { type: 'int', logicalType: 'date' }, -1, '1969-12-31'],
  ['Time', { type: 'int', logicalType: 'time-millis' }, 36_000_500, '10:00:00.5'],
  ['Time', { type: 'long', logicalType: 'time-micros' }, 36_000_000_999, '10:00:00'],
  ['Decimal', { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 }, Buffer.from([0xff, 0x38]), '-2'],
  [
    'Decimal',
    { type: 'fixed', name: 'F', size: 3, logicalType: 'decimal', precision: 6, scale: 4 },
    Buffer.from([0, 0, 125]),
    '0.0125',
  ],
  ['Bytes', { type: 'fixed', name: 'F', size: 2 }, Buffer.from('hi'), 'aGk='],
  ['JSON', { type: 'map', values: ['null', 'long'] }, { __proto: { long: 1 }, b: null }, { __proto: 1, b: null }],
];

describe('an Avro record', () => {
  it.each(cases)('holds %s as %j', (scalar, type, value, expected) => {
    const schema = avroRecord([{ name: 'value', type }]);
    const codec = createCodec(stream([field('value', scalar)], { format: 'AVRO' }), schemasOf(schema));
    const record = framed(1, written(schema, { value }));
    expect(codec.decode(record)).toEqual({ ok: true, node: { value: expected } });
    // Finer than milliseconds is cut off.
    if (!JSON.stringify(type).includes('micros')) expect(codec.encode({ value: expected })).toEqual(record);
  });

  it('is read by the schema that it was written with, and by defaults and former names of the latest', () => {
    const first = avroRecord([
      { name: 'gone', type: { type: 'array', items: 'string' } },
      { name: 'old_name', type: 'string' },
    ]);
    const latest = avroRecord([
      { name: 'name', type: 'string', aliases: ['old_name'] },
      { name: 'size', type: 'int', default: 5 },
      { name: 'note', type: ['null', 'string'], default: null },
    ]);
    const fields = [
      field('name', 'String', { required: true }),
      field('size', 'Int', { required: true }),
      field('note', 'ID'),
    ];
    const codec = createCodec(stream(fields, { format: 'AVRO' }), schemasOf(first, latest));
    const old = framed(1, written(first, { gone: ['a', 'b'], old_name: 'x' }));
    expect(codec.decode(old)).toEqual({ ok: true, node: { name: 'x', size: 5, note: null } });
  });

  it('is written with defaults and nulls where only the schema has a field', () => {
    const schema = avroRecord([
      { name: 'extra', type: 'int', default: 7 },
      { name: 'name', type: 'string' },
      { name: 'other', type: ['null', 'string'] },
    ]);
    const codec = createCodec(stream([field('name', 'String')], { format: 'AVRO' }), schemasOf(schema));
    expect(codec.encode({ name: 'x' })).toEqual(framed(1, written(schema, { extra: 7, name: 'x', other: null })));
  });

  it('is not written when the schema requires what the declaration does not have', () => {
    const schema = avroRecord([{ name: 'extra', type: 'int' }]);
    const codec = createCodec(stream([field('name', 'String')], { format: 'AVRO' }), schemasOf(schema));
    expect(() => codec.encode({ name: 'x' })).toThrow('field `extra`: the schema requires it without a default');
  });

  it('keeps long integers exact', () => {
    const schema = avroRecord([{ name: 'value', type: 'long' }]);
    const codec = createCodec(stream([field('value', 'BigInt')], { format: 'AVRO' }), schemasOf(schema));
    for (const value of [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n]) {
      expect(codec.decode(codec.encode({ value }))).toEqual({ ok: true, node: { value } });
    }
  });

  it.each([
    ['an array of strings', { type: 'array', items: 'string' }],
    ['an array of nulls', { type: 'array', items: 'null' }],
    ['a map', { type: 'map', values: 'null' }],
    ['a string', 'string'],
    ['bytes', 'bytes'],
  ])('that announces 2^60 items of %s is refused at once', (_what, type) => {
    const schema = avroRecord([{ name: 'value', type }]);
    const count = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]);
    for (const fields of [[field('value', 'JSON')], [field('other', 'Int')]]) {
      const codec = createCodec(stream(fields, { format: 'AVRO' }), schemasOf(schema));
      expect(codec.decode(framed(1, Buffer.concat([count, Buffer.alloc(50)]))).ok).toBe(false);
    }
  });

  it('of a recursive type is read 100 deep, and no deeper', () => {
    const schema = avroRecord([{ name: 'next', type: ['null', 'Thing'] }]);
    const codec = createCodec(stream([field('next', 'JSON')], { format: 'AVRO' }), schemasOf(schema));
    const deep = (depth: number) => framed(1, Buffer.concat([Buffer.alloc(depth, 2), Buffer.alloc(1)]));
    expect(codec.decode(deep(99)).ok).toBe(true);
    expect(codec.decode(deep(1_000_000))).toMatchObject({ fault: { reason: expect.stringContaining('100 deep') } });
  });
});

describe('the frame of a record', () => {
  const schema = avroRecord([{ name: 'value', type: 'string' }]);
  const source = stream([field('value', 'String')], { format: 'AVRO' });

  it.each([
    ['nothing', Buffer.alloc(0), 'the value is empty'],
    ['too few bytes', Buffer.from([0, 0, 1]), 'too few for a schema id'],
    ['plain JSON', Buffer.from('{"a":1}'), 'It looks like plain JSON'],
    ['a truncated value', framed(1, Buffer.from([8, 97])), 'field `value`: the record ends too early'],
    ['bytes left over', framed(1, Buffer.from([2, 97, 0])), '1 bytes are left over'],
    ['text that is not UTF-8', framed(1, Buffer.from([2, 0xff])), 'not valid UTF-8'],
  ])('with %s is refused in words', (_what, bytes, reason) => {
    const decoded = createCodec(source, schemasOf(schema)).decode(bytes);
    expect(decoded).toMatchObject({ ok: false, fault: { reason: expect.stringContaining(reason) } });
  });

  it('that names a schema not at hand says which, and that it may come', () => {
    const known = new Map<number, RegisteredSchema>();
    const codec = createCodec(source, { byId: (id) => known.get(id), writer: null });
    const bytes = framed(9, written(schema, { value: 'x' }));
    expect(codec.decode(bytes)).toMatchObject({ ok: false, fault: { retry: true, schemaId: 9 } });
    known.set(9, schema);
    expect(codec.decode(bytes)).toEqual({ ok: true, node: { value: 'x' } });
  });

  it('that names a schema which there is not says why', () => {
    const codec = createCodec(source, {
      byId: () => ({ type: 'FAULT', reason: 'there is none', retry: false }),
      writer: null,
    });
    expect(codec.decode(framed(9, Buffer.alloc(1)))).toEqual({
      ok: false,
      fault: { reason: 'schema 9: there is none', schemaId: 9 },
    });
  });
});

describe('a declaration held against an Avro schema', () => {
  it('is told what is missing, does not map, or is narrower', () => {
    const schema = avroRecord([
      { name: 'a', type: 'long' },
      { name: 'b', type: ['null', 'string'] },
      { name: 'c', type: { type: 'map', values: 'int' } },
      { name: 'd', type: 'string' },
    ]);
    const fields = [
      field('a', 'Int'),
      field('b', 'String', { required: true }),
      field('c', 'Float'),
      field('e', 'ID', { required: true }),
    ];
    expect(compareSchemas(stream(fields, { format: 'AVRO' }), schema)).toEqual([
      'field `c`: declared Float, but the schema has map of int, which does not map',
      'field `e`: required, but the schema does not have it',
      'field `d`: the schema requires it without a default, but the declaration does not have it',
      'field `e`: declared, but the schema does not have it: its values would be lost',
      'field `a`: declared Int, but the schema has long',
      'field `b`: may be null in the schema, but is required',
    ]);
  });

  it('is told when the schema is none, or of another type', () => {
    const source = stream([field('a', 'Int')], { format: 'AVRO' });
    expect(compareSchemas(source, { type: 'AVRO', text: '{', references: [] })[0]).toContain('cannot be used');
    expect(compareSchemas(source, { type: 'JSON', text: '{}', references: [] })[0]).toContain('expected AVRO');
  });
});
