import { describe, expect, it } from 'vitest';
import { compareSchemas, createCodec, declaredSchema, type RegisteredSchema } from '#codec';
import { field, stream } from './declared.ts';
import { framed, schemasOf } from './schemas.ts';

const source = stream([field('age', 'Int'), field('mail', 'String', { required: true })], { format: 'JSON_SCHEMA' });
const schema: RegisteredSchema = {
  type: 'JSON',
  text: JSON.stringify({
    type: 'object',
    properties: { age: { type: 'integer', minimum: 0 }, mail: { $ref: 'mail.json' } },
    required: ['mail'],
    additionalProperties: false,
  }),
  references: [{ name: 'mail.json', text: '{"type":"string","minLength":3}' }],
};

describe('a record with a JSON Schema', () => {
  it('is written behind the frame, when it fits the schema', () => {
    const codec = createCodec(source, schemasOf(schema));
    expect(codec.encode({ age: 1, mail: 'a@b' })).toEqual(framed(1, Buffer.from('{"age":1,"mail":"a@b"}')));
    expect(() => codec.encode({ age: -1, mail: 'a@b' })).toThrow(
      'does not fit the registered JSON Schema at /age: must',
    );
    expect(() => codec.encode({ age: 1, mail: 'a' })).toThrow('/mail');
  });

  it('is read without the schema, so that it is while the registry is away', () => {
    const codec = createCodec(source, { byId: () => undefined, writer: null });
    expect(codec.decode(framed(77, Buffer.from('{"mail":"x"}')))).toEqual({ ok: true, node: { age: null, mail: 'x' } });
  });

  it('is told what does not fit the declaration', () => {
    const fields = [field('age', 'Boolean'), field('size', 'Int')];
    expect(compareSchemas(stream(fields, { format: 'JSON_SCHEMA' }), schema)).toEqual([
      'field `age`: declared Boolean, but the schema has integer, which does not map',
      'field `size`: declared, but the schema neither has it nor allows more than it has',
      'field `mail`: the schema requires it, but the declaration does not have it',
    ]);
  });
});

describe('the schema of a declaration', () => {
  it('cannot be what the format has no name for', () => {
    const odd = [field('a', 'Int', { column: 'a-b' })];
    expect(() => declaredSchema(stream(odd, { format: 'AVRO' }))).toThrow('"a-b" is no name in Avro');
    expect(() => declaredSchema(stream(odd, { format: 'PROTOBUF' }))).toThrow('"a-b" is no name in Protobuf');
    expect(() => declaredSchema(stream(odd))).toThrow('has no registered schema');
  });
});
