import type { ScalarName } from '#model';
import type { AvroType, LogicalName } from './avro-type.ts';
import type { ByteReader } from './byte-reader.ts';
import { fromDayMs, fromEpochDay, fromEpochMs } from './calendar.ts';
import { toDecimalText, toScaledText } from './decimal-bytes.ts';
import { scalarDecoders } from './decode-scalar.ts';
import { Misfit } from './misfit.ts';

/** From Avro bytes to the value of a Node; null for Avro's null. Throws Misfit. */
export type ReadAvro = (reader: ByteReader) => unknown;

/** Prepares the reader of a declared scalar from a written type that is no union; null: the two do not map. */
export function compileScalarReader(type: AvroType, scalar: ScalarName): ReadAvro | null {
  const logical = 'logical' in type ? (type.logical?.name ?? null) : null;
  switch (type.kind) {
    case 'string':
      return fromString(scalar);
    case 'enum':
      return scalar === 'String' || scalar === 'ID' ? (reader) => symbolOf(reader, type.symbols) : null;
    case 'int':
    case 'long':
      return fromInteger(type.kind, logical, scalar);
    case 'float':
      return scalar === 'Float' ? (reader) => finite(reader.readFloat()) : null;
    case 'double':
      return scalar === 'Float' ? (reader) => finite(reader.readDouble()) : null;
    case 'boolean':
      return scalar === 'Boolean' ? readBoolean : null;
    case 'bytes':
    case 'fixed':
      return fromBytes(type, scalar);
    default:
      return null;
  }
}

/** The scalar that a type stands for by itself; null for those that are none. */
export function naturalScalar(type: AvroType): ScalarName | null {
  const logical = 'logical' in type ? type.logical : null;
  if (logical !== null) return logicalScalars[logical.name];
  switch (type.kind) {
    case 'string':
    case 'enum':
      return 'String';
    case 'int':
      return 'Int';
    case 'long':
      return 'BigInt';
    case 'float':
    case 'double':
      return 'Float';
    case 'boolean':
      return 'Boolean';
    case 'bytes':
    case 'fixed':
      return 'Bytes';
    default:
      return null;
  }
}

const logicalScalars: Readonly<Record<LogicalName, ScalarName>> = {
  decimal: 'Decimal',
  uuid: 'ID',
  date: 'Date',
  'time-millis': 'Time',
  'time-micros': 'Time',
  'timestamp-millis': 'DateTime',
  'timestamp-micros': 'DateTime',
  'timestamp-nanos': 'DateTime',
  'local-timestamp-millis': 'DateTime',
  'local-timestamp-micros': 'DateTime',
  'local-timestamp-nanos': 'DateTime',
};

/** How many of a time's units make a millisecond. */
export function unitsPerMs(logical: LogicalName): number {
  return logical.endsWith('-nanos') ? 1_000_000 : logical.endsWith('-micros') ? 1000 : 1;
}

/** The symbol of an enum, by its number. */
function symbolOf(reader: ByteReader, symbols: readonly string[]): string {
  const symbol = symbols[reader.readZigzag32()];
  if (symbol === undefined) throw new Misfit(`expected one of ${symbols.length} symbols, got the number of none`);
  return symbol;
}

/** The length of text, bytes or a block. */
export function readLength(reader: ByteReader): number {
  const length = reader.readZigzag();
  if (typeof length === 'bigint' || length < 0) throw new Misfit('a length is negative or beyond all measure');
  return length;
}

export function readAvroText(reader: ByteReader): string {
  return reader.readText(readLength(reader));
}

function readBoolean(reader: ByteReader): boolean {
  const byte = reader.readByte();
  if (byte > 1) throw new Misfit('expected Boolean, got a byte that is neither 0 nor 1');
  return byte === 1;
}

function fromString(scalar: ScalarName): ReadAvro | null {
  switch (scalar) {
    case 'ID':
    case 'String':
      return readAvroText;
    case 'DateTime':
    case 'Date':
    case 'Time':
    case 'Decimal': {
      const decode = scalarDecoders[scalar];
      return (reader) => decode(readAvroText(reader));
    }
    case 'JSON':
      return (reader) => fromJsonText(readAvroText(reader));
    default:
      return null;
  }
}

/** A JSON value from its text, as Flink and many producers write it; text that is not JSON is a string. */
export function fromJsonText(text: string): unknown {
  try {
    return scalarDecoders.JSON(JSON.parse(text));
  } catch (thrown) {
    if (thrown instanceof Misfit) throw thrown;
    return text;
  }
}

function fromInteger(kind: 'int' | 'long', logical: LogicalName | null, scalar: ScalarName): ReadAvro | null {
  const readInteger: (reader: ByteReader) => number | bigint =
    kind === 'int' ? (reader) => reader.readZigzag32() : (reader) => reader.readZigzag();
  switch (scalar) {
    case 'Int':
      return (reader) => reader.readZigzag32();
    case 'BigInt':
      return readInteger;
    case 'ID':
      return (reader) => String(readInteger(reader));
    case 'Float':
      return (reader) => Number(readInteger(reader));
    case 'Decimal':
      return (reader) => toScaledText(readInteger(reader), 0);
    default:
      return logical !== null && logicalScalars[logical] === scalar ? fromLogical(readInteger, logical) : null;
  }
}

function fromLogical(readInteger: (reader: ByteReader) => number | bigint, logical: LogicalName): ReadAvro {
  const units = unitsPerMs(logical);
  const [name, form] =
    logical === 'date'
      ? ['Date', fromEpochDay]
      : logical.startsWith('time-')
        ? ['Time', fromDayMs]
        : ['DateTime', fromEpochMs];
  return (reader) => {
    const value = readInteger(reader);
    const text = form(units === 1 ? Number(value) : floorDivide(value, units));
    if (text === null) throw new Misfit(`expected ${name}, got the number ${value}, which stands for none`);
    return text;
  };
}

function floorDivide(value: number | bigint, by: number): number {
  if (typeof value === 'number') return Math.floor(value / by);
  const divisor = BigInt(by);
  return Number((value - (((value % divisor) + divisor) % divisor)) / divisor);
}

function fromBytes(type: AvroType, scalar: ScalarName): ReadAvro | null {
  if (type.kind !== 'fixed' && type.kind !== 'bytes') return null;
  const lengthOf = type.kind === 'fixed' ? () => type.size : readLength;
  const { logical } = type;
  if (scalar === 'Bytes') return (reader) => reader.readBase64(lengthOf(reader));
  if (scalar === 'Decimal' && logical?.name === 'decimal') {
    return (reader) => {
      const start = reader.take(lengthOf(reader));
      return toDecimalText(reader.bytes.subarray(start, reader.at), logical.scale);
    };
  }
  if (
    (scalar === 'ID' || scalar === 'String') &&
    logical?.name === 'uuid' &&
    type.kind === 'fixed' &&
    type.size === 16
  ) {
    return (reader) => {
      const start = reader.take(16);
      return toUuid(reader.bytes.toString('hex', start, reader.at));
    };
  }
  return null;
}

function toUuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A Float as GraphQL has it. */
export function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new Misfit(`expected Float (a number), got ${value}`);
}

/** What a JSON value holds for an integer: its digits where a double would round it. */
export function toJsonNumber(value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
