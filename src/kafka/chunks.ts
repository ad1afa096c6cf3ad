import type { OutgoingRecord } from './write-call.ts';

/** The records in order, in lists of so many bytes of keys and values at most, and of one record at least. */
export function toChunks(records: readonly OutgoingRecord[], maxBytes: number): readonly (readonly OutgoingRecord[])[] {
  const chunks: OutgoingRecord[][] = [];
  let bytes = 0;
  for (const record of records) {
    const size = (record.key?.length ?? 0) + (record.value?.length ?? 0);
    const open = chunks.at(-1);
    if (open && bytes + size <= maxBytes) {
      open.push(record);
      bytes += size;
    } else {
      chunks.push([record]);
      bytes = size;
    }
  }
  return chunks;
}
