import { messageOf } from '#errors';
import type { Bounds, LogBatch, LogGap } from '#feed';
import { backoffMs } from './deadline.ts';
import { shuttingDown, topicReplaced } from './failures.ts';
import { FetchLoop, type FetchLoopOwner } from './fetch-loop.ts';
import { toGap, toTruncation } from './gap.ts';
import { getOrAdd } from './get-or-add.ts';
import type { Offsets } from './offsets.ts';
import type { Logger, ReaderOptions } from './options.ts';
import { Cursor, type Followed, Tail, type TailFeed } from './tail.ts';
import type { TopicMetadata, Topics } from './topics.ts';
import type { Wire } from './wire.ts';

/** What the live reader is built of. */
export interface LiveReaderParts {
  readonly wire: Wire;
  readonly topics: Topics;
  readonly offsets: Offsets;
  readonly logger: Logger;
  readonly options: ReaderOptions & { readonly metadataMaxAgeMs: number };
}

/** A topic that a tail follows counts as deleted when Kafka has not known it for so long. */
const missingForMs = 2_000;
const logEveryMs = 10_000;

/**
 * Feeds all tails: knows which broker leads what they follow, moves their cursors between the brokers' fetch loops,
 * and looks at the metadata regularly and whenever a loop has lost a cursor.
 */
export class LiveReader implements TailFeed, FetchLoopOwner {
  readonly #parts: LiveReaderParts;
  readonly #tails = new Set<Tail>();
  readonly #loops = new Map<number, FetchLoop>();
  #refreshing = false;
  /** Something happened while a refresh was under way, which that one may not have seen. */
  #again = false;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #lastLogMs = 0;
  #closed = false;

  constructor(parts: LiveReaderParts) {
    this.#parts = parts;
  }

  /** A tail of a topic; nothing happens before its first `next()`. */
  open(followed: Followed): AsyncIterable<LogBatch> {
    return new Tail(followed, this, this.#parts.options.tailBufferBytes);
  }

  attach(tail: Tail): void {
    if (this.#closed) {
      queueMicrotask(() => tail.fail(shuttingDown()));
      return;
    }
    this.#tails.add(tail);
    void this.#start(tail);
  }

  detach(tail: Tail): void {
    this.#tails.delete(tail);
    for (const cursor of tail.cursors.values()) for (const loop of this.#loops.values()) loop.remove(cursor);
    if (this.#tails.size === 0) {
      clearTimeout(this.#timer);
      this.#failures = 0;
    }
  }

  wake(tail: Tail): void {
    for (const loop of this.#loops.values()) {
      for (const cursor of tail.cursors.values()) if (loop.has(cursor)) loop.wake();
    }
  }

  lost(cursor: Cursor, reason: unknown): void {
    this.#logFault(cursor.tail.topic, reason);
    this.#parts.wire.doubt();
    this.#refreshSoon();
  }

  late(): void {
    this.#refreshSoon();
  }

  outOfRange(cursor: Cursor): void {
    void this.#findRange(cursor);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const tail of [...this.#tails]) tail.fail(shuttingDown());
  }

  /** A new tail takes the metadata as known, if it is fresh, so that it need not wait for an answer. */
  async #start(tail: Tail): Promise<void> {
    const known = this.#parts.topics.peek(tail.topic);
    const isFresh = known && Date.now() - known.loadedAtMs < this.#parts.options.metadataMaxAgeMs;
    if (isFresh && (tail.topicId ?? known.topicId) === known.topicId) this.#place(tail, known);
    await this.#refresh();
  }

  #refreshSoon(): void {
    if (this.#tails.size === 0 || this.#closed) return;
    if (this.#refreshing) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    const loopFailures = Math.max(0, ...Array.from(this.#loops.values(), ({ failures }) => failures));
    this.#timer = setTimeout(() => void this.#refresh(), backoffMs(1 + Math.max(this.#failures, loopFailures)));
  }

  async #refresh(): Promise<void> {
    if (this.#refreshing) {
      this.#again = true;
      return;
    }
    this.#refreshing = true;
    this.#again = false;
    clearTimeout(this.#timer);
    let isComplete = false;
    try {
      const found = await this.#parts.topics.refresh([...new Set(Array.from(this.#tails, ({ topic }) => topic))]);
      isComplete = true;
      for (const tail of [...this.#tails]) {
        const metadata = found.get(tail.topic);
        if (metadata instanceof Error) isComplete = this.#missing(tail, metadata) && isComplete;
        else if (metadata) isComplete = this.#place(tail, metadata) && isComplete;
        else isComplete = false;
      }
      this.#failures = isComplete ? 0 : this.#failures + 1;
      for (const [node, loop] of this.#loops) if (loop.isEmpty) this.#loops.delete(node);
    } catch (error) {
      this.#failures += 1;
      this.#logFault(undefined, error);
    } finally {
      this.#refreshing = false;
    }
    if (this.#tails.size === 0 || this.#closed) return;
    if (isComplete && !this.#again)
      this.#timer = setTimeout(() => void this.#refresh(), this.#parts.options.metadataMaxAgeMs);
    else this.#refreshSoon();
  }

  /** Puts the tail's cursors where their leaders are now; false when a partition has none. */
  #place(tail: Tail, metadata: TopicMetadata): boolean {
    tail.missingSinceMs = null;
    tail.topicId ??= metadata.topicId;
    if (tail.topicId !== metadata.topicId) {
      tail.fail(topicReplaced(tail.topic));
      return true;
    }
    let isComplete = true;
    const doubtful = new Map<number, Cursor[]>();
    for (const [partition, { leader, leaderEpoch }] of metadata.partitions.entries()) {
      const cursor = getOrAdd(tail.cursors, partition, () => new Cursor(tail, partition));
      cursor.leaderEpoch = leaderEpoch;
      if (leader < 0) isComplete = false;
      else if (cursor.epoch >= 0 && cursor.epoch !== leaderEpoch) getOrAdd(doubtful, leader, () => []).push(cursor);
      else this.#assign(cursor, leader);
    }
    // One leader that does not answer must not hold up the others.
    for (const cursors of doubtful.values()) void this.#validate(tail, cursors);
    return isComplete;
  }

  #assign(cursor: Cursor, leader: number): void {
    if (cursor.isParked) return;
    for (const [node, loop] of this.#loops) if (node !== leader) loop.remove(cursor);
    const { wire, options } = this.#parts;
    const loop = getOrAdd(this.#loops, leader, () => new FetchLoop(leader, { wire, options, owner: this }));
    if (!loop.has(cursor)) loop.add(cursor);
  }

  /** True when the tail has ended by it; a topic that was there gets a moment to be there again. */
  #missing(tail: Tail, error: Error): boolean {
    const now = Date.now();
    tail.missingSinceMs ??= now;
    if (tail.topicId !== null && now - tail.missingSinceMs < missingForMs) return false;
    tail.fail(error);
    return true;
  }

  /** The log does not hold the cursor's offset: says so in a gap and goes on at the nearest end of the log. */
  async #findRange(cursor: Cursor): Promise<void> {
    cursor.isParked = true;
    try {
      const { tail, partition, offset } = cursor;
      const bounds = (await this.#parts.offsets.bounds(tail.topic, [partition])).get(partition);
      if (tail.isDone || !bounds) return;
      const gap = toGap(offset, bounds);
      if (!gap) return;
      this.#goTo(cursor, gap, bounds);
      cursor.epoch = bounds.epoch;
    } catch (error) {
      this.#logFault(cursor.tail.topic, error);
    } finally {
      cursor.isParked = false;
      this.#refreshSoon();
    }
  }

  /**
   * A new leader may have another log: before its records are taken, it says where the log of the epoch that the
   * cursors stand under ends (KIP-320). What was truncated is a gap; reading goes on where the logs part.
   */
  async #validate(tail: Tail, cursors: readonly Cursor[]): Promise<void> {
    const asked = cursors.filter(({ isParked }) => !isParked);
    if (asked.length === 0) return;
    for (const cursor of asked) {
      cursor.isParked = true;
      for (const loop of this.#loops.values()) loop.remove(cursor);
    }
    try {
      const { offsets } = this.#parts;
      const under = new Map(asked.map(({ partition, leaderEpoch }) => [partition, leaderEpoch]));
      const ends = await offsets.epochEnds(
        tail.topic,
        new Map(asked.map((cursor) => [cursor.partition, cursor.epoch])),
      );
      const truncated = asked.filter(({ partition, offset }) => offset > (ends.get(partition) ?? offset));
      const partitions = truncated.map(({ partition }) => partition);
      const bounds = partitions.length > 0 ? await offsets.bounds(tail.topic, partitions) : null;
      for (const cursor of asked) {
        const { partition, offset } = cursor;
        const end = ends.get(partition);
        if (end !== undefined && offset > end) {
          const found = bounds?.get(partition);
          if (!found) continue;
          this.#goTo(cursor, toTruncation(offset, end, found), found);
        }
        // What the metadata told may be older than the epoch that the offset was reached under.
        const epoch = under.get(partition) ?? -1;
        cursor.epoch = end === undefined ? epoch : Math.max(cursor.epoch, epoch);
      }
    } catch (error) {
      this.#logFault(tail.topic, error);
    } finally {
      for (const cursor of asked) cursor.isParked = false;
      this.#refreshSoon();
    }
  }

  #goTo(cursor: Cursor, gap: LogGap, bounds: Bounds): void {
    const { tail, partition } = cursor;
    cursor.offset = gap.to;
    cursor.bounds = bounds;
    const isExpected = cursor.atBeginning && gap.reason === 'EXPIRED';
    cursor.atBeginning = false;
    tail.push({ partition, records: [], next: gap.to, bounds, gap: isExpected ? null : gap }, 0);
  }

  #logFault(topic: string | undefined, reason: unknown): void {
    const now = Date.now();
    if (now - this.#lastLogMs < logEveryMs) return;
    this.#lastLogMs = now;
    this.#parts.logger.warn({ topic, reason: messageOf(reason) }, 'Following Kafka is interrupted, trying again');
  }
}
