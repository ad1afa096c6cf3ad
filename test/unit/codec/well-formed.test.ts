import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Codec, createCodec, declaredSchema } from '#codec';
import type { Format } from '#model';
import { field, stream } from './declared.ts';
import { schemasOf } from './schemas.ts';

const id = field('id', 'ID', { required: true });

function codecOf(format: Format): Codec {
  const source = stream([id], { format });
  return format === 'JSON' || format === 'RAW'
    ? createCodec(source)
    : createCodec(source, schemasOf(declaredSchema(source)));
}

const refusal = 'the text has half of a surrogate pair, which UTF-8 cannot write';

describe('a text with half of a surrogate pair', () => {
  it.each<Format>(['RAW', 'AVRO', 'PROTOBUF'])('is refused by %s, where it would become another', (format) => {
    const { encode } = codecOf(format);
    for (const text of ['\ud800', `${'long '.repeat(20)}\udfff`]) expect(() => encode({ id: text })).toThrow(refusal);
  });

  it('is refused as a key, which records of another id would share', () => {
    const { encodeKey } = createCodec(stream([id], { key: [id] }));
    expect(() => encodeKey({ id: 'a\ud800' })).toThrow(refusal);
  });

  it('is kept by JSON, which can escape it', () => {
    const { encode, decode } = codecOf('JSON');
    expect(decode(encode({ id: 'a\ud800' }))).toEqual({ ok: true, node: { id: 'a\ud800' } });
  });
});

describe('any other text', () => {
  it.each<Format>(['JSON', 'RAW', 'AVRO', 'PROTOBUF'])('comes through %s as it is', (format) => {
    const { encode, decode } = codecOf(format);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 100 }), (text) => {
        expect(decode(encode({ id: text }))).toEqual({ ok: true, node: { id: text } });
      }),
    );
  });
});
