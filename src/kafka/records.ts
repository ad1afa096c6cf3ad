import type { LogRecord } from '#feed';
import type { FetchedPartition } from './wire.ts';

/** Bits of a record batch's attributes (Kafka protocol, record batch format v2). */
const logAppendTime = 0x08;
const transactional = 0x10;
const control = 0x20;
/** The second int16 of a control record's key: 0 is abort, 1 is commit. */
const abortMarker = 0;

/** The committed records of a fetch, and where to read on. */
export interface DecodedRecords {
  readonly records: readonly LogRecord[];
  readonly next: bigint;
  /** About what the records hold in memory. */
  readonly bytes: number;
}

/**
 * The records of one fetched partition from an offset on, without control records and without records of aborted
 * transactions. A producer's records are dropped from where the broker says its aborted transaction begins until its
 * abort marker, which may come in a later fetch.
 */
export function decodeRecords(fetched: FetchedPartition, partition: number, from: bigint): DecodedRecords {
  const records: LogRecord[] = [];
  const aborts = (fetched.abortedTransactions ?? []).toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const aborted = new Set<bigint>();
  let nextAbort = 0;
  let next = from;
  let bytes = 0;
  for (const batch of fetched.records ?? []) {
    const last = batch.firstOffset + BigInt(batch.lastOffsetDelta);
    for (let abort = aborts[nextAbort]; abort && abort.firstOffset <= last; abort = aborts[nextAbort]) {
      aborted.add(abort.producerId);
      nextAbort += 1;
    }
    if (last >= next) next = last + 1n;
    if (batch.attributes & control) {
      if (batch.records[0]?.key?.readInt16BE(2) === abortMarker) aborted.delete(batch.producerId);
      continue;
    }
    if (batch.attributes & transactional && aborted.has(batch.producerId)) continue;
    const appendedAt = batch.attributes & logAppendTime ? Number(batch.maxTimestamp) : null;
    const firstTimestamp = Number(batch.firstTimestamp);
    // A broker sends whole batches: the first may begin before the offset that was asked for.
    const skipped = from > batch.firstOffset ? Number(from - batch.firstOffset) : 0;
    for (const record of batch.records) {
      if (record.offsetDelta < skipped) continue;
      const offset = batch.firstOffset + BigInt(record.offsetDelta);
      const { key, value } = record;
      const timestampMs = appendedAt ?? firstTimestamp + Number(record.timestampDelta);
      records.push({ partition, offset, timestampMs, key, value, headers: toHeaders(record.headers) });
      bytes += 120 + (key?.length ?? 0) + (value?.length ?? 0);
    }
  }
  return { records, next, bytes };
}

const noHeaders: LogRecord['headers'] = [];

function toHeaders(headers: readonly (readonly [Buffer | null, Buffer | null])[]): LogRecord['headers'] {
  if (headers.length === 0) return noHeaders;
  return headers.map(([name, value]) => ({ name: name?.toString() ?? '', value }));
}
