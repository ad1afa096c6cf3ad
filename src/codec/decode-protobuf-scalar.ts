import type { ScalarName } from '#model';
import { type ByteReader, toShortest } from './byte-reader.ts';
import { toScaledText } from './decimal-bytes.ts';
import { finite, fromJsonText, toJsonNumber } from './decode-avro-scalar.ts';
import { scalarDecoders } from './decode-scalar.ts';
import { unexpected } from './misfit.ts';
import type { ProtoScalar } from './protobuf-type.ts';

/** From the bytes of one Protobuf value, without its tag, to the value of a Node. Throws Misfit. */
export type ReadProto = (reader: ByteReader) => unknown;

/** How a value lies in the bytes (Protobuf's "Encoding"): a varint, 8 bytes, a length and bytes, 4 bytes. */
export type WireType = 0 | 1 | 2 | 5;

/** The wire type of each scalar. */
export function wireTypeOf(type: ProtoScalar): WireType {
  if (type === 'string' || type === 'bytes') return 2;
  if (type === 'double' || type.endsWith('fixed64')) return 1;
  return type === 'float' || type.endsWith('fixed32') ? 5 : 0;
}

const integers: Partial<Readonly<Record<ProtoScalar, (reader: ByteReader) => number | bigint>>> = {
  int32: (reader) => toInt32(reader.readVarint()),
  int64: (reader) => {
    const raw = reader.readVarint();
    return typeof raw === 'number' ? raw : toShortest(BigInt.asIntN(64, raw));
  },
  uint32: (reader) => toInt32(reader.readVarint()) >>> 0,
  uint64: (reader) => {
    const raw = reader.readVarint();
    return typeof raw === 'number' ? raw : toShortest(raw);
  },
  sint32: (reader) => reader.readZigzag32(),
  sint64: (reader) => reader.readZigzag(),
  fixed32: (reader) => {
    const start = reader.take(4);
    return reader.bytes.readUInt32LE(start);
  },
  fixed64: (reader) => {
    const start = reader.take(8);
    return toShortest(reader.bytes.readBigUInt64LE(start));
  },
  sfixed32: (reader) => {
    const start = reader.take(4);
    return reader.bytes.readInt32LE(start);
  },
  sfixed64: (reader) => {
    const start = reader.take(8);
    return toShortest(reader.bytes.readBigInt64LE(start));
  },
};

/** Prepares the reader of a declared scalar; null: the two do not map. */
export function compileProtoScalar(type: ProtoScalar, scalar: ScalarName): ReadProto | null {
  switch (type) {
    case 'bool':
      return scalar === 'Boolean' ? (reader) => Number(reader.readVarint()) !== 0 : null;
    case 'float':
      return scalar === 'Float' ? (reader) => finite(reader.readFloat()) : null;
    case 'double':
      return scalar === 'Float' ? (reader) => finite(reader.readDouble()) : null;
    case 'bytes':
      return scalar === 'Bytes' ? (reader) => reader.readBase64(Number(reader.readVarint())) : null;
    case 'string':
      return fromString(scalar);
    default: {
      const read = integers[type];
      return read === undefined ? null : fromInteger(read, scalar);
    }
  }
}

/** The scalar that a type stands for by itself; JSON for integers that may be too large for a JSON number. */
export function naturalProtoScalar(type: ProtoScalar): ScalarName {
  if (type === 'bool') return 'Boolean';
  if (type === 'string') return 'String';
  if (type === 'bytes') return 'Bytes';
  if (type === 'float' || type === 'double') return 'Float';
  return type.endsWith('64') ? 'JSON' : type.startsWith('uint') || type.startsWith('fixed') ? 'BigInt' : 'Int';
}

/** What a field without presence is when the record does not have it; null: not of that scalar's making. */
export function zeroOf(type: ProtoScalar, scalar: ScalarName): unknown {
  if (type === 'string') return scalar === 'ID' || scalar === 'String' ? '' : null;
  if (type === 'bytes') return '';
  if (type === 'bool') return false;
  return scalar === 'ID' || scalar === 'Decimal' ? '0' : 0;
}

function fromString(scalar: ScalarName): ReadProto | null {
  switch (scalar) {
    case 'ID':
    case 'String':
      return readProtoText;
    case 'DateTime':
    case 'Date':
    case 'Time':
    case 'Decimal': {
      const decode = scalarDecoders[scalar];
      return (reader) => decode(readProtoText(reader));
    }
    case 'JSON':
      return (reader) => fromJsonText(readProtoText(reader));
    default:
      return null;
  }
}

export function readProtoText(reader: ByteReader): string {
  return reader.readText(Number(reader.readVarint()));
}

function fromInteger(read: (reader: ByteReader) => number | bigint, scalar: ScalarName): ReadProto | null {
  switch (scalar) {
    case 'Int':
      return (reader) => {
        const value = read(reader);
        if (typeof value !== 'number' || (value | 0) !== value) throw unexpected('Int (an integer of 32 bits)', value);
        return value;
      };
    case 'BigInt':
      return read;
    case 'ID':
      return (reader) => String(read(reader));
    case 'Float':
      return (reader) => Number(read(reader));
    case 'Decimal':
      return (reader) => toScaledText(read(reader), 0);
    case 'JSON':
      return (reader) => toJsonNumber(read(reader));
    default:
      return null;
  }
}

/** The lowest 32 bits, as every reader takes them of a varint that is longer. */
export function toInt32(raw: number | bigint): number {
  return typeof raw === 'number' ? raw | 0 : Number(BigInt.asIntN(32, raw));
}
