import type { ByteReader } from './byte-reader.ts';
import { toShortest } from './byte-reader.ts';
import { fromDayMs, fromEpochMs, toCanonicalDate } from './calendar.ts';
import { toDecimalText } from './decimal-bytes.ts';
import { type ReadProto, readProtoText, toInt32 } from './decode-protobuf-scalar.ts';
import { scalarDecoders } from './decode-scalar.ts';
import { Misfit } from './misfit.ts';
import { skipField } from './protobuf-wire.ts';

/** Prepares the reader of a message that stands for one scalar; null for one that is read as any other. */
export function compileKnownMessage(fullName: string): ReadProto | null {
  switch (fullName) {
    case 'google.protobuf.Timestamp':
      return readTimestamp;
    case 'google.type.Date':
      return (reader) => {
        const [year, month, day] = readIntegers(reader);
        return orMisfit(toCanonicalDate(`${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`), 'Date');
      };
    case 'google.type.TimeOfDay':
      return (reader) => {
        const [hours, minutes, seconds, nanos] = readIntegers(reader);
        return orMisfit(fromDayMs(((hours * 60 + minutes) * 60 + seconds) * 1000 + Math.floor(nanos / 1e6)), 'Time');
      };
    case 'google.type.Decimal':
      return (reader) => {
        let text = '0';
        readTags(reader, (tag) => {
          if (tag !== 10) return false;
          text = readProtoText(reader);
          return true;
        });
        return scalarDecoders.Decimal(text === '' ? '0' : text);
      };
    case 'confluent.type.Decimal':
      return readConfluentDecimal;
    default:
      return null;
  }
}

function readTags(reader: ByteReader, take: (tag: number) => boolean): void {
  while (reader.at < reader.end) {
    const tag = Number(reader.readVarint());
    if (!take(tag)) skipField(reader, tag);
  }
}

function readTimestamp(reader: ByteReader): string {
  let seconds = 0;
  let nanos = 0;
  while (reader.at < reader.end) {
    const tag = Number(reader.readVarint());
    if (tag === 8) {
      const raw = reader.readVarint();
      seconds = Number(typeof raw === 'number' ? raw : toShortest(BigInt.asIntN(64, raw)));
    } else if (tag === 16) nanos = toInt32(reader.readVarint());
    else skipField(reader, tag);
  }
  return orMisfit(fromEpochMs(seconds * 1000 + Math.floor(nanos / 1e6)), 'DateTime');
}

/** Up to four 32-bit integers under the field numbers 1 to 4. */
function readIntegers(reader: ByteReader): [number, number, number, number] {
  const values: [number, number, number, number] = [0, 0, 0, 0];
  readTags(reader, (tag) => {
    if (tag % 8 !== 0 || tag < 8 || tag > 32) return false;
    values[tag / 8 - 1] = toInt32(reader.readVarint());
    return true;
  });
  return values;
}

function readConfluentDecimal(reader: ByteReader): string {
  let bytes: Uint8Array = new Uint8Array(1);
  let scale = 0;
  readTags(reader, (tag) => {
    if (tag === 10) {
      const start = reader.take(Number(reader.readVarint()));
      bytes = reader.bytes.subarray(start, reader.at);
    } else if (tag === 24) scale = toInt32(reader.readVarint());
    else return false;
    return true;
  });
  if (scale < 0 || scale > 76) throw new Misfit(`expected Decimal, got one of the scale ${scale}`);
  return toDecimalText(bytes, scale);
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function orMisfit(text: string | null, name: string): string {
  if (text === null) throw new Misfit(`expected ${name}, got numbers that stand for none`);
  return text;
}
