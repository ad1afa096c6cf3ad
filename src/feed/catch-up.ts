import type { Position } from './log.ts';
import type { PageLimit } from './merge.ts';
import { joinGaps, type Page } from './page.ts';
import { type Place, Reader, type ReaderParts } from './reader.ts';
import type { FeedRecord } from './record.ts';
import type { Gap } from './start.ts';
import { type Bookmark, beforeRows } from './table-bookmark.ts';
import { type RecordSelect, selectFrom } from './table-select.ts';

/** A page, and what was made of it. */
export interface MadePage<T> {
  readonly page: Page;
  readonly made: T;
}

/** What a group's catching up needs. */
export interface CatchUpOptions<T> {
  readonly parts: ReaderParts;
  readonly select: RecordSelect | null;
  /** As in the group's options. */
  readonly keepsRows: boolean;
  readonly limit: PageLimit;
  readonly render: (page: Page) => T;
  readonly scope: Page['scope'];
}

/** Where a subscription stands. */
export interface Standing extends Place {
  /** When this was known to be the live end, at the latest; milliseconds since the epoch. Unknown when absent. */
  readonly asOfMs?: number;
  /** How far it has a table's present rows, where it does not have them all. */
  readonly bookmark?: Bookmark;
}

/** How many pages are kept for others who come to the same place. */
const keptPages = 8;
/** After so long without a record that fits, an empty page tells how far the reading has come. */
const longestScanMs = 1000;

/**
 * The way to the live end of a group's subscriptions that are behind. Where their positions meet they share pages: a
 * page is read, executed and serialised once for all who come by while it is kept. What is kept is bounded; who finds
 * nothing kept reads anew from its position, which is all that a subscription itself keeps.
 */
export class CatchUp<T> {
  readonly #options: CatchUpOptions<T>;
  readonly #pages = new Map<string, Promise<MadePage<T> | null>>();
  readonly #readers = new Map<string, Reader>();
  #closing: AbortController | null = null;
  #isClosed = false;
  #behind = 0;

  constructor(options: CatchUpOptions<T>) {
    this.#options = options;
  }

  /** Counts a subscription that is behind; the last one that leaves takes what was kept with it. */
  enter(): void {
    this.#behind += 1;
  }

  leave(): void {
    this.#behind -= 1;
    if (this.#behind === 0) this.#forget();
  }

  /** The page that begins at the place; null when nothing is left up to the live end. */
  pageFrom(place: Standing): Promise<MadePage<T> | null> {
    const key = keyOf(place.position);
    const kept = this.#pages.get(key);
    if (kept) return kept;
    const reader = this.#take(key) ?? new Reader(this.#options.parts, place);
    if (reader.isAtEnd) return Promise.resolve(null);
    const made = this.#make(reader, place);
    // For others only: who reads alone does not come to the same place again.
    if (this.#behind < 2) return made;
    this.#pages.set(key, made);
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= keptPages) break;
      this.#pages.delete(oldest);
    }
    const forget = () => {
      if (this.#pages.get(key) === made) this.#pages.delete(key);
    };
    // What is not a page is no use to others.
    made.then((page) => page ?? forget(), forget);
    return made;
  }

  /** Ends reading that is under way. */
  close(): void {
    this.#isClosed = true;
    this.#closing?.abort(closed);
    this.#forget();
  }

  #take(key: string): Reader | undefined {
    const reader = this.#readers.get(key);
    if (!reader) return undefined;
    this.#readers.delete(key);
    this.#options.parts.readAhead.release(reader);
    return reader;
  }

  #keep(reader: Reader, position: Position): void {
    const key = keyOf(position);
    this.#take(key);
    this.#readers.set(key, reader);
    this.#options.parts.readAhead.keep(reader, () => this.#readers.delete(key));
  }

  #forget(): void {
    this.#pages.clear();
    for (const key of [...this.#readers.keys()]) this.#take(key);
  }

  async #make(reader: Reader, { position: start, asOfMs }: Standing): Promise<MadePage<T> | null> {
    const { parts, render, scope, keepsRows } = this.#options;
    const { records, gap } = await this.#scan(reader);
    if (this.#isClosed) return null;
    const { dispatcher } = parts.feed;
    const { position: end, epochs } = reader.place;
    // What comes with the gap belongs to rows that are forgotten with it.
    const isAnew = keepsRows && gap !== null;
    const page: Page = {
      records: isAnew ? [] : records,
      start,
      end,
      epochs,
      gap,
      live: reader.isAtEnd && !isAnew,
      lag: dispatcher.lag(end),
      hasNextPage: true,
      scope,
      ...(asOfMs !== undefined && { asOfMs }),
      ...(isAnew && { bookmark: beforeRows }),
    };
    parts.counters.pagesMade += 1;
    if (!reader.isAtEnd && this.#behind > 0) this.#keep(reader, end);
    return { page, made: render(page) };
  }

  /** Reads until there is something to tell. */
  async #scan(reader: Reader): Promise<{ readonly records: readonly FeedRecord[]; readonly gap: Gap | null }> {
    const { select, limit, parts } = this.#options;
    const startedAtMs = performance.now();
    this.#closing ??= new AbortController();
    const { signal } = this.#closing;
    for (;;) {
      const taken = await reader.take(limit, signal);
      const records = selectFrom(taken.records, select);
      parts.counters.recordsFiltered += taken.records.length - records.length;
      const gap = joinGaps(null, taken.gaps);
      if (records.length > 0 || gap || reader.isAtEnd || this.#isClosed) return { records, gap };
      if (performance.now() - startedAtMs > longestScanMs) return { records, gap };
    }
  }
}

function keyOf(position: Position): string {
  let key = '';
  for (const [partition, offset] of position) key += `${partition}:${offset},`;
  return key;
}

/** Why reading ends; made once, because one of its own takes a stack trace. */
const closed = new Error('Nobody is behind any more.');
