import type { ScalarName } from '#model';
import type { AvroType, Logical, LogicalName } from './avro-type.ts';
import type { ByteWriter } from './byte-writer.ts';
import { toDayMs, toEpochMs } from './calendar.ts';
import { toTwosComplement, toUnscaled } from './decimal-bytes.ts';
import { unitsPerMs } from './decode-avro-scalar.ts';
import { checkJson, scalarDecoders } from './decode-scalar.ts';
import { Misfit, unexpected } from './misfit.ts';

/** From the value of a Node to Avro bytes. Throws Misfit. */
export type WriteAvro = (writer: ByteWriter, value: unknown) => void;

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Prepares the writer of a declared scalar to a type that is no union; null: the two do not map. */
export function compileScalarWriter(type: AvroType, scalar: ScalarName): WriteAvro | null {
  switch (type.kind) {
    case 'string':
      return toText(scalar);
    case 'enum': {
      const numbers = new Map(type.symbols.map((symbol, at) => [symbol, at]));
      return scalar === 'String' || scalar === 'ID' ? symbolWriter(numbers) : null;
    }
    case 'int':
    case 'long':
      return toInteger(type.kind, type.logical, scalar);
    case 'float':
    case 'double':
      return scalar === 'Float' || scalar === 'Int' ? numberWriter(type.kind) : null;
    case 'boolean':
      return scalar === 'Boolean' ? writeBoolean : null;
    case 'bytes':
    case 'fixed':
      return toBytes(type, scalar);
    default:
      return null;
  }
}

/** Writes the number of a symbol. */
export function symbolWriter(numbers: ReadonlyMap<string, number>): WriteAvro {
  return (writer, value) => {
    const number = typeof value === 'string' ? numbers.get(value) : undefined;
    if (number === undefined) throw unexpected(`one of ${[...numbers.keys()].join(', ')} (the schema's values)`, value);
    writer.writeVarint(number * 2);
  };
}

/** Writes a string as it is. */
function writeAvroText(writer: ByteWriter, value: unknown): void {
  if (typeof value !== 'string') throw unexpected('a string', value);
  writer.writeText(value, true);
}

function toText(scalar: ScalarName): WriteAvro | null {
  switch (scalar) {
    case 'ID':
    case 'String':
      return writeAvroText;
    case 'DateTime':
      return (writer, value) => writer.writeText(toDateTimeText(value), true);
    case 'Date':
    case 'Time':
    case 'Decimal': {
      const check = scalarDecoders[scalar];
      return (writer, value) => writeAvroText(writer, check(value));
    }
    case 'JSON':
      return (writer, value) => writer.writeText(toJsonText(value), true);
    default:
      return null;
  }
}

/** The text of a JSON value, in one line. */
export function toJsonText(value: unknown): string {
  return JSON.stringify(checkJson(value));
}

/** A moment in its canonical form, also of the Date that GraphQL's scalar gives. */
export function toDateTimeText(value: unknown): string {
  const text = value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : value;
  return String(scalarDecoders.DateTime(text));
}

function toInteger(kind: 'int' | 'long', logical: Logical | null, scalar: ScalarName): WriteAvro | null {
  switch (scalar) {
    case 'Int':
    case 'BigInt':
    case 'Float':
      return kind === 'int' ? writeInt : writeLong;
    case 'ID':
    case 'Decimal':
      return kind === 'int'
        ? (writer, value) => writeInt(writer, scalarDecoders.BigInt(value))
        : (writer, value) => writeLong(writer, scalarDecoders.BigInt(value));
    default:
      return logical === null ? null : toLogical(logical.name, scalar);
  }
}

function toLogical(logical: LogicalName, scalar: ScalarName): WriteAvro | null {
  const units = unitsPerMs(logical);
  if (scalar === 'Date' && logical === 'date') {
    return (writer, value) => writer.writeZigzag(Date.parse(`${scalarDecoders.Date(value)}T00:00:00Z`) / 86_400_000);
  }
  if (scalar === 'Time' && logical.startsWith('time-')) {
    return (writer, value) => writer.writeZigzag(toDayMs(String(scalarDecoders.Time(value))) * units);
  }
  if (scalar !== 'DateTime' || !logical.includes('timestamp-')) return null;
  return (writer, value) => {
    const ms = value instanceof Date ? value.getTime() : toEpochMs(toDateTimeText(value));
    if (Number.isNaN(ms)) throw unexpected('DateTime', value);
    const scaled = ms * units;
    writeLong(writer, Number.isSafeInteger(scaled) ? scaled : BigInt(ms) * BigInt(units));
  };
}

function writeInt(writer: ByteWriter, value: unknown): void {
  if (typeof value !== 'number' || (value | 0) !== value) throw unexpected('an integer of 32 bits', value);
  writer.writeZigzag(value);
}

function writeLong(writer: ByteWriter, value: unknown): void {
  const isLong = typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value);
  if (!isLong || (typeof value !== 'bigint' && typeof value !== 'number')) {
    throw unexpected('an integer of 64 bits', value);
  }
  writer.writeZigzag(value);
}

function numberWriter(kind: 'float' | 'double'): WriteAvro {
  return (writer, value) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw unexpected('a finite number', value);
    if (kind === 'double') writer.writeDouble(value);
    else if (Math.abs(value) > 3.4028234663852886e38) throw unexpected('a number that a float holds', value);
    else writer.writeFloat(value);
  };
}

function writeBoolean(writer: ByteWriter, value: unknown): void {
  if (typeof value !== 'boolean') throw unexpected('Boolean', value);
  writer.writeByte(value ? 1 : 0);
}

function toBytes(type: AvroType, scalar: ScalarName): WriteAvro | null {
  if (type.kind !== 'fixed' && type.kind !== 'bytes') return null;
  const { logical } = type;
  const size = type.kind === 'fixed' ? type.size : undefined;
  const writeSized = (writer: ByteWriter, bytes: Buffer): void => {
    if (size === undefined) writer.writeVarint(bytes.length * 2);
    else if (bytes.length !== size) throw new Misfit(`expected ${size} bytes, got ${bytes.length}`);
    writer.writeBytes(bytes);
  };
  if (scalar === 'Bytes') return (writer, value) => writeSized(writer, toByteBuffer(value));
  if (scalar === 'Decimal' && logical?.name === 'decimal') {
    const { scale, precision } = logical;
    return (writer, value) => {
      const unscaled = toUnscaled(String(scalarDecoders.Decimal(value)), scale, precision);
      writeSized(writer, toTwosComplement(unscaled, size));
    };
  }
  if ((scalar === 'ID' || scalar === 'String') && logical?.name === 'uuid') {
    return (writer, value) => {
      if (typeof value !== 'string' || !uuid.test(value)) throw unexpected('a UUID', value);
      writeSized(writer, Buffer.from(value.replaceAll('-', ''), 'hex'));
    };
  }
  return null;
}

/** The bytes of a Bytes value: base64, or the buffer that GraphQL's scalar gives. */
export function toByteBuffer(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return value;
  return Buffer.from(String(scalarDecoders.Bytes(value)), 'base64');
}
