import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '#errors';
import { History, type Taken } from './history.ts';
import type { Position, RecordLog } from './log.ts';
import { takeMerged } from './merge.ts';
import type { RecordDecoder } from './record.ts';
import type { TopicFeed } from './topic-feed.ts';

/** Pauses between attempts to read history while the broker is away: 0.1 s, doubling up to 2 s. */
const firstPauseMs = 100;
const longestPauseMs = 2000;

/**
 * One subscriber's way through a topic: reads the log while its position is older than the rings, then the rings.
 * Its position is all its state, so that a slow subscriber costs no memory.
 */
export class LiveReader {
  readonly #feed: TopicFeed;
  readonly #log: RecordLog;
  readonly #decode: RecordDecoder;
  readonly #topic: string;
  #position: Map<number, bigint>;
  #history: History | null = null;

  constructor(feed: TopicFeed, options: { log: RecordLog; decode: RecordDecoder; topic: string; position: Position }) {
    this.#feed = feed;
    this.#log = options.log;
    this.#decode = options.decode;
    this.#topic = options.topic;
    this.#position = new Map(options.position);
  }

  get position(): Position {
    return new Map(this.#position);
  }

  /** True when the rings hold nothing that this reader has not taken. */
  get isLive(): boolean {
    if (this.#history) return false;
    for (const [partition, ring] of this.#feed.rings) {
      if ((this.#position.get(partition) ?? 0n) < ring.head) return false;
    }
    return true;
  }

  /**
   * The next records, up to `limit`, waiting for them if need be. Without records only when aborted, at a gap, or
   * when holes (compaction, transaction markers) were all there was. Rejects when the topic can no longer be followed.
   */
  async take(limit: number, signal: AbortSignal): Promise<Taken> {
    for (;;) {
      if (signal.aborted) return { records: [], gaps: [] };
      if (this.#feed.failure) throw this.#feed.failure;
      if (this.#history || this.#isBehindRings()) return this.#takeHistory(limit, signal);
      const taken = this.#takeLive(limit);
      if (taken.records.length > 0) return taken;
      // No await between looking and waiting: nothing can be missed.
      await this.#feed.changed.wait(signal);
    }
  }

  #isBehindRings(): boolean {
    for (const [partition, ring] of this.#feed.rings) {
      if ((this.#position.get(partition) ?? 0n) < ring.start) return true;
    }
    return false;
  }

  async #takeHistory(limit: number, signal: AbortSignal): Promise<Taken> {
    this.#history ??= this.#openHistory();
    const taken = await this.#retrying(this.#history, limit, signal);
    for (const [partition, offset] of this.#history.position) this.#position.set(partition, offset);
    if (this.#history.isDone) this.#history = null;
    return taken;
  }

  /** History of the partitions that are behind their ring, up to where the ring begins now. */
  #openHistory(): History {
    const until = new Map<number, bigint>();
    for (const [partition, ring] of this.#feed.rings) {
      if ((this.#position.get(partition) ?? 0n) < ring.start) until.set(partition, ring.start);
    }
    return new History(this.#log, this.#decode, { topic: this.#topic, from: this.#position, until });
  }

  async #retrying(history: History, limit: number, signal: AbortSignal): Promise<Taken> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        return await history.take(limit, signal);
      } catch (error) {
        if (!(error instanceof SluiceError && error.retryable)) throw error;
        await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #takeLive(limit: number): Taken {
    const runs = [...this.#feed.rings].map(([partition, ring]) => ({
      partition,
      ring,
      records: ring.from(this.#position.get(partition) ?? 0n, limit),
      taken: 0,
    }));
    const records = takeMerged(runs, limit);
    for (const { partition, ring, records: found, taken } of runs) {
      // With fewer than `limit` found the ring has no more: holes up to its head are passed too.
      const rest = found[taken]?.offset ?? (found.length < limit ? ring.head : (found.at(-1)?.offset ?? 0n) + 1n);
      this.#position.set(partition, rest);
    }
    return { records, gaps: [] };
  }
}
