import { readdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';

/** Base offset and length, which stand before each record batch of a segment file. */
const lengthAt = 8;
const headerBytes = 12;

/**
 * Cuts a partition's newest segment where the first batch at or after the offset begins, as if these batches had never
 * reached the disk. The broker must stand still, and end without another write. What is derived from the segment is
 * deleted: the broker makes it anew.
 */
export async function cutPartition(folder: string, offset: bigint): Promise<void> {
  const files = await readdir(folder);
  const segment = files
    .filter((name) => name.endsWith('.log'))
    .toSorted()
    .at(-1);
  if (!segment) throw new Error(`There is no segment in ${folder}.`);
  const bytes = await readFile(join(folder, segment));
  let at = 0;
  while (at + headerBytes <= bytes.length && bytes.readBigInt64BE(at) < offset) {
    at += headerBytes + bytes.readInt32BE(at + lengthAt);
  }
  if (at >= bytes.length) throw new Error(`${segment} ends before offset ${offset}.`);
  await truncate(join(folder, segment), at);
  const derived = files.filter((name) => name.endsWith('index') || name.endsWith('.snapshot'));
  await Promise.all(derived.map((name) => rm(join(folder, name))));
}
