import { SluiceError } from '#errors';
import type { LogBatch, Position, RecordLog, TopicIdentity } from './log.ts';
import { endsOf } from './position.ts';
import type { RecordDecoder } from './record.ts';
import { Ring } from './ring.ts';
import { Wakeup } from './wakeup.ts';

/** What a {@link TopicFeed} is opened with. */
export interface TopicFeedOptions {
  readonly log: RecordLog;
  readonly topic: string;
  readonly decode: RecordDecoder;
  /** Bound of each partition's ring, in bytes. */
  readonly ringBytes: number;
}

/**
 * The live end of one topic, shared by all who subscribe to it: one tail fills a ring per partition and wakes the
 * subscribers, who read the rings at their own pace. It never waits for a subscriber.
 */
export class TopicFeed {
  readonly identity: TopicIdentity;
  readonly changed = new Wakeup();
  readonly #rings: Map<number, Ring>;
  readonly #ends: Map<number, bigint>;
  readonly #options: TopicFeedOptions;
  readonly #abort = new AbortController();
  #failure: SluiceError | null = null;

  private constructor(identity: TopicIdentity, ends: Position, options: TopicFeedOptions) {
    this.identity = identity;
    this.#options = options;
    this.#ends = new Map(ends);
    this.#rings = new Map([...ends].map(([partition, end]) => [partition, new Ring(end, options.ringBytes)]));
  }

  /** Reads the topic's ends and follows it from there. The caller closes it. */
  static async open(options: TopicFeedOptions): Promise<TopicFeed> {
    const [identity, bounds] = await Promise.all([
      options.log.identify(options.topic),
      options.log.bounds(options.topic),
    ]);
    const feed = new TopicFeed(identity, endsOf(bounds), options);
    void feed.#follow(endsOf(bounds));
    return feed;
  }

  get rings(): ReadonlyMap<number, Ring> {
    return this.#rings;
  }

  /** Where a subscriber that wants only what is new begins. */
  get heads(): Position {
    return new Map([...this.#rings].map(([partition, ring]) => [partition, ring.head]));
  }

  /** The ends of the partitions as far as known; never behind the heads. */
  get ends(): Position {
    return this.#ends;
  }

  /** Why the topic can no longer be followed; null as long as it can. */
  get failure(): SluiceError | null {
    return this.#failure;
  }

  close(): void {
    this.#abort.abort();
    this.changed.wake();
  }

  async #follow(from: Position): Promise<void> {
    const { log, topic } = this.#options;
    try {
      for await (const batch of log.tail(topic, from, this.#abort.signal)) this.#take(batch);
    } catch (error) {
      this.#failure =
        error instanceof SluiceError
          ? error
          : new SluiceError('INTERNAL', `Following topic "${topic}" ended unexpectedly.`, { cause: error });
      this.changed.wake();
    }
  }

  #take(batch: LogBatch): void {
    const ring = this.#ringOf(batch);
    if (batch.gap) ring.reset(batch.gap.to);
    ring.append(batch.records.map(this.#options.decode), batch.next);
    this.#ends.set(batch.partition, batch.bounds.end > ring.head ? batch.bounds.end : ring.head);
    if (batch.records.length > 0 || batch.gap) this.changed.wake();
  }

  #ringOf(batch: LogBatch): Ring {
    const known = this.#rings.get(batch.partition);
    if (known) return known;
    // A partition that was added: everything in it is new to everybody.
    const ring = new Ring(batch.records[0]?.offset ?? batch.next, this.#options.ringBytes);
    this.#rings.set(batch.partition, ring);
    return ring;
  }
}
