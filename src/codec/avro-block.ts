import type { ByteReader } from './byte-reader.ts';
import { readLength } from './decode-avro-scalar.ts';
import { Misfit } from './misfit.ts';

/** The count of the next block of an array or map; 0 at the end. A negative one is followed by the block's bytes. */
export function readBlock(reader: ByteReader): number {
  const count = reader.readZigzag();
  if (typeof count === 'bigint') throw new Misfit('a list has more items than bytes');
  if (count >= 0) return count;
  readLength(reader);
  return -count;
}
