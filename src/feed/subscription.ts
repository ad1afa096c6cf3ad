import type { Standing } from './catch-up.ts';
import { conflate } from './conflate.ts';
import type { CursorScope } from './cursor.ts';
import type { Group, LiveMember } from './group.ts';
import type { PageLimit } from './merge.ts';
import { joinGaps, type Page } from './page.ts';
import { type Place, Reader } from './reader.ts';
import type { Sink } from './sink.ts';
import type { EndPosition, Gap, StartPosition } from './start.ts';
import type { SubscribeRequest, SubscriptionParts } from './subscribe-request.ts';
import { findEnd, findStart, type Start } from './subscription-start.ts';
import { type Bookmark, beforeRows } from './table-bookmark.ts';
import { selectFrom } from './table-select.ts';
import { keepsRows, needsToKnow, RowsReader, resolveRows } from './table-start.ts';
import { withAbort } from './with-abort.ts';

/** One subscriber's way through a topic. Its place is all its state, so that a slow one costs no memory. */
export class Subscription<T> implements LiveMember<T> {
  readonly sink: Sink<T>;
  readonly #request: SubscribeRequest<T>;
  readonly #parts: SubscriptionParts;
  readonly #signal: AbortSignal;
  /** Its pages are those of a table's rows, and it is told anew of all of them after a gap. */
  readonly #keepsRows: boolean;
  #place: Standing = nowhere;
  #hasStarted = false;
  /** Gaps at the live end that it was told of, or did not have to be. */
  #toldGaps: number;
  #rows: RowsReader | null = null;
  #replay: Reader | null = null;
  #leave: (() => void) | null = null;
  #fail: ((error: unknown) => void) | null = null;

  constructor(request: SubscribeRequest<T>, parts: SubscriptionParts, signal: AbortSignal) {
    this.#request = request;
    this.#parts = parts;
    this.#signal = signal;
    this.sink = request.sink;
    this.#keepsRows = keepsRows(parts.source, request);
    this.#toldGaps = parts.feed.dispatcher.gaps;
  }

  /** True from its first page on. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /** Where it stands; good for a cursor. */
  get place(): Standing {
    return this.#place;
  }

  leave(position: Place['position'], bookmark?: Bookmark): void {
    const { feed, now } = this.#parts;
    this.#toldGaps = feed.dispatcher.gaps;
    const { epochs } = feed.dispatcher;
    this.#place = { position, epochs, asOfMs: now(), ...(bookmark && { bookmark }) };
    this.#leave?.();
  }

  fail(error: unknown): void {
    this.#fail?.(error);
  }

  /** Finds the start and gives the first page; false when there is nothing to follow, because that was the last one. */
  async start(start: StartPosition): Promise<boolean> {
    const { from, gap } = await this.#resolve(start);
    this.#place = from;
    const { feed, source } = this.#parts;
    // With them its changes cost only what concerns it; without them (a table that is too large, say) they are right too.
    if (needsToKnow(source, this.#request)) feed.table?.rows().catch(() => undefined);
    const { until } = this.#request;
    const end = until && (await findEnd(until, this.#parts, this.#signal));
    if (this.#signal.aborted) return false;
    if (until) this.#replay = new Reader(feed.reading, from, end);
    const hasNextPage = !this.#replay?.isDone;
    this.#give({ records: [], start: from.position, gap, hasNextPage }, from);
    return hasNextPage;
  }

  /** Gives pages to the sink from there on: resolves at the end that was asked for or when the signal aborts. */
  follow(): Promise<void> {
    return this.#replay ? this.#readTo(this.#replay) : this.#followLive();
  }

  #resolve(start: StartPosition): Promise<Start> {
    return (this.#keepsRows ? resolveRows : findStart)(start, this.#parts, this.#signal);
  }

  /** Catches up, goes live, falls behind, catches up again. */
  async #followLive(): Promise<void> {
    const { feed } = this.#parts;
    const { sink, overflow } = this.#request;
    const group = this.#joinGroup();
    group.catchUp.enter();
    try {
      let wasSlow = false;
      for (;;) {
        if (!sink.isReady) {
          wasSlow = true;
          await sink.whenReady(this.#signal);
        }
        if (this.#signal.aborted) return;
        if (feed.failure) throw feed.failure;
        if (feed.dispatcher.gaps !== this.#toldGaps) await this.#passGap();
        else if (this.#place.bookmark) await this.#giveRows(this.#place.bookmark);
        else if (feed.dispatcher.isAt(this.#place.position)) {
          wasSlow = false;
          await this.#live(group);
          if (overflow === 'DISCONNECT' && !sink.isReady && !feed.failure && !this.#signal.aborted) {
            feed.reading.counters.disconnects += 1;
            throw this.#request.toSlowError(this.#place, this.#scope);
          }
        } else if (wasSlow && overflow === 'LATEST') {
          wasSlow = false;
          await this.#skipToLatest();
        } else await this.#catchUp(group);
      }
    } finally {
      group.catchUp.leave();
      feed.release(group as Group<never>);
    }
  }

  /** Apart from the following, whose frame keeps all that it names for as long as the subscription lasts. */
  #joinGroup(): Group<T> {
    const { group: shared, where, render } = this.#request;
    const key = shared === null ? uniqueKey() : `${this.#keepsRows ? 'rows' : 'changes'} ${shared}`;
    const options = { where, limit: this.#limit, render, keepsRows: this.#keepsRows };
    return this.#parts.feed.group(key, options, this.#scope);
  }

  get #limit(): PageLimit {
    return { records: this.#request.maxRecords, bytes: this.#parts.pageBytes };
  }

  get #scope(): CursorScope {
    const { clusterId, topicId } = this.#parts.feed.identity;
    return { clusterId, topicId, field: this.#parts.source.field };
  }

  /** Takes the group's pages until its sink is full, the feed ends or the signal aborts. */
  #live(group: Group<T>): Promise<void> {
    const signal = this.#signal;
    group.catchUp.leave();
    return new Promise((resolve, reject) => {
      const end = () => {
        signal.removeEventListener('abort', end);
        group.remove(this);
        group.catchUp.enter();
        this.#leave = null;
        this.#fail = null;
        resolve();
      };
      this.#leave = end;
      this.#fail = (error) => {
        end();
        reject(error);
      };
      signal.addEventListener('abort', end, { once: true });
      group.join(this);
    });
  }

  async #catchUp(group: Group<T>): Promise<void> {
    const { feed } = this.#parts;
    const next = await withAbort(group.catchUp.pageFrom(this.#place), this.#signal);
    if (this.#signal.aborted) return;
    if (!next) {
      // It stands where the listeners stand by now, or beyond the end of the log: then it waits for the log.
      if (!feed.dispatcher.isAt(this.#place.position) && !feed.failure) await feed.changed.wait(this.#signal);
      return;
    }
    this.#deliver(next.page, next.made);
  }

  async #skipToLatest(): Promise<void> {
    const { feed } = this.#parts;
    const reader = new Reader(feed.reading, this.#place);
    const select = feed.select(this.#request.where);
    const start = this.#place.position;
    const { records, leftOut, gap } = await conflate(reader, { select, limit: this.#limit, signal: this.#signal });
    feed.reading.counters.recordsConflated += leftOut;
    if (this.#signal.aborted) return;
    // Also without records: it says that all is read.
    this.#give({ records, start, gap, hasNextPage: true }, this.#at(reader));
  }

  /** A bounded replay: reads by itself, and completes. */
  async #readTo(reader: Reader): Promise<void> {
    const { feed, source, log, now } = this.#parts;
    const { counters } = feed.reading;
    const { where, until, sink } = this.#request;
    const select = feed.select(where);
    while (!this.#signal.aborted) {
      if (!sink.isReady) await sink.whenReady(this.#signal);
      if (feed.failure) throw feed.failure;
      if (feed.dispatcher.gaps !== this.#toldGaps) {
        await this.#passGap();
        reader.moveTo(this.#place);
      }
      if (until?.kind === 'time' && !reader.hasEnd && until.timestampMs <= now()) {
        reader.endAt(await log.positionAt(source.topic, until.timestampMs));
      }
      const start = this.#place.position;
      const taken = await reader.take(this.#limit, this.#signal);
      if (this.#signal.aborted) return;
      const records = selectFrom(taken.records, select);
      counters.recordsFiltered += taken.records.length - records.length;
      const gap = joinGaps(null, taken.gaps);
      const { isDone } = reader;
      if (records.length > 0 || gap || isDone) {
        this.#give({ records, start, gap, hasNextPage: !isDone }, this.#at(reader));
      } else if (reader.isAtEnd) await this.#change(until);
      if (isDone) return;
    }
  }

  /** Waits for the log to go on, or for the time at which the replay ends. */
  async #change(until: EndPosition | null): Promise<void> {
    const { feed, now } = this.#parts;
    if (until?.kind !== 'time') return await feed.changed.wait(this.#signal);
    const timer = new AbortController();
    const waitMs = Math.min(Math.max(until.timestampMs - now(), 0), longestTimerMs);
    const timeout = setTimeout(() => timer.abort(), waitMs);
    await feed.changed.wait(AbortSignal.any([this.#signal, timer.signal]));
    clearTimeout(timeout);
  }

  /** The present rows of a table, as many as fit into a page. */
  async #giveRows(bookmark: Bookmark): Promise<void> {
    const { feed, now } = this.#parts;
    const { dispatcher } = feed;
    this.#rows ??= new RowsReader(feed, this.#request.where);
    const signal = this.#signal;
    if (!(await withAbort(this.#rows.ready(), signal)) || signal.aborted) return;
    // Who has no row yet needs no change from before now.
    const place: Standing = bookmark.key === null ? { ...dispatcher.place, asOfMs: now() } : this.#place;
    const found = await this.#rows.take(bookmark, this.#limit, signal);
    if (signal.aborted || (this.#keepsRows && dispatcher.gaps !== this.#toldGaps)) return;
    const { bookmark: _, ...rest } = place;
    const end = found.isThrough ? rest : { ...rest, bookmark: found.bookmark };
    const part = { records: found.records, start: place.position, gap: null, hasNextPage: true };
    this.#give({ ...part, rowBookmarkAt: found.rowBookmarkAt }, end);
  }

  /** The live end has lost records while this one was elsewhere. */
  async #passGap(): Promise<void> {
    const { dispatcher } = this.#parts.feed;
    this.#toldGaps = dispatcher.gaps;
    const start = this.#place.position;
    if (this.#keepsRows) {
      // Rows that were given may have come from what is lost.
      const gap: Gap = { reason: dispatcher.lastGap?.reason ?? 'EXPIRED', missed: null };
      this.#give({ records: [], start, gap, hasNextPage: true }, dispatcher.place);
      return;
    }
    // Its position may be among what is lost; what has expired it meets when it reads on.
    const { topicId } = this.#parts.feed.identity;
    const { from, gap } = await this.#resolve({ kind: 'after', cursor: { topicId, ...this.#place } });
    if (gap) this.#give({ records: [], start, gap, hasNextPage: true }, from);
    else this.#place = from;
  }

  #at(reader: Reader): Standing {
    const { asOfMs } = this.#place;
    return { ...reader.place, ...(asOfMs !== undefined && { asOfMs }) };
  }

  #give(part: GivenPart, at: Standing): void {
    const { dispatcher } = this.#parts.feed;
    const isAnew = this.#keepsRows && part.gap !== null && part.gap.reason !== 'CONFLATED';
    const { position: end, epochs, asOfMs } = at;
    const bookmark = isAnew ? beforeRows : at.bookmark;
    const page: Page = {
      ...part,
      // What comes with the gap belongs to rows that are forgotten with it.
      records: isAnew ? [] : part.records,
      end,
      epochs,
      ...(asOfMs !== undefined && { asOfMs }),
      ...(bookmark && { bookmark }),
      live: !bookmark && dispatcher.isAt(end),
      lag: dispatcher.lag(end),
      scope: this.#scope,
    };
    this.#parts.feed.reading.counters.pagesMade += 1;
    this.#deliver(page, this.#request.render(page));
  }

  #deliver(page: Page, made: T): void {
    const { counters } = this.#parts.feed.reading;
    counters.pagesDelivered += 1;
    counters.recordsDelivered += page.records.length;
    if (page.gap) counters.gaps += 1;
    const { end: position, epochs, bookmark } = page;
    const asOfMs = page.live ? this.#parts.now() : page.asOfMs;
    this.#place = { position, epochs, ...(asOfMs !== undefined && { asOfMs }), ...(bookmark && { bookmark }) };
    this.#hasStarted = true;
    this.sink.push(made);
    this.sink.flush();
  }
}

/** Before it has found its start. */
const nowhere: Standing = { position: new Map(), epochs: new Map() };

type GivenPart = Pick<Page, 'records' | 'start' | 'gap' | 'hasNextPage' | 'rowBookmarkAt'>;

const longestTimerMs = 2 ** 31 - 1;

let lastUnique = 0;

/** A key that no operation's text can be. */
function uniqueKey(): string {
  lastUnique += 1;
  return `\0${lastUnique}`;
}
