import type { ByteWriter } from './byte-writer.ts';
import { toDayMs, toEpochMs } from './calendar.ts';
import { toTwosComplement, toUnscaled } from './decimal-bytes.ts';
import { scalarDecoders } from './decode-scalar.ts';
import { toDateTimeText } from './encode-avro-scalar.ts';
import type { WriteProto } from './encode-protobuf-scalar.ts';

/** Prepares the writer of the content of a message that stands for one scalar; null for one written as any other. */
export function compileKnownMessageWriter(fullName: string): WriteProto | null {
  switch (fullName) {
    case 'google.protobuf.Timestamp':
      return (writer, value) => {
        const ms = toEpochMs(toDateTimeText(value));
        const seconds = Math.floor(ms / 1000);
        writeInteger(writer, 1, seconds);
        writeInteger(writer, 2, (ms - seconds * 1000) * 1e6);
      };
    case 'google.type.Date':
      return (writer, value) => {
        const parts = String(scalarDecoders.Date(value)).split('-').map(Number);
        for (const [at, part] of parts.entries()) writeInteger(writer, at + 1, part);
      };
    case 'google.type.TimeOfDay':
      return (writer, value) => {
        const ms = toDayMs(String(scalarDecoders.Time(value)));
        writeInteger(writer, 1, Math.floor(ms / 3_600_000));
        writeInteger(writer, 2, Math.floor(ms / 60_000) % 60);
        writeInteger(writer, 3, Math.floor(ms / 1000) % 60);
        writeInteger(writer, 4, (ms % 1000) * 1e6);
      };
    case 'google.type.Decimal':
      return (writer, value) => {
        writer.writeVarint(10);
        writer.writeText(String(scalarDecoders.Decimal(value)), false);
      };
    case 'confluent.type.Decimal':
      return writeConfluentDecimal;
    default:
      return null;
  }
}

function writeConfluentDecimal(writer: ByteWriter, value: unknown): void {
  const plain = String(scalarDecoders.Decimal(value));
  const point = plain.indexOf('.');
  const scale = point < 0 ? 0 : plain.length - point - 1;
  const unscaled = toUnscaled(plain, scale, 76);
  const bytes = toTwosComplement(unscaled);
  writer.writeVarint(10);
  writer.writeVarint(bytes.length);
  writer.writeBytes(bytes);
  writeInteger(writer, 2, String(unscaled).replace('-', '').length);
  writeInteger(writer, 3, scale);
}

function writeInteger(writer: ByteWriter, id: number, value: number): void {
  if (value === 0) return;
  writer.writeVarint(id * 8);
  writer.writeVarint(value < 0 ? BigInt.asUintN(64, BigInt(value)) : value);
}
