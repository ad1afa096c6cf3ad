import type { Codec } from '#codec';
import { messageOf } from '#errors';
import type { LogRecord, RecordLog } from '#feed';
import type { Kafka, NewRecord } from '#kafka';
import type { RedisPlace } from '#model';
import { type Lease, toEntryId, toOffset } from '#redis';
import type { BridgeStatus } from './bridge-status.ts';

/** What one turn at copying a stream of Redis into a topic works with: as long as the lease is held. */
export interface Copying {
  readonly place: RedisPlace;
  /** Of Redis. */
  readonly log: RecordLog;
  readonly topic: string;
  /** The incarnation of the topic that is written to. */
  readonly topicId: string;
  readonly kafka: { readonly log: RecordLog; readonly writer: Pick<Kafka['writer'], 'write'> };
  readonly lease: Pick<Lease, 'leftMs' | 'note' | 'setNote'>;
  /** The record to write; null for one that does not decode, which was told then. */
  readonly toRecord: (record: LogRecord) => NewRecord | null;
  readonly status: BridgeStatus;
  /** How long after a failure the next try is, in milliseconds; doubles up to {@link longestPauseMs}. */
  readonly retryMs: number;
  /** Aborts when the gateway stops, and when the lease is lost. */
  readonly signal: AbortSignal;
}

/** The longest pause between two tries, in milliseconds. */
export const longestPauseMs = 5_000;
/** How long Kafka gets for one write; also how long a gateway that stops waits for it. */
const writeDeadlineMs = 5_000;
/** With less than this of the lease left, nothing is begun. */
const leastLeaseMs = 250;

/** The headers that say where a record comes from. */
const headers = {
  channel: 'sluice-redis-channel',
  stream: 'sluice-redis-stream',
  entry: 'sluice-redis-entry',
} as const;

/** For how long a write may go on that begins now: nobody else writes within that time. 0: it must not begin. */
export function deadlineOf({ lease }: Pick<Copying, 'lease'>): number {
  const { leftMs } = lease;
  return leftMs < leastLeaseMs ? 0 : Math.min(leftMs, writeDeadlineMs);
}

/** Makes records for Kafka of what is read in Redis: decoded as declared, and encoded as the topic's stream says. */
export function createToRecord(
  place: RedisPlace,
  codecs: { readonly from: Codec; readonly into: Codec },
  status: Pick<BridgeStatus, 'bad'>,
): Copying['toRecord'] {
  return (record) => {
    const decoded = codecs.from.decode(record.value ?? Buffer.alloc(0));
    if (!decoded.ok) {
      status.bad(decoded.fault.reason);
      return null;
    }
    try {
      return {
        key: codecs.into.encodeKey(decoded.node),
        value: codecs.into.encode(decoded.node),
        headers: originOf(place, record),
        // Kafka refuses what lies in the future, where only ids that were written by hand are.
        timestampMs: Math.min(record.timestampMs, Date.now()),
      };
    } catch (error) {
      status.bad(messageOf(error));
      return null;
    }
  };
}

/** The offset, in the Redis Stream of that key, of the entry that a record of the topic is a copy of; null when it is none. */
export function entryOf(record: Pick<LogRecord, 'headers'>, key: string): bigint | null {
  if (textOf(record, headers.stream) !== key) return null;
  const id = textOf(record, headers.entry);
  try {
    return id === undefined ? null : toOffset(id);
  } catch {
    return null;
  }
}

function originOf({ kind, name }: RedisPlace, record: LogRecord): NewRecord['headers'] {
  if (kind !== 'STREAM') return [{ name: headers.channel, value: record.key ?? Buffer.from(name) }];
  return [
    { name: headers.stream, value: Buffer.from(name) },
    { name: headers.entry, value: Buffer.from(toEntryId(record.offset)) },
  ];
}

function textOf(record: Pick<LogRecord, 'headers'>, name: string): string | undefined {
  return record.headers.find((header) => header.name === name)?.value?.toString();
}
