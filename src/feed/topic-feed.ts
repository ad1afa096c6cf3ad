import { SluiceError } from '#errors';
import type { Field } from '#model';
import { CatchUp } from './catch-up.ts';
import { coalesce } from './coalesce.ts';
import type { FeedCounters } from './counters.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Where } from './filter.ts';
import { Group, type GroupOptions } from './group.ts';
import type { Bounds, LogBatch, RecordLog, TopicIdentity } from './log.ts';
import type { Page } from './page.ts';
import type { ReadAhead } from './read-ahead.ts';
import type { ReaderParts } from './reader.ts';
import { decodeAll, type RecordDecoder, toLasting } from './record.ts';
import { Ring, type RingBudget } from './ring.ts';
import type { Rounds } from './rounds.ts';
import type { TableShape } from './source.ts';
import { TableReplica } from './table-replica.ts';
import type { TableLimits } from './table-rows.ts';
import { type RecordSelect, selectOfStream, selectOfTable } from './table-select.ts';
import { Wakeup } from './wakeup.ts';

/** What a {@link TopicFeed} is opened with. */
export interface TopicFeedOptions {
  readonly log: RecordLog;
  readonly topic: string;
  readonly fields: readonly Field[];
  readonly decode: RecordDecoder;
  /** Bound of each partition's ring, in bytes. */
  readonly ringBytes: number;
  /** Bound of all rings together. */
  readonly budget: RingBudget;
  readonly rounds: Rounds;
  readonly counters: FeedCounters;
  readonly readAhead: ReadAhead;
  /** Null when the topic is no table. */
  readonly table: TableShape | null;
  readonly tableLimits: TableLimits;
}

/** A group of any kind; who asks for it by its key knows which. */
type AnyGroup = Group<never>;

/** How many groups get a fresh cursor at a time. */
const refreshedAtOnce = 500;

/**
 * The live end of one topic, shared by all who subscribe to it: one tail fills a ring per partition and gives the
 * records to the groups they concern. It never waits for a subscriber.
 */
export class TopicFeed {
  readonly identity: TopicIdentity;
  readonly dispatcher: Dispatcher;
  /** Wakes those who wait for records by themselves. */
  readonly changed = new Wakeup();
  /** The present rows; null when the topic is no table. */
  readonly table: TableReplica | null;
  /** What its history is read with. */
  readonly reading: ReaderParts;
  readonly #rings: Map<number, Ring>;
  readonly #options: TopicFeedOptions;
  readonly #groups = new Map<string, AnyGroup>();
  readonly #abort = new AbortController();
  #failure: SluiceError | null = null;

  private constructor(identity: TopicIdentity, bounds: ReadonlyMap<number, Bounds>, options: TopicFeedOptions) {
    this.identity = identity;
    this.#options = options;
    const { log, decode, topic, counters, readAhead, table, tableLimits } = options;
    this.reading = { feed: this, log, decode, topic, counters, readAhead };
    this.dispatcher = new Dispatcher(options.fields, bounds, table !== null);
    this.table = table && new TableReplica(this.reading, tableLimits);
    this.#rings = new Map(
      [...bounds].map(([partition, { end }]) => [partition, new Ring(end, options.ringBytes, options.budget)]),
    );
  }

  /** Reads the topic's ends and follows it from there. The caller closes it. */
  static async open(options: TopicFeedOptions): Promise<TopicFeed> {
    const { log, topic } = options;
    for (;;) {
      const identity = await log.identify(topic);
      const bounds = await log.bounds(topic);
      // Both are asked for by name: a topic that was made anew between them must not get the bounds of the old one.
      if ((await log.identify(topic, 0)).topicId !== identity.topicId) continue;
      const feed = new TopicFeed(identity, bounds, options);
      void feed.#follow();
      return feed;
    }
  }

  /** The bounds of all partitions, as of no earlier than the call. Only {@link verify} says of which topic. */
  readonly bounds = coalesce(() => this.#options.log.bounds(this.#options.topic));

  /**
   * Makes sure that what was asked for by the topic's name since was about this topic: ends the feed, and rejects with
   * TOPIC_MISSING, when another one has that name by now.
   */
  readonly verify = coalesce(async () => {
    const { log, topic } = this.#options;
    const { topicId } = await log.identify(topic, 0);
    if (topicId === this.identity.topicId) return;
    this.#fail(new SluiceError('TOPIC_MISSING', `Topic "${topic}" was deleted; another one of that name exists now.`));
    throw this.#failure;
  });

  /** What its records' filters may name. */
  get fields(): readonly Field[] {
    return this.#options.fields;
  }

  get rings(): ReadonlyMap<number, Ring> {
    return this.#rings;
  }

  /** Why the topic can no longer be followed; null as long as it can. */
  get failure(): SluiceError | null {
    return this.#failure;
  }

  /** What a subscriber with that filter gets of a record, apart from the records before it; null: all. */
  select(where: Where | null): RecordSelect | null {
    const { fields, table: shape } = this.#options;
    if (!shape) return selectOfStream(fields, where);
    return selectOfTable(fields, where, { shape, isStale: (record) => this.table?.ready?.isStale(record) ?? false });
  }

  /** The group of that key, made when it is not there. Everyone who asks gives it back. */
  group<T>(key: string, options: GroupOptions<T>, scope: Page['scope']): Group<T> {
    const known = this.#groups.get(key) as Group<T> | undefined;
    const group = known ?? this.#createGroup(key, options, scope);
    if (!known) {
      this.#groups.set(key, group as unknown as AnyGroup);
      this.#options.counters.groups += 1;
    }
    group.members += 1;
    return group;
  }

  /** Gives a group back; the last one takes it away. */
  release(group: Group<never>): void {
    const { key } = group;
    group.members -= 1;
    if (group.members > 0) return;
    group.catchUp.close();
    if (this.#groups.get(key) !== group) return;
    this.#groups.delete(key);
    this.#options.counters.groups -= 1;
  }

  /** Gives fresh cursors to groups that had no page since then, so that a resume need not read again what they left out. */
  refresh(beforeMs: number): void {
    let refreshed = 0;
    for (const group of this.#groups.values()) {
      if (group.refresh(beforeMs)) refreshed += 1;
      if (refreshed >= refreshedAtOnce) return;
    }
  }

  close(): void {
    this.#abort.abort();
    this.table?.drop();
    for (const ring of this.#rings.values()) ring.drop();
    this.#disband();
  }

  #createGroup<T>(key: string, options: GroupOptions<T>, scope: Page['scope']): Group<T> {
    const { rounds, counters } = this.#options;
    const { where, limit, render, keepsRows } = options;
    const select = this.select(where);
    const catchUp = new CatchUp<T>({
      parts: this.reading,
      select,
      keepsRows,
      limit,
      render,
      scope,
    });
    return new Group<T>(options, { key, dispatcher: this.dispatcher, rounds, counters, scope, catchUp, select });
  }

  async #follow(): Promise<void> {
    const { log, topic } = this.#options;
    try {
      const { position, epochs } = this.dispatcher;
      const { topicId } = this.identity;
      const tail = log.tail(topic, position, { signal: this.#abort.signal, epochs, topicId });
      for await (const batch of tail) this.#take(batch);
    } catch (error) {
      const isKnown = error instanceof SluiceError;
      const failure = `Following topic "${topic}" ended unexpectedly.`;
      this.#fail(isKnown ? error : new SluiceError('INTERNAL', failure, { cause: error }));
    }
  }

  #fail(failure: SluiceError): void {
    if (this.#failure) return;
    this.#failure = failure;
    this.#abort.abort();
    this.#disband();
  }

  #take(batch: LogBatch): void {
    const { decode, counters } = this.#options;
    const ring = this.#ringOf(batch);
    const before = ring.head;
    const records = decodeAll(decode, batch.records).map(toLasting);
    if (batch.gap) ring.reset(batch.gap.to);
    ring.append(records, batch.next);
    counters.recordsSeen += records.length;
    this.dispatcher.dispatch(batch, records);
    if (ring.head !== before || batch.gap) this.changed.wake();
  }

  #ringOf(batch: LogBatch): Ring {
    const known = this.#rings.get(batch.partition);
    if (known) return known;
    // A partition that was added: everything in it is new to everybody.
    const { ringBytes, budget } = this.#options;
    const ring = new Ring(batch.records[0]?.offset ?? batch.next, ringBytes, budget);
    this.#rings.set(batch.partition, ring);
    return ring;
  }

  /** Sends every subscription away from the live end. */
  #disband(): void {
    for (const group of this.#groups.values()) group.disband();
    this.changed.wake();
  }
}
