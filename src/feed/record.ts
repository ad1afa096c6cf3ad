import type { Header, LogRecord } from './log.ts';

/** What a record did to its stream: INSERT on an append-only one, UPSERT or DELETE on a table. */
export type Operation = 'INSERT' | 'UPSERT' | 'DELETE';

/** A record as subscribers see it: where it lies, what it says, or why it cannot be read. Decoded once, shared by all. */
export interface FeedRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly headers: readonly Header[];
  readonly operation: Operation;
  /** The decoded value by GraphQL field names; null for a DELETE and for a record that does not decode. */
  readonly node: Readonly<Record<string, unknown>> | null;
  /** Why it does not decode; null when it does. */
  readonly fault: string | null;
  /** Size of the value in bytes. */
  readonly valueBytes: number;
  /** What the record costs in memory, roughly, in bytes. */
  readonly weight: number;
}

/** Turns a log record into what subscribers see; null when it is not for them to see. Never throws. */
export type RecordDecoder = (record: LogRecord) => FeedRecord | null;

/** What becomes of a source's records that do not decode, and how many there were. */
export interface BadRecords {
  /** Subscribers see them, with the fault; else they are left out, as if compaction had removed them. */
  readonly areReported: boolean;
  /** Grows with each one, and again when it is read again. */
  count: number;
}

/** Memory that a record takes beside its key and value bytes: objects, decoded fields, array slots. */
const recordOverheadBytes = 256;

/** The value's decoder that a {@link RecordDecoder} is built from. */
export interface ValueDecoder {
  decode(
    value: Buffer,
  ):
    | { readonly ok: true; readonly node: Readonly<Record<string, unknown>> }
    | { readonly ok: false; readonly fault: RecordFault };
}

/** Why a record does not decode. */
export interface RecordFault {
  readonly reason: string;
  /** It may decode later: what it needs is not at hand now. */
  readonly retry?: true;
}

const unexpectedTombstone: RecordFault = {
  reason: 'The record has no value (a tombstone), but this stream is no table.',
};

/**
 * Builds the decoder of one source. On a table a record without a value is a DELETE; elsewhere it does not decode. Key
 * and headers are slices of the whole fetch: see {@link toLasting}.
 */
export function createRecordDecoder(
  codec: ValueDecoder,
  isTable: boolean,
  bad: BadRecords = { areReported: true, count: 0 },
): RecordDecoder {
  return ({ partition, offset, timestampMs, key, value, headers }) => {
    const valueBytes = value?.length ?? 0;
    const weight = valueBytes * 2 + (key?.length ?? 0) + weightOf(headers) + recordOverheadBytes;
    const decoded = value === null ? null : codec.decode(value);
    const hasNode = decoded?.ok === true;
    const fault = hasNode ? null : faultOf(decoded, isTable);
    if (fault !== null) {
      bad.count += 1;
      if (!bad.areReported) return null;
    }
    return {
      partition,
      offset,
      timestampMs,
      key,
      headers,
      operation: isTable ? (decoded ? 'UPSERT' : 'DELETE') : 'INSERT',
      node: hasNode ? decoded.node : null,
      fault: fault?.reason ?? null,
      valueBytes,
      weight,
    };
  };
}

/** What subscribers see of the records. */
export function decodeAll(decode: RecordDecoder, records: readonly LogRecord[]): FeedRecord[] {
  const decoded: FeedRecord[] = [];
  for (const record of records) {
    const seen = decode(record);
    if (seen) decoded.push(seen);
  }
  return decoded;
}

/** Why a record with this value does not decode; null when it does. */
export function faultIn(codec: ValueDecoder, value: Buffer | null, isTable: boolean): RecordFault | null {
  return faultOf(value === null ? null : codec.decode(value), isTable);
}

function faultOf(decoded: ReturnType<ValueDecoder['decode']> | null, isTable: boolean): RecordFault | null {
  if (decoded) return decoded.ok ? null : decoded.fault;
  return isTable ? null : unexpectedTombstone;
}

/** The record with a key and headers of its own, for those who keep it: a slice would keep its whole fetch in memory. */
export function toLasting(record: FeedRecord): FeedRecord {
  const { key, headers } = record;
  if (key === null && headers.length === 0) return record;
  return { ...record, key: key && Buffer.from(key), headers: headers.length === 0 ? noHeaders : headers.map(copyOf) };
}

const noHeaders: readonly Header[] = [];

function copyOf({ name, value }: Header): Header {
  return { name, value: value && Buffer.from(value) };
}

/** Memory that a header takes beside its bytes. */
const headerOverheadBytes = 100;

function weightOf(headers: readonly Header[]): number {
  if (headers.length === 0) return 0;
  return headers.reduce((sum, { name, value }) => sum + name.length + (value?.length ?? 0) + headerOverheadBytes, 0);
}
