import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '#errors';
import type { Standing } from './catch-up.ts';
import { createCounters, type FeedCounters } from './counters.ts';
import type { CursorScope } from './cursor.ts';
import { type QueryRequest, queryHistory } from './history-query.ts';
import type { Bounds, RecordLog } from './log.ts';
import type { Page } from './page.ts';
import { ReadAhead } from './read-ahead.ts';
import { RingBudget } from './ring.ts';
import { Rounds } from './rounds.ts';
import type { FeedSource } from './source.ts';
import type { StartPosition } from './start.ts';
import type { SubscribeRequest, SubscriptionParts } from './subscribe-request.ts';
import { Subscription } from './subscription.ts';
import { Leases, type Schedule } from './table-leases.ts';
import { queryTable, type TableQueryRequest } from './table-query.ts';
import type { TableLimits } from './table-rows.ts';
import { needsRows } from './table-start.ts';
import { TopicFeed } from './topic-feed.ts';

/** Settings of {@link Feeds}. */
export interface FeedsOptions {
  /** What all sources lie in that have no log of their own. */
  readonly log: RecordLog;
  /** Bound of the newest records kept in memory for each partition that somebody reads, in bytes. */
  readonly ringBytes?: number;
  /** The same bound over all partitions, in bytes. */
  readonly ringsTotalBytes?: number;
  /** Bound of one page, in bytes of what its records hold in memory. */
  readonly pageBytes?: number;
  /** After so long without a page a subscriber whose stream moved on gets an empty one, in milliseconds. */
  readonly idlePageMs?: number;
  /** How long subscriptions wait for a topic that was deleted to be there again, in milliseconds. */
  readonly recreatedWithinMs?: number;
  /** Most rows of a table that are kept in memory. */
  readonly tableMaxRows?: number;
  /** Memory that the rows of all tables in use may take, in bytes. */
  readonly tablesTotalBytes?: number;
  /** How long a table's rows are kept after their last use, in milliseconds. */
  readonly tableIdleMs?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Runs something later. */
  readonly schedule?: Schedule;
}

/** How many subscribers a topic has, and what they share. */
interface Shared {
  subscribers: number;
  readonly opened: Promise<TopicFeed>;
  feed: TopicFeed | null;
  parts: SubscriptionParts | null;
}

const defaults = {
  ringBytes: 1024 * 1024,
  ringsTotalBytes: 64 * 1024 * 1024,
  pageBytes: 1024 * 1024,
  idlePageMs: 30_000,
  recreatedWithinMs: 30_000,
  tableMaxRows: 1_000_000,
  tablesTotalBytes: 512 * 1024 * 1024,
  tableIdleMs: 60_000,
  now: Date.now,
  schedule: runLater,
};
/** How often a deleted topic is looked for. */
const recreatedPollMs = 250;
/** How often it is looked for subscribers who have had no page for long. */
const refreshEveryMs = 1000;

/** All feeds of a gateway: opens a topic's feed with its first subscriber and closes it with the last. */
export class Feeds {
  readonly #options: Required<FeedsOptions>;
  readonly #shared = new Map<string, Shared>();
  readonly #rounds = new Rounds();
  readonly #readAhead = new ReadAhead();
  readonly #budget: RingBudget;
  readonly #counters: FeedCounters = createCounters();
  readonly #tables: Leases<Shared>;
  readonly #tableLimits: TableLimits;
  #refreshing: NodeJS.Timeout | null = null;

  constructor(options: FeedsOptions) {
    this.#options = { ...defaults, ...options };
    const { ringsTotalBytes, tableIdleMs, schedule, tableMaxRows, tablesTotalBytes } = this.#options;
    this.#budget = new RingBudget(ringsTotalBytes);
    this.#tables = new Leases(tableIdleMs, schedule);
    this.#tableLimits = { maxRows: tableMaxRows, budget: { bytes: 0, maxBytes: tablesTotalBytes } };
  }

  /** What was done so far, and what is open now. */
  get counters(): Readonly<FeedCounters> {
    return this.#counters;
  }

  /** What a cursor of this source is bound to. */
  async scope(source: FeedSource): Promise<CursorScope> {
    const { clusterId, topicId } = await this.#logOf(source).identify(source.topic);
    return { clusterId, topicId, field: source.field };
  }

  /** The bounds of the source's topic now. */
  bounds(source: FeedSource): Promise<ReadonlyMap<number, Bounds>> {
    return this.#logOf(source).bounds(source.topic);
  }

  /** Topics that are followed at present. */
  get followed(): readonly string[] {
    return [...this.#shared.keys()];
  }

  /** One page of history, merged over the partitions by timestamp. */
  async query(source: FeedSource, request: QueryRequest): Promise<Page> {
    const log = this.#logOf(source);
    const { pageBytes } = this.#options;
    return await queryHistory(source, request, { log, pageBytes, scope: await this.scope(source) });
  }

  /** One page of a table's present rows. Its cursors are good for further pages, the last one's for a subscription. */
  async queryTable(source: FeedSource, request: TableQueryRequest): Promise<Page> {
    const shared = this.#join(source);
    let release: (() => void) | null = null;
    try {
      const feed = await shared.opened;
      release = this.#useTable(source, shared);
      const { pageBytes, now } = this.#options;
      return await queryTable(source, request, { feed, pageBytes, now });
    } finally {
      release?.();
      await this.#leave(source.topic, shared);
    }
  }

  /**
   * Gives pages to the request's sink from the start on; the first comes at once. Later ones come when there are
   * records (or a gap) to tell, with all that gathered while the sink was busy. Resolves at the end that was asked
   * for, or when the signal aborts; rejects with a SluiceError when the topic cannot be followed.
   */
  async subscribe<T>(source: FeedSource, request: SubscribeRequest<T>, signal: AbortSignal): Promise<void> {
    this.#counters.subscriptions += 1;
    let { from } = request;
    let feed: TopicFeed | null = null;
    // One frame for all that a subscription waits for while it is live: idle ones are many.
    try {
      while (!signal.aborted) {
        const shared = this.#join(source);
        let subscription: Subscription<T> | null = null;
        let release: (() => void) | null = null;
        try {
          const parts = await this.#partsOf(shared, source);
          feed = parts.feed;
          if (needsRows(source, request)) release = this.#useTable(source, shared);
          subscription = new Subscription(request, parts, signal);
          if (await subscription.start(from)) await subscription.follow();
          return;
        } catch (error) {
          // A topic that was there may come again, as another one, which is told. One that never was is an error.
          if (!(error instanceof SluiceError) || error.code !== 'TOPIC_MISSING' || !feed) throw error;
          await this.#untilThere(source, error, signal);
          if (subscription?.hasStarted) from = afterPlace(feed, subscription.place);
        } finally {
          release?.();
          await this.#leave(source.topic, shared);
        }
      }
    } finally {
      this.#counters.subscriptions -= 1;
    }
  }

  /** A last page for everybody who has not had all yet: with it comes a cursor to go on with elsewhere. */
  flush(): void {
    for (const { feed } of this.#shared.values()) feed?.refresh(Number.POSITIVE_INFINITY);
  }

  /** Stops following every topic; subscriptions that are still open wait for nothing more. */
  async close(): Promise<void> {
    this.#tables.close();
    const shared = [...this.#shared.values()];
    this.#shared.clear();
    this.#watchIdle();
    this.#rounds.close();
    await Promise.allSettled(shared.map(async ({ opened }) => (await opened).close()));
  }

  /** Keeps a table's rows, and the feed under them, until some time after what it returns is called. */
  #useTable({ topic }: FeedSource, shared: Shared): () => void {
    return this.#tables.take(shared, () => {
      shared.subscribers += 1;
      return () => {
        shared.feed?.table?.drop();
        void this.#leave(topic, shared);
      };
    });
  }

  /** What the subscriptions of the source share. */
  async #partsOf(shared: Shared, source: FeedSource): Promise<SubscriptionParts> {
    const feed = await shared.opened;
    if (shared.parts?.source === source) return shared.parts;
    const { pageBytes, now } = this.#options;
    const parts = { feed, log: this.#logOf(source), source, pageBytes, now };
    shared.parts = parts;
    return parts;
  }

  /** Waits for a deleted topic to be there again; rejects with the error when it takes too long. */
  async #untilThere(source: FeedSource, error: SluiceError, signal: AbortSignal): Promise<void> {
    const deadline = AbortSignal.timeout(this.#options.recreatedWithinMs);
    while (!signal.aborted) {
      if (deadline.aborted) throw error;
      const isThere = await this.#logOf(source)
        .identify(source.topic)
        .then(
          () => true,
          () => false,
        );
      if (isThere) return;
      await delay(recreatedPollMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #join(source: FeedSource): Shared {
    const { topic, fields, decode, table } = source;
    const known = this.#shared.get(topic);
    if (known && !known.feed?.failure) {
      known.subscribers += 1;
      return known;
    }
    const { ringBytes } = this.#options;
    const log = this.#logOf(source);
    const parts = {
      budget: this.#budget,
      rounds: this.#rounds,
      counters: this.#counters,
      readAhead: this.#readAhead,
    };
    const tables = { table: table ?? null, tableLimits: this.#tableLimits };
    const opened = TopicFeed.open({ log, topic, fields, decode, ringBytes, ...parts, ...tables });
    const shared: Shared = { subscribers: 1, opened, feed: null, parts: null };
    opened.then(
      (feed) => {
        shared.feed = feed;
      },
      () => undefined,
    );
    this.#shared.set(topic, shared);
    this.#watchIdle();
    return shared;
  }

  #logOf({ log }: FeedSource): RecordLog {
    return log ?? this.#options.log;
  }

  /** Last one out closes. */
  async #leave(topic: string, shared: Shared): Promise<void> {
    shared.subscribers -= 1;
    if (shared.subscribers > 0) return;
    if (this.#shared.get(topic) === shared) this.#shared.delete(topic);
    this.#watchIdle();
    const feed = await shared.opened.catch(() => null);
    feed?.close();
  }

  /** Looks after idle subscribers as long as there are any. */
  #watchIdle(): void {
    this.#counters.topics = this.#shared.size;
    if (this.#shared.size > 0) {
      this.#refreshing ??= setInterval(() => {
        const beforeMs = performance.now() - this.#options.idlePageMs;
        for (const { feed } of this.#shared.values()) feed?.refresh(beforeMs);
      }, refreshEveryMs);
    } else if (this.#refreshing) {
      clearInterval(this.#refreshing);
      this.#refreshing = null;
    }
  }
}

/** A timer that does not keep the process alive. */
function runLater(work: () => void, delayMs: number): () => void {
  const timer = setTimeout(work, delayMs).unref();
  return () => clearTimeout(timer);
}

function afterPlace({ identity }: TopicFeed, place: Standing): StartPosition {
  return { kind: 'after', cursor: { topicId: identity.topicId, ...place } };
}
