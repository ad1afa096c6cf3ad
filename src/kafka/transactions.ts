import { messageOf, SluiceError } from '#errors';
import { backoffMs, pause, withDeadline } from './deadline.ts';
import { shuttingDown, unavailable } from './failures.ts';
import { partitionOfKey } from './murmur2.ts';
import type { WriterOptions } from './options.ts';
import type { TopicMetadata } from './topics.ts';
import {
  type AppendedChunk,
  type PartitionPart,
  type TransactionCall,
  type TransactionResult,
  TransactionSession,
} from './transaction-session.ts';
import type { TransactionWire } from './transaction-wire.ts';
import type { AtomicWriter, NewRecord, TopicRecords, WriteOutcome } from './types.ts';
import type { OutgoingRecord } from './write-call.ts';
import {
  type KnownTopics,
  noSuchPartition,
  partitionsNamed,
  payloadBytes,
  timestampText,
  toOutgoing,
} from './writer.ts';

/** Kafka's error codes after which the same records would be refused again. */
const final: ReadonlyMap<number, string> = new Map([
  [10, 'a record is larger than the topic allows'],
  [17, 'the topic is invalid'],
  [18, 'the records are more than a segment of the topic holds'],
  [29, 'this client may not write to the topic'],
  [31, 'this client may not do that in the cluster'],
  [32, 'a timestamp is outside of what the topic takes'],
  [44, 'a policy of the cluster forbids it'],
  [53, 'this client may not use transactions'],
  [87, 'a record is invalid'],
]);

/** Those among them that are about a record's size. */
const tooLarge: ReadonlySet<number> = new Set([10, 18]);

/** The records of one call, with where their outcomes belong. */
interface Planned {
  readonly parts: readonly PartitionPart[];
  /** By part: list of the call and place in it, record by record. */
  readonly places: ReadonlyMap<PartitionPart, readonly (readonly [list: number, index: number])[]>;
}

type Outcomes = readonly (readonly WriteOutcome[])[];

/** A call, with what it is told at its deadline when its commit is decided by then. */
interface WriteCall extends TransactionCall {
  committed: Outcomes | null;
  /** Nobody waits for it any more. */
  giveUp(): void;
}

/** What a {@link Transactions} is built of. */
export interface TransactionParts {
  readonly topics: KnownTopics;
  readonly wire: TransactionWire;
  readonly options: WriterOptions;
  /** Unlike those of every other process, also of an earlier life of this one: none has to wait for another's end. */
  readonly idPrefix: string;
}

/** Writes records in transactions: a few at a time, each with a transactional id of its own, and a bounded queue. */
export class Transactions implements AtomicWriter {
  readonly #parts: TransactionParts;
  readonly #idle: TransactionSession[] = [];
  readonly #waiting = new Set<(session: TransactionSession) => void>();
  readonly #closing = new AbortController();
  readonly #running = new Map<WriteCall, Promise<void>>();
  #opened = 0;
  #bytes = 0;
  #records = 0;

  constructor(parts: TransactionParts) {
    this.#parts = parts;
  }

  async write(lists: readonly TopicRecords[], { deadlineMs }: { readonly deadlineMs: number }): Promise<Outcomes> {
    if (this.#closing.signal.aborted) throw shuttingDown();
    const all = lists.flatMap(({ records }) => records);
    if (all.length === 0) return lists.map(() => []);
    const bytes = payloadBytes(all);
    this.#checkRoom(all.length, bytes);
    this.#bytes += bytes;
    this.#records += all.length;
    const deadlineAtMs = performance.now() + deadlineMs;
    const call = newCall();
    // Goes on behind the caller's back when the deadline has passed: an open transaction must be ended.
    const work = this.#write(lists, call, deadlineAtMs).finally(() => {
      this.#bytes -= bytes;
      this.#records -= all.length;
    });
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    this.#running.set(call, settled);
    void settled.then(() => this.#running.delete(call));
    const late = new SluiceError('TIMEOUT', '');
    return await withDeadline(work, deadlineMs, () => late).catch((error) => {
      if (error !== late) throw error;
      if (call.isCommitting && !call.committed) return outcomesOf(lists, 'UNKNOWN', commitUnanswered());
      call.giveUp();
      return call.committed ?? outcomesOf(lists, 'NOT_WRITTEN', notCommittedInTime());
    });
  }

  /** Waits for what is under way up to the deadline, then disconnects. */
  async close(deadlineMs = 5_000): Promise<void> {
    await Promise.race([Promise.all(this.#running.values()), pause(this.#running.size === 0 ? 0 : deadlineMs)]);
    this.#closing.abort();
    for (const call of this.#running.keys()) call.giveUp();
    await this.#parts.wire.close();
  }

  #checkRoom(records: number, bytes: number): void {
    const { maxQueuedRecords, maxQueuedBytes } = this.#parts.options;
    if (this.#records + records <= maxQueuedRecords && this.#bytes + bytes <= maxQueuedBytes) return;
    throw new SluiceError('OVERLOADED', 'Too many records wait for a transaction; nothing of this call was taken.', {
      details: { queuedRecords: this.#records, queuedBytes: this.#bytes },
    });
  }

  async #write(lists: readonly TopicRecords[], call: WriteCall, deadlineAtMs: number): Promise<Outcomes> {
    // Whatever is wrong with the call is found before it waits.
    await this.#plan(lists, { maxAgeMs: undefined, deadlineAtMs });
    const session = await this.#take(call, deadlineAtMs);
    if (!session) return outcomesOf(lists, 'NOT_WRITTEN', notCommittedInTime());
    try {
      for (let failures = 0; ; failures += 1) {
        const planned = await this.#plan(lists, { maxAgeMs: failures === 0 ? undefined : 0, deadlineAtMs });
        const result = await session.run(planned.parts, call);
        if (result.kind === 'unknown') return outcomesOf(lists, 'UNKNOWN', commitUnanswered(result.cause));
        if (result.kind === 'committed') {
          call.committed = conclude(lists, planned, result.appended);
          await session.marked(call);
          return call.committed;
        }
        const refusal = refusalOf(result);
        if (refusal) return outcomesOf(lists, 'NOT_WRITTEN', refusal);
        if (call.givenUp.aborted || performance.now() >= deadlineAtMs || this.#closing.signal.aborted)
          return outcomesOf(lists, 'NOT_WRITTEN', unavailable('a transaction', result.cause));
        // It was aborted, and it is nobody else's to commit: it may be tried again as a whole.
        call.isCommitting = false;
        await pause(backoffMs(failures + 1), this.#closing.signal);
      }
    } finally {
      await session.recover();
      this.#release(session);
    }
  }

  /** A session of its own for the call, at once or when one is free; null at the deadline. */
  async #take(call: WriteCall, deadlineAtMs: number): Promise<TransactionSession | null> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#opened < this.#parts.options.maxTransactions) return this.#open();
    const { promise, resolve } = Promise.withResolvers<TransactionSession>();
    this.#waiting.add(resolve);
    try {
      return await withDeadline(promise, deadlineAtMs - performance.now(), notCommittedInTime);
    } catch {
      call.giveUp();
      return null;
    } finally {
      this.#waiting.delete(resolve);
    }
  }

  #open(): TransactionSession {
    const { wire, options, idPrefix } = this.#parts;
    this.#opened += 1;
    const id = `${idPrefix}-${this.#opened}`;
    const { transactionTimeoutMs, maxBatchBytes } = options;
    return new TransactionSession(wire, id, { transactionTimeoutMs, maxBatchBytes, closing: this.#closing.signal });
  }

  #release(session: TransactionSession): void {
    const [next] = this.#waiting;
    if (!next) {
      this.#idle.push(session);
      return;
    }
    this.#waiting.delete(next);
    next(session);
  }

  async #plan(
    lists: readonly TopicRecords[],
    { maxAgeMs, deadlineAtMs }: { readonly maxAgeMs: number | undefined; readonly deadlineAtMs: number },
  ): Promise<Planned> {
    const now = timestampText(Date.now());
    const parts = new Map<string, PartitionPart & { readonly records: OutgoingRecord[] }>();
    const places = new Map<PartitionPart, (readonly [number, number])[]>();
    for (const [list, { topic, records }] of lists.entries()) {
      if (records.length === 0) continue;
      const metadata = await this.#metadata(topic, { atLeast: partitionsNamed(records), maxAgeMs, deadlineAtMs });
      const keyless = anyLed(metadata);
      for (const [index, record] of records.entries()) {
        const partition = partitionOf(record, metadata, keyless);
        const place = `${topic}:${partition}`;
        let part = parts.get(place);
        if (!part) {
          const leader = metadata.partitions[partition]?.leader;
          if (leader === undefined) throw noSuchPartition(topic, partition, metadata.partitions.length);
          part = { topic, partition, leader, records: [] };
          parts.set(place, part);
          places.set(part, []);
        }
        part.records.push(toOutgoing(record, partition, now));
        places.get(part)?.push([list, index]);
      }
    }
    return { parts: [...parts.values()], places };
  }

  async #metadata(
    topic: string,
    want: { readonly atLeast: number; readonly maxAgeMs: number | undefined; readonly deadlineAtMs: number },
  ): Promise<TopicMetadata> {
    const known = want.maxAgeMs === undefined ? this.#parts.topics.peek(topic) : undefined;
    if (known && known.partitions.length >= want.atLeast) return known;
    const asked = this.#parts.topics.get(topic, known ? 0 : want.maxAgeMs);
    const leftMs = want.deadlineAtMs - performance.now();
    return await withDeadline(asked, leftMs, () => unavailable(`the partitions of "${topic}"`));
  }
}

function newCall(): WriteCall {
  const over = new AbortController();
  return { givenUp: over.signal, isCommitting: false, committed: null, giveUp: () => over.abort() };
}

function partitionOf(record: NewRecord, { partitions }: TopicMetadata, keyless: number): number {
  return record.partition ?? (record.key ? partitionOfKey(record.key, partitions.length) : keyless);
}

/** Records without a key share a partition within a call. */
function anyLed({ partitions }: TopicMetadata): number {
  const led = [...partitions.keys()].filter((partition) => (partitions[partition]?.leader ?? -1) >= 0);
  return led[Math.floor(Math.random() * led.length)] ?? 0;
}

/** Why Kafka would refuse the same records again; null when it may take them another time. */
function refusalOf({ code, cause }: Exclude<TransactionResult, { readonly kind: 'committed' }>): SluiceError | null {
  const reason = final.get(code ?? -1);
  if (reason === undefined) return null;
  const message = `Kafka refused the transaction: ${reason}. Nothing of it was written.`;
  return new SluiceError(tooLarge.has(code ?? -1) ? 'RECORD_TOO_LARGE' : 'KAFKA_REFUSED', message, { cause });
}

function conclude(
  lists: readonly TopicRecords[],
  { places }: Planned,
  appended: ReadonlyMap<PartitionPart, readonly AppendedChunk[]>,
): Outcomes {
  const outcomes = lists.map(({ records }) => new Array<WriteOutcome>(records.length));
  for (const [part, of] of places) {
    // Where each record of the part lies, chunk by chunk.
    let record = 0;
    for (const { baseOffset, appendedAtMs, count } of appended.get(part) ?? []) {
      for (let delta = 0; delta < count; delta += 1, record += 1) {
        const [list = 0, index = 0] = of[record] ?? [];
        const outcome = outcomes[list];
        if (!outcome) continue;
        outcome[index] = {
          outcome: 'ACKED',
          partition: part.partition,
          offset: baseOffset + BigInt(delta),
          timestampMs: appendedAtMs ?? Number(part.records[record]?.timestamp),
        };
      }
    }
  }
  return outcomes;
}

function outcomesOf(lists: readonly TopicRecords[], outcome: 'NOT_WRITTEN' | 'UNKNOWN', error: SluiceError): Outcomes {
  return lists.map(({ records }) => records.map(() => ({ outcome, partition: null, error })));
}

function notCommittedInTime(): SluiceError {
  return new SluiceError('TIMEOUT', 'The transaction was not committed by the deadline; nothing of it was written.');
}

function commitUnanswered(cause?: unknown): SluiceError {
  const why = cause === undefined ? '' : ` ${messageOf(cause)}`;
  return new SluiceError('TIMEOUT', `Kafka did not say by the deadline whether the transaction was committed.${why}`);
}
