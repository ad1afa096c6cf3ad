import type { Field, FieldType } from '#model';
import type { ByteWriter } from './byte-writer.ts';
import { naturalProtoScalar, wireTypeOf } from './decode-protobuf-scalar.ts';
import { checkJson } from './decode-scalar.ts';
import { compileProtoScalarWriter, type WriteProto, writeProtoText } from './encode-protobuf-scalar.ts';
import { Misfit, unexpected } from './misfit.ts';
import { naturalField, naturalType } from './natural-protobuf.ts';
import type { ProtoField, ProtoMessage } from './protobuf-type.ts';
import { writeDelimited } from './protobuf-wire.ts';

/** Prepare what a JSON value is written with below the objects and lists that are only JSON. */
export interface ProtoWriterCompilers {
  message(message: ProtoMessage, fields: readonly Field[]): WriteProto;
  value(field: ProtoField, type: FieldType): WriteProto;
}

const jsonWriters = new WeakMap<ProtoMessage, WriteProto>();

/**
 * Prepares the writer of JSON values for a field: the counterpart of compileProtoJson. Of a message it writes what stands
 * behind the length; of a map one entry, given as a pair.
 */
export function compileProtoJsonWriter(field: ProtoField, compilers: ProtoWriterCompilers): WriteProto {
  if (field.label === 'MAP') return entryWriter(field, compilers);
  const { value } = field;
  if (value.kind !== 'message') return compilers.value(field, naturalType(field));
  if (field.label === 'LIST') {
    const write = compileProtoJsonWriter({ ...field, label: 'ONE' }, compilers);
    return (writer, item) => writeDelimited(writer, () => write(writer, item));
  }
  return contentWriter(value.type, compilers);
}

function contentWriter(message: ProtoMessage, compilers: ProtoWriterCompilers): WriteProto {
  const structural = structWriters[message.fullName];
  if (structural !== undefined) return (writer, value) => structural(writer, checkJson(value));
  const names = new Set(message.fields.map(({ name }) => name));
  return (writer, value) => {
    checkJson(value);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unexpected('an object', value);
    const foreign = Object.keys(value).find((name) => !names.has(name));
    if (foreign !== undefined) throw new Misfit(`the schema has no field ${JSON.stringify(foreign.slice(0, 60))}`);
    let write = jsonWriters.get(message);
    if (write === undefined) {
      write = compilers.message(message, message.fields.map(naturalField));
      jsonWriters.set(message, write);
    }
    write(writer, value);
  };
}

function entryWriter(field: ProtoField, compilers: ProtoWriterCompilers): WriteProto {
  const writeKey = compileProtoScalarWriter(field.key, field.key === 'bool' ? 'Boolean' : naturalKey(field));
  const item: ProtoField = { ...field, label: 'ONE' };
  const writeValue = compilers.value(item, naturalType(item));
  const wire = field.value.kind === 'message' ? 2 : field.value.kind === 'enum' ? 0 : wireTypeOf(field.value.type);
  return (writer, entry) => {
    const [key, value] = entry as [string, unknown];
    if (value === null || value === undefined) throw new Misfit(`Protobuf has no null in maps: ${key.slice(0, 60)}`);
    writeDelimited(writer, () => {
      writer.writeVarint(8 + wireTypeOf(field.key));
      writeKey?.(writer, field.key === 'bool' ? key === 'true' : key);
      writer.writeVarint(16 + wire);
      writeValue(writer, value);
    });
  };
}

function naturalKey({ key }: ProtoField) {
  return key === 'string' ? naturalProtoScalar(key) : 'JSON';
}

function writeStruct(writer: ByteWriter, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unexpected('an object', value);
  for (const [key, item] of Object.entries(value)) {
    writer.writeVarint(10);
    writeDelimited(writer, () => {
      writer.writeVarint(10);
      writeProtoText(writer, key);
      writer.writeVarint(18);
      writeDelimited(writer, () => writeValue(writer, item));
    });
  }
}

function writeValue(writer: ByteWriter, value: unknown): void {
  if (value === null || value === undefined) {
    writer.writeVarint(8);
    writer.writeVarint(0);
  } else if (typeof value === 'number') {
    writer.writeVarint(17);
    writer.writeDouble(value);
  } else if (typeof value === 'string') {
    writer.writeVarint(26);
    writer.writeText(value, false);
  } else if (typeof value === 'boolean') {
    writer.writeVarint(32);
    writer.writeVarint(value ? 1 : 0);
  } else {
    const isList = Array.isArray(value);
    writer.writeVarint(isList ? 50 : 42);
    writeDelimited(writer, () => (isList ? writeList(writer, value) : writeStruct(writer, value)));
  }
}

function writeList(writer: ByteWriter, value: unknown): void {
  if (!Array.isArray(value)) throw unexpected('a list', value);
  for (const item of value) {
    writer.writeVarint(10);
    writeDelimited(writer, () => writeValue(writer, item));
  }
}

/** google/protobuf/struct.proto: a JSON value in Protobuf. */
const structWriters: Readonly<Record<string, WriteProto>> = {
  'google.protobuf.Struct': writeStruct,
  'google.protobuf.Value': writeValue,
  'google.protobuf.ListValue': writeList,
};
