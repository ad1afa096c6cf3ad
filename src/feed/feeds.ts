import type { CursorScope } from './cursor.ts';
import { History } from './history.ts';
import { LiveReader } from './live-reader.ts';
import type { Bounds, Position, RecordLog } from './log.ts';
import { joinGaps, type Page, type RecordFilter } from './page.ts';
import { endsOf, hasReached, lagOf } from './position.ts';
import type { FeedRecord, RecordDecoder } from './record.ts';
import { type EndPosition, type Gap, resolveEnd, resolveStart, type StartPosition } from './start.ts';
import { TopicFeed } from './topic-feed.ts';

/** One declared stream or view, as the feed knows it. */
export interface FeedSource {
  readonly topic: string;
  /** The root field; its cursors are good for it alone. */
  readonly field: string;
  readonly decode: RecordDecoder;
}

/** A bounded read of history. */
export interface QueryRequest {
  readonly first: number;
  readonly from: StartPosition;
  readonly until: EndPosition;
  readonly filter: RecordFilter | null;
  /** When it aborts, the page holds what was found until then. */
  readonly signal: AbortSignal;
}

/** A subscription: a query that keeps going. */
export interface SubscribeRequest {
  readonly from: StartPosition;
  readonly filter: RecordFilter | null;
  /** Most records in a page. */
  readonly maxRecords: number;
}

/** Settings of {@link Feeds}. */
export interface FeedsOptions {
  readonly log: RecordLog;
  /** Bound of the newest records kept in memory for each partition that somebody reads, in bytes. */
  readonly ringBytes?: number;
}

/** How many subscribers a topic has, and what they share. */
interface Shared {
  subscribers: number;
  readonly feed: Promise<TopicFeed>;
}

const defaultRingBytes = 1024 * 1024;
/** A filtered query looks at this many records at a time. */
const scanRecords = 1000;

/** All feeds of a gateway: opens a topic's feed with its first subscriber and closes it with the last. */
export class Feeds {
  readonly #log: RecordLog;
  readonly #ringBytes: number;
  readonly #shared = new Map<string, Shared>();

  constructor(options: FeedsOptions) {
    this.#log = options.log;
    this.#ringBytes = options.ringBytes ?? defaultRingBytes;
  }

  /** What a cursor of this source is bound to. */
  async scope(source: FeedSource): Promise<CursorScope> {
    const { clusterId, topicId } = await this.#log.identify(source.topic);
    return { clusterId, topicId, field: source.field };
  }

  /** The bounds of the source's topic now. */
  bounds(source: FeedSource): Promise<ReadonlyMap<number, Bounds>> {
    return this.#log.bounds(source.topic);
  }

  /** Topics that are followed at present. */
  get followed(): readonly string[] {
    return [...this.#shared.keys()];
  }

  /** One page of history, merged over the partitions by timestamp. */
  async query(source: FeedSource, request: QueryRequest): Promise<Page> {
    const { signal, filter, first } = request;
    const { topic, decode } = source;
    const [scope, bounds] = await Promise.all([this.scope(source), this.#log.bounds(topic)]);
    const context = { log: this.#log, decode, topic, topicId: scope.topicId, bounds, signal };
    const [start, until] = await Promise.all([resolveStart(request.from, context), resolveEnd(request.until, context)]);
    const history = new History(this.#log, decode, { topic, from: start.position, until });
    const records: FeedRecord[] = [];
    let gap: Gap | null = start.gap;
    while (records.length < first && !history.isDone && !signal.aborted) {
      const taken = await history.take(
        filter ? Math.min(scanRecords, first - records.length) : first - records.length,
        signal,
      );
      gap = joinGaps(gap, taken.gaps);
      records.push(...(filter ? taken.records.filter(filter) : taken.records));
    }
    const end = new Map([...start.position, ...history.position]);
    const ends = endsOf(bounds);
    return {
      records,
      start: start.position,
      end,
      gap,
      live: hasReached(end, ends),
      lag: lagOf(end, ends),
      hasNextPage: !history.isDone,
      scope,
    };
  }

  /**
   * Pages from the start on, until the signal aborts or the iterator is returned; the first comes at once. Later ones
   * come when there are records (or a gap) to tell, with all that gathered while the reader was busy.
   * Nothing happens before the first `next()`.
   */
  async *subscribe(
    source: FeedSource,
    request: SubscribeRequest,
    signal: AbortSignal,
  ): AsyncGenerator<Page, void, void> {
    const shared = this.#join(source);
    try {
      const feed = await shared.feed;
      const { clusterId, topicId } = feed.identity;
      const scope = { clusterId, topicId, field: source.field };
      const start = await this.#startOf(feed, source, request.from, signal);
      const reader = new LiveReader(feed, { ...source, log: this.#log, position: start.position });
      yield pageOf(reader, feed, { records: [], start: start.position, gap: start.gap, scope });
      let before = reader.position;
      while (!signal.aborted) {
        const taken = await reader.take(request.maxRecords, signal);
        const records = request.filter ? taken.records.filter(request.filter) : taken.records;
        if (records.length === 0 && taken.gaps.length === 0) continue;
        yield pageOf(reader, feed, { records, start: before, gap: joinGaps(null, taken.gaps), scope });
        before = reader.position;
      }
    } finally {
      await this.#leave(source.topic, shared);
    }
  }

  /** Stops following every topic; subscriptions that are still open wait for nothing more. */
  async close(): Promise<void> {
    const shared = [...this.#shared.values()];
    this.#shared.clear();
    await Promise.allSettled(shared.map(async ({ feed }) => (await feed).close()));
  }

  async #startOf(
    feed: TopicFeed,
    { topic, decode }: FeedSource,
    from: StartPosition,
    signal: AbortSignal,
  ): Promise<{ readonly position: Position; readonly gap: Gap | null }> {
    if (from.kind === 'latest') return { position: feed.heads, gap: null };
    const bounds = await this.#log.bounds(topic);
    return resolveStart(from, { log: this.#log, decode, topic, topicId: feed.identity.topicId, bounds, signal });
  }

  #join({ topic, decode }: FeedSource): Shared {
    const known = this.#shared.get(topic);
    if (known) {
      known.subscribers += 1;
      return known;
    }
    const feed = TopicFeed.open({ log: this.#log, topic, decode, ringBytes: this.#ringBytes });
    const shared = { subscribers: 1, feed };
    this.#shared.set(topic, shared);
    return shared;
  }

  /** Last one out closes. */
  async #leave(topic: string, shared: Shared): Promise<void> {
    shared.subscribers -= 1;
    if (shared.subscribers > 0) return;
    if (this.#shared.get(topic) === shared) this.#shared.delete(topic);
    const feed = await shared.feed.catch(() => null);
    feed?.close();
  }
}

function pageOf(reader: LiveReader, feed: TopicFeed, part: Pick<Page, 'records' | 'start' | 'gap' | 'scope'>): Page {
  const end = reader.position;
  return { ...part, end, live: reader.isLive, lag: lagOf(end, feed.ends), hasNextPage: true };
}
