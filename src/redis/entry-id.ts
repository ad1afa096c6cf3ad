import { refused } from './failures.ts';

/** Bits of an offset that number the entries of one millisecond. */
const sequenceBits = 20n;
const maxSequence = (1n << sequenceBits) - 1n;
/** Offsets have 63 bits: of the time 43 are left, which is until the year 2248. */
const maxTimeMs = (1n << 43n) - 1n;

/** What is past every entry. */
const lastOffset = (maxTimeMs << sequenceBits) | maxSequence;

/**
 * The offset of an entry: the id's milliseconds times 2^20, plus its sequence number. It keeps the order and is exact
 * for ids up to 2^43-1 ms (the year 2248) with up to 2^20 entries a millisecond. Throws REDIS_REFUSED beyond that, which
 * only ids that were written by hand reach.
 */
export function toOffset(id: string): bigint {
  const match = /^(\d+)-(\d+)$/.exec(id);
  const timeMs = BigInt(match?.[1] ?? -1);
  const sequence = BigInt(match?.[2] ?? -1);
  if (match && timeMs <= maxTimeMs && sequence <= maxSequence) return (timeMs << sequenceBits) | sequence;
  throw refused('to be read', `the entry id "${id}" is beyond what an offset can tell (${maxTimeMs}-${maxSequence}).`);
}

/** The id of the entry at an offset. */
export function toEntryId(offset: bigint): string {
  return `${offset >> sequenceBits}-${offset & maxSequence}`;
}

/** When the entry at an offset was written, by the clock of Redis; milliseconds since the epoch. */
export function toTimeMs(offset: bigint): number {
  return Number(offset >> sequenceBits);
}

/** The offset of the first entry that may be written at a time. */
export function offsetAtTime(timestampMs: number): bigint {
  const timeMs = BigInt(Math.max(0, Math.ceil(timestampMs)));
  return timeMs > maxTimeMs ? lastOffset : timeMs << sequenceBits;
}
