import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '#errors';
import type { FeedCounters } from './counters.ts';
import { History, type Taken } from './history.ts';
import type { Epochs, Position, RecordLog } from './log.ts';
import { type PageLimit, takeMerged } from './merge.ts';
import type { ReadAhead } from './read-ahead.ts';
import type { RecordDecoder } from './record.ts';
import type { TopicFeed } from './topic-feed.ts';

/** Pauses between attempts to read history while the broker is away: 0.1 s, doubling up to 2 s. */
const firstPauseMs = 100;
const longestPauseMs = 2000;

/** What a {@link Reader} reads from. */
export interface ReaderParts {
  readonly feed: TopicFeed;
  readonly log: RecordLog;
  readonly decode: RecordDecoder;
  readonly topic: string;
  readonly counters: FeedCounters;
  readonly readAhead: ReadAhead;
}

/** A position, and the leader epochs under which it was reached. */
export interface Place {
  readonly position: Position;
  readonly epochs: Epochs;
}

/**
 * Reads a topic forward from a position up to its live end, or up to an end: from the log while the position is older
 * than the rings, then from the rings. Never waits for records that are not there yet.
 */
export class Reader {
  readonly #parts: ReaderParts;
  #position: Map<number, bigint>;
  #epochs: Map<number, number>;
  /** Exclusive; partitions that are not in it are not read. Null: to the live end, whatever partitions there are. */
  #until: Position | null;
  #history: History | null = null;

  constructor(parts: ReaderParts, { position, epochs }: Place, until: Position | null = null) {
    this.#parts = parts;
    this.#position = new Map(position);
    this.#epochs = new Map(epochs);
    this.#until = until;
  }

  /** Where it stands. */
  get place(): Place {
    return { position: new Map(this.#position), epochs: new Map(this.#epochs) };
  }

  /** True when nothing that the live end has is left to take. */
  get isAtEnd(): boolean {
    if (this.#history) return false;
    for (const [partition, ring] of this.#parts.feed.rings) {
      if (this.#at(partition) < this.#bounded(partition, ring.head)) return false;
    }
    return true;
  }

  /** True when everything before the end that was asked for was taken; never without such an end. */
  get isDone(): boolean {
    if (!this.#until) return false;
    for (const [partition, end] of this.#until) if (this.#at(partition) < end) return false;
    return true;
  }

  /** Whether it has an end. */
  get hasEnd(): boolean {
    return this.#until !== null;
  }

  /** Goes on from another place. */
  moveTo({ position, epochs }: Place): void {
    this.#history = null;
    this.#position = new Map(position);
    this.#epochs = new Map(epochs);
  }

  /** Gives it an end. */
  endAt(until: Position): void {
    this.#until = until;
  }

  /**
   * The next records, up to the limit. None when there is nothing left, at a gap, when only holes were left
   * (compaction, transaction markers), or when the signal aborted. Waits out a broker that is away.
   */
  async take(limit: PageLimit, signal: AbortSignal): Promise<Taken> {
    if (this.#history || this.#isBehindRings()) {
      this.#parts.counters.ringMisses += 1;
      return await this.#takeHistory(limit, signal);
    }
    this.#parts.counters.ringHits += 1;
    return this.#takeFromRings(limit);
  }

  #at(partition: number): bigint {
    return this.#position.get(partition) ?? 0n;
  }

  #bounded(partition: number, offset: bigint): bigint {
    if (!this.#until) return offset;
    const end = this.#until.get(partition) ?? 0n;
    return end < offset ? end : offset;
  }

  #isBehindRings(): boolean {
    for (const [partition, ring] of this.#parts.feed.rings) {
      if (this.#at(partition) < this.#bounded(partition, ring.start)) return true;
    }
    return false;
  }

  async #takeHistory(limit: PageLimit, signal: AbortSignal): Promise<Taken> {
    this.#history ??= this.#openHistory();
    const taken = await this.#retrying(this.#history, limit, signal);
    for (const [partition, offset] of this.#history.position) this.#position.set(partition, offset);
    for (const [partition, epoch] of this.#history.epochs) this.#epochs.set(partition, epoch);
    if (this.#history.isDone) this.#history = null;
    return taken;
  }

  /** History of the partitions that are behind their ring, up to where the ring begins now. */
  #openHistory(): History {
    const { log, decode, topic, feed } = this.#parts;
    const until = new Map<number, bigint>();
    for (const [partition, ring] of feed.rings) {
      const end = this.#bounded(partition, ring.start);
      if (this.#at(partition) < end) until.set(partition, end);
    }
    const { topicId } = feed.identity;
    return new History(log, decode, { topic, topicId, from: this.#position, until, epochs: this.#epochs });
  }

  async #retrying(history: History, limit: PageLimit, signal: AbortSignal): Promise<Taken> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        return await this.#parts.readAhead.run(() => history.take(limit, signal));
      } catch (error) {
        if (!(error instanceof SluiceError && error.retryable)) throw error;
        await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #takeFromRings(limit: PageLimit): Taken {
    const runs = [...this.#parts.feed.rings].flatMap(([partition, ring]) => {
      const end = this.#bounded(partition, ring.head);
      if (this.#at(partition) >= end) return [];
      const records = ring.from(this.#at(partition), limit.records);
      // With fewer than the limit found the ring has no more: holes up to its end are passed too.
      const isAll = records.length < limit.records || (records.at(-1)?.offset ?? 0n) >= end;
      return [{ partition, end, records: records.filter(({ offset }) => offset < end), taken: 0, isAll }];
    });
    const records = takeMerged(runs, limit);
    const { epochs } = this.#parts.feed.dispatcher;
    for (const { partition, end, records: found, taken, isAll } of runs) {
      this.#position.set(partition, found[taken]?.offset ?? (isAll ? end : (found.at(-1)?.offset ?? 0n) + 1n));
      this.#epochs.set(partition, epochs.get(partition) ?? -1);
    }
    return { records, gaps: [] };
  }
}
