import { SluiceError } from '#errors';
import type { Source } from '#model';
import { compileJsonDecoder } from './decode-json.ts';
import { compileJsonEncoder } from './encode-json.ts';
import { createKeyCodec } from './key.ts';
import { createRawValue } from './raw.ts';
import type { Codec } from './types.ts';

/**
 * Prepares the codec of a declared stream or view: everything that depends on the declaration is looked up here, once.
 * Throws `BAD_DECLARATION` for a format that has no codec.
 */
export function createCodec(source: Source): Codec {
  return { ...createValueCodec(source), ...createKeyCodec(source.key) };
}

function createValueCodec(source: Source): Pick<Codec, 'decode' | 'encode'> {
  const [only] = source.fields;
  if (source.format === 'RAW' && only !== undefined) return createRawValue(only);
  if (source.format !== 'JSON') {
    throw new SluiceError('BAD_DECLARATION', `${source.typeName}: format ${source.format} is not supported yet.`);
  }
  const encode = compileJsonEncoder(source.fields, 'OMITTED');
  return { decode: compileJsonDecoder(source.fields), encode: (node) => Buffer.from(encode(node)) };
}
