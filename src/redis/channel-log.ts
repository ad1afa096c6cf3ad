import { randomUUID } from 'node:crypto';
import { SluiceError } from '#errors';
import {
  type Bounds,
  type LogBatch,
  type LogRecord,
  type Position,
  type ReadOptions,
  type RecordLog,
  type TailOptions,
  type TopicIdentity,
  Wakeup,
} from '#feed';
import type { RedisPlace } from '#model';
import type { Connection, MessageListener } from './connection.ts';

/** What a channel needs of its connection. */
export type Subscriptions = Pick<Connection, 'subscribe' | 'unsubscribe' | 'watch'>;

/** How long a subscription that was made for a feed waits for it. */
const unclaimedMs = 10_000;
/** Messages held between the subscribing and the feed's first look, or for a feed that does not take them at once. */
const maxHeld = 10_000;

/**
 * A pub/sub channel, or all that fit a pattern, as a log that keeps nothing: its offsets count what this gateway has
 * received. There is one subscription in Redis for all who read it; while the connection is lost nobody knows what
 * was published, so a place is left in the offsets, and a gap tells of it.
 */
export class ChannelLog implements RecordLog {
  readonly #place: RedisPlace;
  readonly #connection: Subscriptions;
  readonly #identity: TopicIdentity = { clusterId: 'redis', topicId: randomUUID(), partitions: 1 };
  readonly #listener: MessageListener;
  #head = 0n;
  /** Where the last connection was lost: offsets up to it are before the gap. */
  #lostAt = -1n;
  #isLost = false;
  #subscribed: Promise<void> | null = null;
  #ending: Promise<void> = Promise.resolve();
  #release: NodeJS.Timeout | null = null;
  #readers = 0;
  #held: LogBatch[] = [];
  #heldMessages = 0;
  readonly #changed = new Wakeup();

  constructor(place: RedisPlace, connection: Subscriptions) {
    this.#place = place;
    this.#connection = connection;
    this.#listener = (message, channel) => this.#receive(message, channel);
    connection.watch({
      onLost: () => {
        if (this.#subscribed) this.#isLost = true;
      },
      onBack: () => this.#tellLoss(),
    });
  }

  identify(): Promise<TopicIdentity> {
    return Promise.resolve(this.#identity);
  }

  /** Subscribes: who has the bounds gets everything that is published from then on. */
  async bounds(): Promise<ReadonlyMap<number, Bounds>> {
    await this.#subscribe();
    return new Map([[0, this.#bounds]]);
  }

  positionAt(): Promise<Position> {
    return Promise.reject(noHistory(this.#place));
  }

  epochEnds(): Promise<Position> {
    return Promise.resolve(new Map());
  }

  tombstonesKeptMs(): Promise<number> {
    return Promise.resolve(0);
  }

  /** Nothing is kept: all that is asked for is gone. */
  read(_topic: string, position: Position, { signal }: ReadOptions): Promise<readonly LogBatch[]> {
    signal.throwIfAborted();
    const from = position.get(0);
    if (from === undefined || from >= this.#head) return Promise.resolve([]);
    const range = { from, to: this.#head };
    const gap =
      from <= this.#lostAt
        ? ({ reason: 'DISCONNECTED', ...range, missed: null } as const)
        : ({ reason: 'EXPIRED', ...range } as const);
    return Promise.resolve([{ partition: 0, records: [], next: this.#head, bounds: this.#bounds, gap }]);
  }

  async *tail(_topic: string, _position: Position, { signal }: TailOptions): AsyncGenerator<LogBatch, void, void> {
    this.#readers += 1;
    try {
      await this.#subscribe();
      while (!signal.aborted) {
        const batches = this.#held;
        this.#held = [];
        this.#heldMessages = 0;
        yield* batches;
        if (this.#held.length === 0) await this.#changed.wait(signal);
      }
    } finally {
      this.#readers -= 1;
      if (this.#readers === 0) await this.#unsubscribe();
    }
  }

  get #bounds(): Bounds {
    return { start: this.#head, end: this.#head, epoch: -1 };
  }

  get #isPattern(): boolean {
    return this.#place.kind === 'PATTERN';
  }

  #subscribe(): Promise<void> {
    if (!this.#subscribed) {
      this.#held = [];
      this.#heldMessages = 0;
      this.#isLost = false;
      // One after the other: the library would take what is subscribed to meanwhile away with the rest.
      const subscribing = this.#ending.then(() =>
        this.#connection.subscribe(this.#place.name, this.#isPattern, this.#listener),
      );
      this.#subscribed = subscribing;
      subscribing.catch(() => {
        if (this.#subscribed === subscribing) this.#subscribed = null;
      });
      // A feed that gives up before it follows must not leave a subscription behind.
      this.#release = setTimeout(() => {
        if (this.#readers === 0) void this.#unsubscribe();
      }, unclaimedMs).unref();
    }
    return this.#subscribed;
  }

  async #unsubscribe(): Promise<void> {
    if (!this.#subscribed) return;
    this.#subscribed = null;
    if (this.#release) clearTimeout(this.#release);
    this.#ending = this.#connection.unsubscribe(this.#place.name, this.#isPattern, this.#listener);
    await this.#ending;
  }

  #receive(message: Buffer, channel: Buffer): void {
    if (!this.#subscribed) return;
    this.#tellLoss();
    if (this.#heldMessages >= maxHeld) {
      // Nobody takes them: what cannot be held is told.
      this.#held = [];
      this.#heldMessages = 0;
      this.#isLost = true;
      this.#tellLoss();
    }
    const record: LogRecord = {
      partition: 0,
      offset: this.#head,
      timestampMs: Date.now(),
      // Of a pattern: what tells the channels apart.
      key: this.#isPattern ? channel : null,
      value: message,
      headers: [],
    };
    this.#head += 1n;
    this.#heldMessages += 1;
    this.#held.push({ partition: 0, records: [record], next: this.#head, bounds: this.#bounds, gap: null });
    this.#changed.wake();
  }

  #tellLoss(): void {
    if (!this.#isLost) return;
    this.#isLost = false;
    const from = this.#head;
    this.#lostAt = from;
    this.#head += 1n;
    const gap = { reason: 'DISCONNECTED', from, to: this.#head, missed: null } as const;
    this.#held.push({ partition: 0, records: [], next: this.#head, bounds: this.#bounds, gap });
    this.#changed.wake();
  }
}

function noHistory({ name }: RedisPlace): SluiceError {
  return new SluiceError(
    'BAD_INPUT',
    `"${name}" is a pub/sub channel of Redis, which keeps nothing: there is no history.`,
  );
}
