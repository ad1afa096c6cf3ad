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

/** Builds the decoder of one source. On a table a record without a value is a DELETE; elsewhere it does not decode. */
export function createRecordDecoder(codec: ValueDecoder, isTable: boolean): RecordDecoder {
  return (record) => {
    const { partition, offset, timestampMs, value } = record;
    // Copies: these are slices of a whole fetch, which they would keep in memory as long as the record lives.
    const key = record.key && Buffer.from(record.key);
    const headers = record.headers.length === 0 ? noHeaders : record.headers.map(copyOf);
    const valueBytes = value?.length ?? 0;
    const weight = valueBytes * 2 + (key?.length ?? 0) + weightOf(headers) + recordOverheadBytes;
    const base = { partition, offset, timestampMs, key, headers, valueBytes, weight };
    if (value === null) {
      return isTable
        ? { ...base, operation: 'DELETE', node: null, fault: null }
        : {
            ...base,
            operation: 'INSERT',
            node: null,
            fault: 'The record has no value (a tombstone), but this stream is no table.',
          };
    }
    const operation = isTable ? 'UPSERT' : 'INSERT';
    const decoded = codec.decode(value);
    return decoded.ok
      ? { ...base, operation, node: decoded.node, fault: null }
      : { ...base, operation, node: null, fault: decoded.fault.reason };
  };
}

const noHeaders: readonly Header[] = [];

function copyOf({ name, value }: Header): Header {
  return { name, value: value && Buffer.from(value) };
}

/** Memory that a header takes beside its bytes. */
const headerOverheadBytes = 100;

function weightOf(headers: readonly Header[]): number {
  return headers.reduce((sum, { name, value }) => sum + name.length + (value?.length ?? 0) + headerOverheadBytes, 0);
}
