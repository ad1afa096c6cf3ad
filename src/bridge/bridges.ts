import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Codec, createCodec } from '#codec';
import { SluiceError } from '#errors';
import type { BadRecords, RecordLog } from '#feed';
import type { Kafka } from '#kafka';
import { type RedisPlace, type Source, type Stream, toTopicSettings } from '#model';
import type { Lease, Redis } from '#redis';
import { type BridgeCounters, BridgeStatus } from './bridge-status.ts';
import { copyChannel } from './copy-channel.ts';
import { copyStream } from './copy-stream.ts';
import { type Copying, createToRecord, longestPauseMs } from './copying.ts';

/** A declared source, and what decodes it. */
export interface BridgedSource {
  readonly source: Source;
  readonly codec: Codec;
  /** Counts what is left out, too. */
  readonly badRecords: Pick<BadRecords, 'count'>;
}

/** What streams in Redis are copied to Kafka with. */
export interface BridgesOptions {
  readonly redis: Pick<Redis, 'lease' | 'logOf'>;
  readonly kafka: {
    readonly log: RecordLog;
    readonly writer: Pick<Kafka['writer'], 'write'>;
    readonly admin: Pick<Kafka['admin'], 'ensure'>;
  };
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** How long after a failure the next try is, in milliseconds; doubles up to five seconds. */
  readonly retryMs?: number;
  /** How often a gateway that does not copy looks whether it is its turn, in milliseconds. */
  readonly turnEveryMs?: number;
}

/** The bridges of a gateway. Whoever opened them closes them, before Redis and Kafka. */
export interface Bridges {
  /** Why nothing of a stream is copied at present; null when it is, here or by another gateway. */
  problemOf(source: Source): string | null;
  /** By declared type. */
  readonly counters: ReadonlyMap<string, Readonly<BridgeCounters>>;
  /** Begins to copy. */
  start(): void;
  /** Waits for what is being written, some seconds at most, and leaves the rest to other gateways. */
  close(): Promise<void>;
}

const defaultRetryMs = 250;
const defaultTurnEveryMs = 1_000;

/** Copies what comes in the streams of Redis that are declared with `into`, from its start until it is closed. */
export function openBridges(sources: readonly BridgedSource[], options: BridgesOptions): Bridges {
  const ending = new AbortController();
  const bridges = sources.flatMap(({ source, codec, badRecords }) => {
    if (source.kind !== 'stream' || source.redis === null || source.into === null) return [];
    return [new Bridge({ source, place: source.redis, into: source.into, codec, badRecords }, options)];
  });
  let running: readonly Promise<void>[] = [];
  return {
    start() {
      running = bridges.map((bridge) => bridge.run(ending.signal));
    },
    problemOf: (source) => bridges.find((bridge) => bridge.source === source)?.status.problem ?? null,
    counters: new Map(bridges.map(({ source, status }) => [source.typeName, status.counters])),
    async close() {
      ending.abort();
      await Promise.all(running);
    },
  };
}

interface Bridged {
  readonly source: Stream;
  readonly place: RedisPlace;
  readonly into: Stream;
  readonly codec: Codec;
  readonly badRecords: BridgedSource['badRecords'];
}

/** One stream of Redis and its topic: waits for its turn, and copies as long as that lasts. */
class Bridge {
  readonly source: Stream;
  readonly status: BridgeStatus;
  readonly #bridged: Bridged;
  readonly #options: BridgesOptions;
  readonly #log: RecordLog;
  readonly #toRecord: Copying['toRecord'];
  /** Of the topic as it is now. */
  #lease: { readonly topicId: string; readonly lease: Lease } | null = null;

  constructor(bridged: Bridged, options: BridgesOptions) {
    const { source, place, into, codec, badRecords } = bridged;
    this.source = source;
    this.#bridged = bridged;
    this.#options = options;
    const { logger } = options;
    this.status = new BridgeStatus({ source, topic: into.topic, badRecords, logger, now: () => performance.now() });
    this.#log = options.redis.logOf(source);
    this.#toRecord = createToRecord(place, { from: codec, into: createCodec(into) }, this.status);
  }

  /** Resolves some time after the signal; whatever fails is tried again. */
  async run(signal: AbortSignal): Promise<void> {
    const { retryMs = defaultRetryMs, turnEveryMs = defaultTurnEveryMs } = this.#options;
    let pauseMs = retryMs;
    while (!signal.aborted) {
      try {
        const topicId = await this.#identify();
        const lease = this.#leaseOf(topicId);
        if (await lease.acquire()) await this.#hold({ topicId, lease, signal });
        else this.status.well();
        pauseMs = retryMs;
        await delay(turnEveryMs, undefined, { signal });
      } catch (error) {
        if (signal.aborted) return;
        this.status.trouble(error);
        await delay(pauseMs, undefined, { signal }).catch(() => undefined);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      }
    }
  }

  async #identify(): Promise<string> {
    const { kafka } = this.#options;
    const { into } = this.#bridged;
    try {
      return (await kafka.log.identify(into.topic)).topicId;
    } catch (error) {
      if (!(error instanceof SluiceError && error.code === 'TOPIC_MISSING')) throw error;
      await kafka.admin.ensure([toTopicSettings(into)]);
      return (await kafka.log.identify(into.topic, 0)).topicId;
    }
  }

  /** A topic that was made anew is another one: nothing was copied into it yet. */
  #leaseOf(topicId: string): Lease {
    if (this.#lease?.topicId !== topicId) {
      const { source, into } = this.#bridged;
      this.#lease = { topicId, lease: this.#options.redis.lease(`${source.topic}>${into.topic}:${topicId}`) };
    }
    return this.#lease.lease;
  }

  async #hold(turn: { readonly topicId: string; readonly lease: Lease; readonly signal: AbortSignal }): Promise<void> {
    const { topicId, lease } = turn;
    const { kafka, retryMs = defaultRetryMs } = this.#options;
    const { place, into } = this.#bridged;
    const over = new AbortController();
    const signal = AbortSignal.any([turn.signal, over.signal]);
    const keeping = keep(lease, over);
    const copy = place.kind === 'STREAM' ? copyStream : copyChannel;
    const parts = {
      place,
      log: this.#log,
      topic: into.topic,
      topicId,
      kafka,
      lease,
      toRecord: this.#toRecord,
      retryMs,
    };
    try {
      await copy({ ...parts, status: this.status, signal });
    } finally {
      over.abort();
      await keeping;
    }
    // Not after a failure: what was not answered may be written yet, and others must wait until that is over.
    await lease.release();
  }
}

/** Renews the lease until it is lost, which it tells, or the copying is over. */
async function keep(lease: Lease, over: AbortController): Promise<void> {
  while (!over.signal.aborted) {
    await delay(lease.renewEveryMs, undefined, { signal: over.signal }).catch(() => undefined);
    if (over.signal.aborted) return;
    const isHeld = await lease.renew().catch(() => lease.leftMs > 0);
    if (!isHeld) over.abort();
  }
}
