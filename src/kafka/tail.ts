import type { Bounds, Epochs, LogBatch, Position, TailOptions } from '#feed';

/** Where one tail stands in one partition. */
export class Cursor {
  readonly tail: Tail;
  readonly partition: number;
  offset: bigint;
  /** As told last; null before the first answer. */
  bounds: Bounds | null = null;
  /** Of the leader, as known now. */
  leaderEpoch = -1;
  /** The leader epoch under which the offset was reached; -1 when unknown. */
  epoch: number;
  /** Taken out of the loops while it is found out where to read on. */
  isParked = false;
  /** Stands at the beginning of a partition that the position does not name, wherever that is. */
  atBeginning: boolean;

  constructor(tail: Tail, partition: number) {
    const offset = tail.position.get(partition);
    this.tail = tail;
    this.partition = partition;
    this.epoch = tail.epochs?.get(partition) ?? -1;
    this.offset = offset ?? 0n;
    this.atBeginning = offset === undefined;
  }
}

/** What a tail is to follow. */
export interface Followed extends TailOptions {
  readonly topic: string;
  readonly position: Position;
}

/** What a tail needs of the one who feeds it. */
export interface TailFeed {
  /** Begin to fetch for it. */
  attach(tail: Tail): void;
  /** Forget it. */
  detach(tail: Tail): void;
  /** It has room again. */
  wake(tail: Tail): void;
}

type Waiter = {
  readonly resolve: (result: IteratorResult<LogBatch>) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * One follower of one topic: cursors on its partitions, and the batches that were fetched and not yet taken. Not an
 * async generator, because `return()` of one waits behind a pending `next()`.
 */
export class Tail implements AsyncIterableIterator<LogBatch> {
  readonly topic: string;
  readonly position: Position;
  /** Under which the position was reached, where that is known. */
  readonly epochs: Epochs | undefined;
  readonly cursors = new Map<number, Cursor>();
  /** Known from the first metadata on, if not before. */
  topicId: string | null;
  /** Since when the topic seems to be gone. */
  missingSinceMs: number | null = null;
  readonly #feed: TailFeed;
  readonly #signal: AbortSignal;
  readonly #maxBytes: number;
  readonly #batches: { readonly batch: LogBatch; readonly bytes: number }[] = [];
  readonly #waiters: Waiter[] = [];
  readonly #onAbort = () => this.#finish();
  #bytes = 0;
  #state: 'new' | 'open' | 'done' = 'new';
  #error: unknown = null;

  constructor(what: Followed, feed: TailFeed, maxBytes: number) {
    this.topic = what.topic;
    this.position = what.position;
    this.epochs = what.epochs;
    this.topicId = what.topicId ?? null;
    this.#signal = what.signal;
    this.#feed = feed;
    this.#maxBytes = maxBytes;
  }

  /** Nothing more is fetched for a tail whose reader does not keep up. */
  get isFull(): boolean {
    return this.#bytes >= this.#maxBytes;
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<LogBatch>> {
    if (this.#state === 'new') this.#open();
    const taken = this.#batches.shift();
    if (taken) {
      const wasFull = this.isFull;
      this.#bytes -= taken.bytes;
      if (wasFull && !this.isFull) this.#feed.wake(this);
      return Promise.resolve({ done: false, value: taken.batch });
    }
    if (this.#error) {
      const error = this.#error;
      this.#error = null;
      return Promise.reject(error);
    }
    if (this.#state === 'done') return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<LogBatch>> {
    this.#finish();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Gives a batch to the reader, or keeps it for the reader. */
  push(batch: LogBatch, bytes: number): void {
    if (this.#state !== 'open') return;
    const waiter = this.#waiters.shift();
    if (waiter) {
      waiter.resolve({ done: false, value: batch });
      return;
    }
    // An empty batch takes room as well, so that bounds that move do not pile up before a reader who is away.
    const size = bytes + 200;
    this.#batches.push({ batch, bytes: size });
    this.#bytes += size;
  }

  /** Ends it with an error, after what was already fetched. */
  fail(error: unknown): void {
    if (this.#state !== 'open') return;
    this.#close();
    const waiter = this.#waiters.shift();
    if (waiter) waiter.reject(error);
    else this.#error = error;
    this.#endWaiters();
  }

  #open(): void {
    this.#state = 'open';
    if (this.#signal.aborted) {
      this.#finish();
      return;
    }
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#feed.attach(this);
  }

  /** Ends it at once: what was fetched and not taken is forgotten. */
  #finish(): void {
    this.#batches.length = 0;
    this.#bytes = 0;
    this.#error = null;
    if (this.#state === 'open') this.#close();
    this.#state = 'done';
    this.#endWaiters();
  }

  #close(): void {
    this.#state = 'done';
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#feed.detach(this);
  }

  #endWaiters(): void {
    for (const { resolve } of this.#waiters.splice(0)) resolve({ done: true, value: undefined });
  }
}
