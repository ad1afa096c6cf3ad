import type { Field, FieldType } from '#model';
import type { ByteReader } from './byte-reader.ts';
import { finite } from './decode-avro-scalar.ts';
import { type ReadProto, readProtoText } from './decode-protobuf-scalar.ts';
import { naturalField, naturalType } from './natural-protobuf.ts';
import type { ProtoField, ProtoMessage } from './protobuf-type.ts';
import { readDelimited, skipField } from './protobuf-wire.ts';
import { setOwn } from './read-property.ts';

/** Prepare what a JSON value is read with below the objects and lists that are only JSON. */
export interface ProtoReaderCompilers {
  message(message: ProtoMessage, fields: readonly Field[]): ReadProto;
  value(field: ProtoField, type: FieldType): ReadProto;
}

/** Readers of messages as JSON, made when first met: messages may hold themselves. */
const jsonReaders = new WeakMap<ProtoMessage, ReadProto>();

/** Prepares the reader of a field into a JSON value: one value, an item of a list, or of a map a key with its value. */
export function compileProtoJson(field: ProtoField, compilers: ProtoReaderCompilers): ReadProto {
  if (field.label === 'MAP') return mapEntry(field, compilers);
  const { value } = field;
  if (value.kind !== 'message') return compilers.value(field, naturalType(field));
  return messageAsJson(value.type, compilers);
}

/** Prepares the reader of a message as a JSON object, behind its length. */
function messageAsJson(message: ProtoMessage, compilers: ProtoReaderCompilers): ReadProto {
  const structural = structReaders[message.fullName];
  if (structural !== undefined) return (reader) => readDelimited(reader, structural);
  return (reader) => {
    let read = jsonReaders.get(message);
    if (read === undefined) {
      read = compilers.message(message, message.fields.map(naturalField));
      jsonReaders.set(message, read);
    }
    reader.enter();
    const value = readDelimited(reader, read);
    reader.leave();
    return value;
  };
}

function mapEntry(field: ProtoField, compilers: ProtoReaderCompilers): ReadProto {
  const keyField: ProtoField = { ...field, label: 'ONE', value: { kind: 'scalar', type: field.key } };
  const readKey = compilers.value(keyField, naturalType(keyField));
  const readValue = compileProtoJson({ ...field, label: 'ONE' }, compilers);
  return (reader) =>
    readDelimited(reader, () => {
      let key: unknown = field.key === 'string' ? '' : field.key === 'bool' ? false : 0;
      let value: unknown = null;
      while (reader.at < reader.end) {
        const tag = Number(reader.readVarint());
        if (tag >= 8 && tag < 16) key = readKey(reader);
        else if (tag >= 16 && tag < 24) value = readValue(reader);
        else skipField(reader, tag);
      }
      return [String(key), value];
    });
}

function readStruct(reader: ByteReader): unknown {
  reader.enter();
  const struct = {};
  while (reader.at < reader.end) {
    const tag = Number(reader.readVarint());
    if (tag !== 10) skipField(reader, tag);
    else {
      readDelimited(reader, () => {
        let key = '';
        let value: unknown = null;
        while (reader.at < reader.end) {
          const inner = Number(reader.readVarint());
          if (inner === 10) key = readProtoText(reader);
          else if (inner === 18) value = readDelimited(reader, readValue);
          else skipField(reader, inner);
        }
        setOwn(struct, key, value);
      });
    }
  }
  reader.leave();
  return struct;
}

function readValue(reader: ByteReader): unknown {
  let value: unknown = null;
  while (reader.at < reader.end) {
    const tag = Number(reader.readVarint());
    if (tag === 8) {
      reader.readVarint();
      value = null;
    } else if (tag === 17) value = finite(reader.readDouble());
    else if (tag === 26) value = readProtoText(reader);
    else if (tag === 32) value = Number(reader.readVarint()) !== 0;
    else if (tag === 42) value = readDelimited(reader, readStruct);
    else if (tag === 50) value = readDelimited(reader, readList);
    else skipField(reader, tag);
  }
  return value;
}

function readList(reader: ByteReader): unknown {
  reader.enter();
  const items: unknown[] = [];
  while (reader.at < reader.end) {
    const tag = Number(reader.readVarint());
    if (tag === 10) items.push(readDelimited(reader, readValue));
    else skipField(reader, tag);
  }
  reader.leave();
  return items;
}

/** google/protobuf/struct.proto: a JSON value in Protobuf. */
const structReaders: Readonly<Record<string, ReadProto>> = {
  'google.protobuf.Struct': readStruct,
  'google.protobuf.Value': readValue,
  'google.protobuf.ListValue': readList,
};
