import type { ScalarName } from '#model';
import type { ByteWriter } from './byte-writer.ts';
import { scalarDecoders } from './decode-scalar.ts';
import { toByteBuffer, toDateTimeText, toJsonText } from './encode-avro-scalar.ts';
import { unexpected } from './misfit.ts';
import type { ProtoScalar } from './protobuf-type.ts';

/** From the value of a Node to the bytes of one Protobuf value, without its tag. Throws Misfit. */
export type WriteProto = (writer: ByteWriter, value: unknown) => void;

/** Prepares the writer of a declared scalar; null: the two do not map. */
export function compileProtoScalarWriter(type: ProtoScalar, scalar: ScalarName): WriteProto | null {
  switch (type) {
    case 'bool':
      return scalar === 'Boolean' ? writeBool : null;
    case 'float':
    case 'double':
      return scalar === 'Float' || scalar === 'Int' ? floatWriter(type) : null;
    case 'bytes':
      return scalar === 'Bytes' ? writeBytes : null;
    case 'string':
      return stringWriter(scalar);
    default:
      return integerWriter(type, scalar);
  }
}

function writeBool(writer: ByteWriter, value: unknown): void {
  if (typeof value !== 'boolean') throw unexpected('Boolean', value);
  writer.writeByte(value ? 1 : 0);
}

function writeBytes(writer: ByteWriter, value: unknown): void {
  const bytes = toByteBuffer(value);
  writer.writeVarint(bytes.length);
  writer.writeBytes(bytes);
}

function floatWriter(type: 'float' | 'double'): WriteProto {
  return (writer, value) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw unexpected('a finite number', value);
    if (type === 'double') writer.writeDouble(value);
    else if (Math.abs(value) > 3.4028234663852886e38) throw unexpected('a number that a float holds', value);
    else writer.writeFloat(value);
  };
}

function stringWriter(scalar: ScalarName): WriteProto | null {
  switch (scalar) {
    case 'ID':
    case 'String':
      return writeProtoText;
    case 'DateTime':
      return (writer, value) => writer.writeText(toDateTimeText(value), false);
    case 'Date':
    case 'Time':
    case 'Decimal': {
      const check = scalarDecoders[scalar];
      return (writer, value) => writeProtoText(writer, check(value));
    }
    case 'JSON':
      return (writer, value) => writer.writeText(toJsonText(value), false);
    default:
      return null;
  }
}

/** Writes a string as it is. */
export function writeProtoText(writer: ByteWriter, value: unknown): void {
  if (typeof value !== 'string') throw unexpected('a string', value);
  writer.writeText(value, false);
}

function integerWriter(type: ProtoScalar, scalar: ScalarName): WriteProto | null {
  if (!['Int', 'BigInt', 'ID', 'Float', 'Decimal', 'JSON'].includes(scalar)) return null;
  const bits = type.endsWith('64') ? 64 : 32;
  const isUnsigned = type.startsWith('u') || type.startsWith('f');
  const [min, max] = isUnsigned ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  const [exactMin, exactMax] = isUnsigned
    ? [0n, (1n << BigInt(bits)) - 1n]
    : [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n];
  const write = rawIntegerWriter(type);
  return (writer, value) => {
    const integer = toInteger(value);
    const fits =
      typeof integer === 'bigint' ? integer >= exactMin && integer <= exactMax : integer >= min && integer <= max;
    if (!fits) throw unexpected(`an integer that ${type} holds`, value);
    write(writer, integer);
  };
}

/** Unsigned integers go beyond what a BigInt of 64 bits with a sign holds, so their texts are read here. */
function toInteger(value: unknown): number | bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value + 0;
  if (typeof value === 'string' && /^[+-]?\d{1,20}$/.test(value)) return BigInt(value);
  throw unexpected('an integer', value);
}

function rawIntegerWriter(type: ProtoScalar): (writer: ByteWriter, value: number | bigint) => void {
  switch (type) {
    case 'sint32':
    case 'sint64':
      return (writer, value) => writer.writeZigzag(value);
    case 'fixed32':
    case 'sfixed32':
      return (writer, value) => writer.writeFixed32(Number(value));
    case 'fixed64':
    case 'sfixed64':
      return (writer, value) => writer.writeFixed64(BigInt(value));
    default:
      // A negative integer is written with all its 64 bits, whatever its type.
      return (writer, value) => writer.writeVarint(value < 0 ? BigInt.asUintN(64, BigInt(value)) : value);
  }
}
