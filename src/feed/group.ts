import type { CatchUp } from './catch-up.ts';
import type { FeedCounters } from './counters.ts';
import type { Dispatcher, Listener } from './dispatcher.ts';
import type { Where } from './filter.ts';
import type { LogGap, Position } from './log.ts';
import { mergeByTime, type PageLimit } from './merge.ts';
import { joinGaps, type Page } from './page.ts';
import type { FeedRecord } from './record.ts';
import type { Due, Rounds } from './rounds.ts';
import type { Sink } from './sink.ts';
import type { Gap } from './start.ts';
import { type Bookmark, beforeRows } from './table-bookmark.ts';
import type { RecordSelect } from './table-select.ts';

/** So many members, or so many records in a page, may cost a millisecond. */
const costlyMembers = 50;
const costlyRecords = 100;

/** Sinks that are looked at and filled before the first of them is written to. */
const batchedSinks = 32;

/** What is pending when nothing is; never written to. */
const nothing: FeedRecord[] = [];

/** A subscription as its group sees it. */
export interface LiveMember<T> {
  readonly sink: Sink<T>;
  /** It is no longer given pages: it has all before the position, but of a table with a bookmark not its rows. */
  leave(position: Position, bookmark?: Bookmark): void;
  /** Its group is broken. */
  fail(error: unknown): void;
}

/** What makes two subscriptions the same but for their place and their client. */
export interface GroupOptions<T> {
  readonly where: Where | null;
  readonly limit: PageLimit;
  /** Its members keep the rows of a table: after a gap they begin anew with the present rows. */
  readonly keepsRows: boolean;
  /** Makes of a page what the sinks take, once for all members. */
  readonly render: (page: Page) => T;
}

/** What a group is built on. */
export interface GroupParts<T> {
  /** Under which its subscriptions find it: one text for all of them. */
  readonly key: string;
  readonly dispatcher: Dispatcher;
  readonly rounds: Rounds;
  readonly counters: FeedCounters;
  readonly scope: Page['scope'];
  readonly catchUp: CatchUp<T>;
  readonly select: RecordSelect | null;
}

/**
 * Subscriptions with the same operation, variables and rights. Those that are live all stand where the dispatcher
 * stands; a page is made once for all of them. Those that are behind read on by themselves, through {@link catchUp}.
 */
export class Group<T> implements Listener, Due {
  restsUntilMs = 0;
  /** Subscriptions that belong to it, live or not. */
  members = 0;
  readonly options: GroupOptions<T>;
  readonly #parts: GroupParts<T>;
  /** The live ones, by their sinks: those are what a page goes through. */
  readonly #live = new Map<Sink<T>, LiveMember<T>>();
  #pending: FeedRecord[] = nothing;
  #pendingBytes = 0;
  #gap: Gap | null = null;
  /** Pages were given to the sinks that they have not been told to send yet. */
  #isKept = false;
  #start: Position = new Map();
  #pageAtMs = 0;

  constructor(options: GroupOptions<T>, parts: GroupParts<T>) {
    this.options = options;
    this.#parts = parts;
  }

  get isCostly(): boolean {
    return this.#live.size >= costlyMembers || this.#pending.length >= costlyRecords;
  }

  get key(): string {
    return this.#parts.key;
  }

  get catchUp(): CatchUp<T> {
    return this.#parts.catchUp;
  }

  get select(): RecordSelect | null {
    return this.#parts.select;
  }

  /** A subscription that stands where the dispatcher stands goes live. */
  join(member: LiveMember<T>): void {
    if (this.#live.size === 0) {
      this.#start = this.#parts.dispatcher.position;
      this.#pageAtMs = performance.now();
      this.#parts.dispatcher.attach(this, this.options.where);
    } else this.#makeNow();
    this.#live.set(member.sink, member);
  }

  /** A subscription that has ended. */
  remove(member: LiveMember<T>): void {
    if (this.#live.delete(member.sink) && this.#live.size === 0) this.#rest();
  }

  take(record: FeedRecord): void {
    // One record as a rule, where the filter is narrow: an array of one takes less than one that has grown.
    if (this.#pending.length === 0) {
      this.#parts.rounds.request(this);
      this.#pending = [record];
    } else this.#pending.push(record);
    this.#pendingBytes += record.weight;
    const { records, bytes } = this.options.limit;
    if (this.#pending.length >= records || this.#pendingBytes >= bytes) this.#makeNow();
  }

  settle(): void {
    if (this.#pending.length === 0) return;
    this.#parts.rounds.withdraw(this);
    this.#make('FLUSHED');
  }

  miss(gap: LogGap): void {
    this.#gap = joinGaps(this.#gap, [gap]);
    this.#parts.rounds.withdraw(this);
    this.#make('FLUSHED');
    if (this.options.keepsRows) this.#disband(beforeRows);
  }

  prepare(isAlone: boolean): void {
    if (this.#pending.length > 0 || this.#gap) this.#make(isAlone ? 'FLUSHED' : 'KEPT');
  }

  send(): void {
    if (!this.#isKept) return;
    this.#isKept = false;
    for (const sink of this.#live.keys()) sink.flush();
  }

  /** Gives a fresh cursor to those who have had no page for a while although the stream moved on; true when it did. */
  refresh(beforeMs: number): boolean {
    if (this.#live.size === 0 || this.#pageAtMs > beforeMs || this.#pending.length > 0) return false;
    if (this.#start === this.#parts.dispatcher.position) return false;
    this.#make('FLUSHED');
    return true;
  }

  /** All live subscriptions leave with their positions. */
  disband(): void {
    this.#makeNow();
    this.#disband();
  }

  #disband(bookmark?: Bookmark): void {
    const members = [...this.#live.values()];
    this.#live.clear();
    this.#rest();
    for (const member of members) member.leave(this.#start, bookmark);
  }

  #makeNow(): void {
    if (this.#pending.length === 0 && !this.#gap) return;
    this.#parts.rounds.withdraw(this);
    this.#make('FLUSHED');
  }

  #make(how: 'FLUSHED' | 'KEPT'): void {
    const { dispatcher, counters, scope } = this.#parts;
    const records = mergeByTime(this.#pending);
    const end = dispatcher.position;
    const isAnew = this.options.keepsRows && this.#gap !== null;
    const page: Page = {
      records,
      start: this.#start,
      end,
      epochs: dispatcher.epochs,
      gap: this.#gap,
      live: !isAnew,
      lag: dispatcher.lag(end),
      hasNextPage: true,
      scope,
      ...(isAnew && { bookmark: beforeRows }),
    };
    if (this.#gap) counters.gaps += 1;
    this.#pending = nothing;
    this.#pendingBytes = 0;
    this.#gap = null;
    this.#start = end;
    this.#pageAtMs = performance.now();
    this.#give(page, how);
  }

  /**
   * What belongs to a socket is scattered in memory. Sockets are looked at and filled in small batches, so that the
   * processor waits for the memory of several at once, and each batch is written before its memory is cold again.
   */
  #give(page: Page, how: 'FLUSHED' | 'KEPT'): void {
    const { counters } = this.#parts;
    let made: T;
    try {
      made = this.options.render(page);
    } catch (error) {
      for (const member of this.#live.values()) member.fail(error);
      this.#live.clear();
      this.#rest();
      return;
    }
    const slow: LiveMember<T>[] = [];
    const given: Sink<T>[] = [];
    const flushGiven = () => {
      for (const sink of given) sink.flush();
      given.length = 0;
    };
    for (const [sink, member] of this.#live) {
      // A gap is for everybody: from their positions before it they could not tell it any more.
      if (!sink.isReady && !page.gap) {
        slow.push(member);
        continue;
      }
      sink.push(made);
      if (how === 'FLUSHED') given.push(sink);
      if (given.length === batchedSinks) flushGiven();
    }
    flushGiven();
    this.#isKept = how === 'KEPT';
    for (const member of slow) this.#live.delete(member.sink);
    counters.pagesMade += 1;
    counters.pagesDelivered += this.#live.size;
    counters.recordsDelivered += page.records.length * this.#live.size;
    counters.catchUps += slow.length;
    if (this.#live.size === 0) this.#rest();
    for (const member of slow) member.leave(page.start);
  }

  /** Nobody is live: records need not come here any more. */
  #rest(): void {
    this.#parts.dispatcher.detach(this);
    this.#parts.rounds.withdraw(this);
    this.#pending = nothing;
    this.#pendingBytes = 0;
    this.#gap = null;
  }
}
