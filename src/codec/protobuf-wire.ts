import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { Misfit } from './misfit.ts';

/** Goes over a field that nobody declared. */
export function skipField(reader: ByteReader, tag: number): void {
  if (tag < 8) throw new Misfit('the record holds a field number 0');
  switch (tag % 8) {
    case 0:
      reader.readVarint();
      return;
    case 1:
      reader.take(8);
      return;
    case 2:
      reader.take(Number(reader.readVarint()));
      return;
    case 3:
      skipGroup(reader, tag);
      return;
    case 5:
      reader.take(4);
      return;
    default:
      throw new Misfit(`the record holds a field of the wire type ${tag % 8}, which there is not`);
  }
}

/** A group of Protobuf 2 ends with a tag of its own. */
function skipGroup(reader: ByteReader, start: number): void {
  reader.enter();
  for (let tag = Number(reader.readVarint()); tag !== start + 1; tag = Number(reader.readVarint())) {
    skipField(reader, tag);
  }
  reader.leave();
}

/** Reads what stands behind its length. */
export function readDelimited<Value>(reader: ByteReader, read: (reader: ByteReader) => Value): Value {
  const length = Number(reader.readVarint());
  const { end } = reader;
  const start = reader.take(length);
  reader.end = reader.at;
  reader.at = start;
  const value = read(reader);
  reader.end = end;
  return value;
}

/** Writes what is written within behind its length. */
export function writeDelimited(writer: ByteWriter, write: () => void): void {
  const start = writer.openLength();
  write();
  writer.closeLength(start);
}
