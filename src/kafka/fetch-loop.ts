import { messageOf } from '#errors';
import type { Bounds } from '#feed';
import { refused } from './failures.ts';
import { getOrAdd } from './get-or-add.ts';
import type { ReaderOptions } from './options.ts';
import { decodeRecords } from './records.ts';
import type { Cursor } from './tail.ts';
import { code, type FetchedPartition, type FetchTopic, UndecodableAnswer, type Wire } from './wire.ts';

/** Cursors that are fetched for together: same topic, partition, offset and leader epoch. */
interface Share {
  readonly topicId: string;
  readonly partition: number;
  readonly offset: bigint;
  /** The broker answers under this leader epoch, or refuses. */
  readonly epoch: number;
  readonly cursors: Cursor[];
}

/** One turn's fetch. */
interface Turn {
  readonly shares: readonly Share[];
  /** Cursors had to be left out: another one reads the same partition elsewhere, or all are fetched one by one. */
  readonly isPartial: boolean;
}

/** What a loop hands back to the one who assigned its cursors. */
export interface FetchLoopOwner {
  /** The cursor cannot be fetched for here: the leader has moved, or does not answer. The loop has let go of it. */
  lost(cursor: Cursor, reason: unknown): void;
  /** A request is not answered in time, and is still waited for: somebody else may lead by now. Called repeatedly. */
  late(): void;
  /** The cursor's offset is not in the log. The loop has let go of it. */
  outOfRange(cursor: Cursor): void;
}

/** A broker that takes so much longer than it may wait for records is late. */
const lateAfterMs = 1_000;
/** How long to wait for records while other cursors wait for their turn. */
const partialWaitMs = 5;

/**
 * Fetches from one broker for all cursors on partitions that it leads, as long as it has any. One request waits for
 * records of all of them. Who joins, or has room again, meanwhile is fetched for beside it, by requests that hardly
 * wait, and is part of the next long one. The first request that fails lets go of all cursors.
 */
export class FetchLoop {
  readonly #node: number;
  readonly #wire: Pick<Wire, 'fetch'>;
  readonly #options: ReaderOptions;
  readonly #owner: FetchLoopOwner;
  /** In order of service: who was served goes to the end. */
  readonly #cursors = new Set<Cursor>();
  /** Those that a request is out for. */
  readonly #fetched = new Set<Cursor>();
  /** The requests that are out: at most one of each kind. */
  readonly #out = new Set<'live' | 'joining'>();
  #isDue = false;
  /** A fetch could not be decoded: the partitions are fetched one by one, to find the one that is at fault. */
  #oneByOne = 0;
  /** Requests in a row that failed. */
  failures = 0;

  constructor(
    node: number,
    parts: {
      readonly wire: Pick<Wire, 'fetch'>;
      readonly options: ReaderOptions;
      readonly owner: FetchLoopOwner;
    },
  ) {
    this.#node = node;
    this.#wire = parts.wire;
    this.#options = parts.options;
    this.#owner = parts.owner;
  }

  add(cursor: Cursor): void {
    this.#cursors.add(cursor);
    this.wake();
  }

  remove(cursor: Cursor): void {
    this.#cursors.delete(cursor);
  }

  get isEmpty(): boolean {
    return this.#cursors.size === 0;
  }

  has(cursor: Cursor): boolean {
    return this.#cursors.has(cursor);
  }

  /** A cursor was added, or has room again. Looked at when all that happens now has happened. */
  wake(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#fetchNext();
    });
  }

  #fetchNext(): void {
    // A long request begins when no short one is out, so that it is for all.
    if (this.#out.has('joining')) return;
    const lane = this.#out.has('live') ? 'joining' : 'live';
    const turn = this.#nextTurn();
    if (turn.shares.length === 0) return;
    const cursors = turn.shares.flatMap((share) => share.cursors);
    this.#out.add(lane);
    for (const cursor of cursors) this.#fetched.add(cursor);
    void this.#take(turn, lane).then(() => {
      this.#out.delete(lane);
      for (const cursor of cursors) this.#fetched.delete(cursor);
      this.#fetchNext();
    });
  }

  #nextTurn(): Turn {
    const shares = new Map<string, Share>();
    const isOneByOne = this.#oneByOne > 0;
    let isPartial = isOneByOne;
    for (const cursor of this.#cursors) {
      const { tail, partition, offset, leaderEpoch: epoch } = cursor;
      if (tail.isFull || tail.topicId === null || this.#fetched.has(cursor)) continue;
      const key = `${tail.topicId}/${partition}`;
      const share = shares.get(key);
      if (!share) {
        if (isOneByOne && shares.size > 0) break;
        shares.set(key, { topicId: tail.topicId, partition, offset, epoch, cursors: [cursor] });
      } else if (share.offset === offset && share.epoch === epoch) share.cursors.push(cursor);
      else isPartial = true;
    }
    if (isOneByOne && shares.size > 0) this.#oneByOne -= 1;
    return { shares: [...shares.values()], isPartial };
  }

  async #take(turn: Turn, lane: 'live' | 'joining'): Promise<void> {
    const isFirst = turn.shares.some(({ cursors }) => cursors.some((cursor) => cursor.bounds === null));
    const isShort = turn.isPartial || lane === 'joining';
    const maxWaitMs = isFirst ? 0 : isShort ? partialWaitMs : this.#options.fetchMaxWaitMs;
    const topics = toRequest(turn.shares, this.#options.partitionMaxBytes);
    const impatience = setInterval(() => this.#owner.late(), maxWaitMs + lateAfterMs);
    try {
      const answer = await this.#wire.fetch(this.#node, lane, {
        topics,
        maxBytes: this.#options.fetchMaxBytes,
        maxWaitMs,
      });
      if (answer.errorCode !== code.none) throw new Error(`the broker answered with error ${answer.errorCode}`);
      this.failures = 0;
      const shares = new Map(turn.shares.map((share) => [`${share.topicId}/${share.partition}`, share]));
      for (const { topicId, partitions } of answer.responses) {
        for (const fetched of partitions) {
          const share = shares.get(`${topicId}/${fetched.partitionIndex}`);
          if (share) this.#serve(share, fetched, turn.isPartial);
        }
      }
    } catch (error) {
      this.#failed(turn, error);
    } finally {
      clearInterval(impatience);
    }
  }

  #serve(share: Share, fetched: FetchedPartition, isPartial: boolean): void {
    // A cursor may have been taken away, or moved, while the request was out.
    const { partition, offset, epoch } = share;
    const cursors = share.cursors.filter(
      (cursor) => this.#cursors.has(cursor) && cursor.offset === offset && cursor.leaderEpoch === epoch,
    );
    if (fetched.errorCode !== code.none) {
      for (const cursor of cursors) {
        this.#cursors.delete(cursor);
        if (fetched.errorCode === code.offsetOutOfRange) this.#owner.outOfRange(cursor);
        else this.#owner.lost(cursor, new Error(`error ${fetched.errorCode} from its leader`));
      }
      return;
    }
    const { records, next, bytes } = decodeRecords(fetched, partition, offset);
    const bounds = { start: fetched.logStartOffset, end: fetched.lastStableOffset, epoch };
    for (const cursor of cursors) {
      const moved = next > cursor.offset || !sameBounds(cursor.bounds, bounds);
      cursor.offset = next;
      cursor.epoch = epoch;
      cursor.bounds = bounds;
      cursor.atBeginning = false;
      if (moved) cursor.tail.push({ partition, records, next, bounds, gap: null }, bytes);
      if ((isPartial || records.length > 0) && this.#cursors.delete(cursor)) this.#cursors.add(cursor);
    }
  }

  #failed(turn: Turn, error: unknown): void {
    if (!(error instanceof UndecodableAnswer)) {
      this.failures += 1;
      for (const cursor of [...this.#cursors]) {
        this.#cursors.delete(cursor);
        this.#owner.lost(cursor, error);
      }
      return;
    }
    const [first, ...others] = turn.shares;
    if (others.length > 0) {
      this.#oneByOne = turn.shares.length;
      return;
    }
    for (const { tail } of first?.cursors ?? []) {
      tail.fail(refused(`Records of "${tail.topic}" cannot be decoded: ${messageOf(error)}`, error));
    }
  }
}

function toRequest(shares: readonly Share[], partitionMaxBytes: number): FetchTopic[] {
  const topics = new Map<string, FetchTopic>();
  for (const { topicId, partition, offset, epoch } of shares) {
    getOrAdd(topics, topicId, () => ({ topicId, partitions: [] })).partitions.push({
      partition,
      currentLeaderEpoch: epoch,
      fetchOffset: offset,
      lastFetchedEpoch: -1,
      partitionMaxBytes,
    });
  }
  return [...topics.values()];
}

function sameBounds(a: Bounds | null, b: Bounds): boolean {
  return a !== null && a.start === b.start && a.end === b.end && a.epoch === b.epoch;
}
