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

/** Turns a log record into what subscribers see. Never throws. */
export type RecordDecoder = (record: LogRecord) => FeedRecord;

/** Memory that a record takes beside its key and value bytes: objects, decoded fields, array slots. */
const recordOverheadBytes = 256;

/** The value's decoder that a {@link RecordDecoder} is built from. */
export interface ValueDecoder {
  decode(
    value: Buffer,
  ):
    | { readonly ok: true; readonly node: Readonly<Record<string, unknown>> }
    | { readonly ok: false; readonly fault: { readonly reason: string } };
}

/**
 * Builds the decoder of one source. On a table a record without a value is a DELETE; elsewhere it does not decode. Key
 * and headers are slices of the whole fetch: see {@link toLasting}.
 */
export function createRecordDecoder(codec: ValueDecoder, isTable: boolean): RecordDecoder {
  return ({ partition, offset, timestampMs, key, value, headers }) => {
    const valueBytes = value?.length ?? 0;
    const weight = valueBytes * 2 + (key?.length ?? 0) + weightOf(headers) + recordOverheadBytes;
    const decoded = value === null ? null : codec.decode(value);
    const hasNode = decoded?.ok === true;
    return {
      partition,
      offset,
      timestampMs,
      key,
      headers,
      operation: isTable ? (decoded ? 'UPSERT' : 'DELETE') : 'INSERT',
      node: hasNode ? decoded.node : null,
      fault: hasNode ? null : faultOf(decoded, isTable),
      valueBytes,
      weight,
    };
  };
}

function faultOf(decoded: ReturnType<ValueDecoder['decode']> | null, isTable: boolean): string | null {
  if (decoded) return decoded.ok ? null : decoded.fault.reason;
  return isTable ? null : 'The record has no value (a tombstone), but this stream is no table.';
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
