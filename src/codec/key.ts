import { SluiceError } from '#errors';
import type { Field, FieldType, Source } from '#model';
import { createAvroFormat } from './avro.ts';
import { toShortest } from './byte-reader.ts';
import { compileDecoder, compileJsonDecoder, toText } from './decode-json.ts';
import { compileEncoder, compileJsonEncoder, refusingMisfits } from './encode-json.ts';
import { createFramed } from './frame.ts';
import { unexpected } from './misfit.ts';
import { readerOf } from './read-property.ts';
import type { Codec, Node, NumberedSchema, Schemas } from './types.ts';
import { wellFormed } from './well-formed.ts';

type KeyCodec = Pick<Codec, 'encodeKey' | 'decodeKey'>;

/** Keys of records: nothing without key fields, else as `keyFormat` says. Throws `BAD_DECLARATION`. */
export function createKeyCodec(
  { key: fields, keyFormat, typeName }: Pick<Source, 'key' | 'keyFormat' | 'typeName'>,
  schemas: Schemas | undefined,
): KeyCodec {
  const [first] = fields;
  if (first === undefined) return { encodeKey: () => null, decodeKey: () => null };
  switch (keyFormat) {
    case 'STRING':
      return createPlainKey(first);
    case 'LONG':
      return createLongKey(first);
    case 'JSON':
      return createJsonKey(fields);
    case 'AVRO':
      if (schemas === undefined) {
        throw new SluiceError('BAD_DECLARATION', `${typeName}: keyFormat AVRO needs a schema registry.`);
      }
      return createAvroKey(fields, schemas);
  }
}

function createPlainKey(field: Field): KeyCodec {
  const encode = compileEncoder(field.type);
  const decode = compileDecoder(field.type);
  const read = readerOf(field.name);
  return {
    encodeKey(node) {
      const value = read(node);
      if (value === null || value === undefined) return null;
      if (typeof value === 'string' && isText(field.type)) return refusingMisfits(() => Buffer.from(wellFormed(value)));
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

/** An integer in 8 bytes, highest first, as Java's LongSerializer writes it. */
function createLongKey(field: Field): KeyCodec {
  const read = readerOf(field.name);
  return {
    encodeKey(node) {
      const value = read(node);
      if (value === null || value === undefined) return null;
      const isInteger = typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value);
      const key = Buffer.allocUnsafe(8);
      refusingMisfits(() => {
        if (!isInteger || (typeof value !== 'bigint' && typeof value !== 'number')) throw unexpected('BigInt', value);
        key.writeBigInt64BE(BigInt(value));
      });
      return key;
    },
    decodeKey: (key) => (key.length === 8 ? { [field.name]: toShortest(key.readBigInt64BE()) } : null),
  };
}

function createJsonKey(fields: readonly Field[]): KeyCodec {
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

function createAvroKey(fields: readonly Field[], schemas: Schemas): KeyCodec {
  const { encode, decode } = createFramed(createAvroFormat(fields), {
    byId: (id) => schemas.byId(id),
    get writer(): NumberedSchema | null {
      return schemas.keyWriter ?? null;
    },
  });
  return {
    encodeKey: encode,
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
