import type { Field, FieldType } from '#model';
import { compileDecoder, compileJsonDecoder, toText } from './decode-json.ts';
import { compileEncoder, compileJsonEncoder, refusingMisfits } from './encode-json.ts';
import { readerOf } from './read-property.ts';
import type { Codec, Node } from './types.ts';

/** Keys of records: nothing without key fields, plain text for one, a JSON object in their order for several. */
export function createKeyCodec(fields: readonly Field[]): Pick<Codec, 'encodeKey' | 'decodeKey'> {
  const [first, ...others] = fields;
  if (first === undefined) return { encodeKey: () => null, decodeKey: () => null };
  return others.length === 0 ? createPlainKey(first) : createJsonKey(fields);
}

function createPlainKey(field: Field): Pick<Codec, 'encodeKey' | 'decodeKey'> {
  const encode = compileEncoder(field.type);
  const decode = compileDecoder(field.type);
  const read = readerOf(field.name);
  return {
    encodeKey(node) {
      const value = read(node);
      if (value === null || value === undefined) return null;
      if (typeof value === 'string' && isText(field.type)) return Buffer.from(value);
      const json = refusingMisfits(() => encode(value));
      return Buffer.from(json.startsWith('"') ? JSON.parse(json) : json);
    },
    decodeKey(key) {
      const text = toText(key);
      if (text === null) return null;
      try {
        return { [field.name]: decode(fromPlainText(field.type, text)) };
      } catch {
        return null;
      }
    },
  };
}

function createJsonKey(fields: readonly Field[]): Pick<Codec, 'encodeKey' | 'decodeKey'> {
  const encode = compileJsonEncoder(fields, 'NULL');
  const decode = compileJsonDecoder(fields);
  return {
    encodeKey: (node) => Buffer.from(encode(node)),
    decodeKey(key): Node | null {
      const decoded = decode(key);
      return decoded.ok ? decoded.node : null;
    },
  };
}

/** Types whose plain text is the value itself, without a check or a canonical form. */
function isText(type: FieldType): boolean {
  return type.kind === 'enum' || (type.kind === 'scalar' && (type.name === 'ID' || type.name === 'String'));
}

/** What the decoders expect, which read JSON values, of the plain text in a key. */
function fromPlainText(type: FieldType, text: string): unknown {
  if (type.kind !== 'scalar') return text;
  switch (type.name) {
    case 'Int':
    case 'Float':
      return text.trim() === '' ? text : Number(text);
    case 'Boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    default:
      return text;
  }
}
