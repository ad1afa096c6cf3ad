import { SluiceError } from '#errors';
import type { Source } from '#model';
import { createAvroFormat } from './avro.ts';
import { compileJsonDecoder } from './decode-json.ts';
import { compileJsonEncoder } from './encode-json.ts';
import { createFramed } from './frame.ts';
import { createJsonSchemaValue } from './json-schema.ts';
import { createKeyCodec } from './key.ts';
import { createProtobufFormat } from './protobuf.ts';
import { createRawValue } from './raw.ts';
import type { Codec, Schemas } from './types.ts';

/**
 * Prepares the codec of a declared stream or view: everything that depends on the declaration is looked up here, once.
 * `schemas` are needed by the formats AVRO, PROTOBUF and JSON_SCHEMA, and by `keyFormat: AVRO`. Throws
 * `BAD_DECLARATION` where they are missing.
 */
export function createCodec(source: Source, schemas?: Schemas): Codec {
  return { ...createValueCodec(source, schemas), ...createKeyCodec(source, schemas) };
}

function createValueCodec(source: Source, schemas: Schemas | undefined): Pick<Codec, 'decode' | 'encode'> {
  const { format, fields, typeName } = source;
  if (format === 'RAW') return createRaw(source);
  if (format === 'JSON') {
    const encode = compileJsonEncoder(fields, 'OMITTED');
    return { decode: compileJsonDecoder(fields), encode: (node) => Buffer.from(encode(node)) };
  }
  if (schemas === undefined) {
    throw new SluiceError('BAD_DECLARATION', `${typeName}: format ${format} needs a schema registry.`);
  }
  if (format === 'AVRO') return createFramed(createAvroFormat(fields), schemas);
  if (format === 'PROTOBUF') return createFramed(createProtobufFormat(source), schemas);
  return createJsonSchemaValue(fields, schemas);
}

function createRaw({ fields, typeName }: Source): Pick<Codec, 'decode' | 'encode'> {
  const [only] = fields;
  if (only === undefined) throw new SluiceError('BAD_DECLARATION', `${typeName}: format RAW needs one field.`);
  return createRawValue(only);
}
