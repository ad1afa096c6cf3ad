import type { Logger } from 'pino';
import { messageOf, SluiceError } from '#errors';
import type { BadRecords } from '#feed';
import type { Stream } from '#model';

/** What a bridge has done since the gateway started. */
export interface BridgeCounters {
  /** Written to the topic and acknowledged. */
  copied: number;
  /** Left out: they do not decode, or are larger than the topic takes. */
  bad: number;
  /** Messages of a channel that nobody kept: there was no room while Kafka was away, or the lease was lost. */
  dropped: number;
  /** Messages of a channel that were sent to Kafka and never answered: they may be in the topic. */
  unknown: number;
}

/** What a {@link BridgeStatus} is made of. */
export interface BridgeStatusParts {
  readonly source: Stream;
  readonly topic: string;
  /** Grows with each record that is left out, as with each that readers cannot read. */
  readonly badRecords: Pick<BadRecords, 'count'>;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Milliseconds; only goes forward. */
  readonly now: () => number;
}

/** How long a stream of bad records is told with one line. */
const tellBadEveryMs = 60_000;

/** How one bridge fares: counts, and tells the log when that changes. */
export class BridgeStatus {
  readonly counters: BridgeCounters = { copied: 0, bad: 0, dropped: 0, unknown: 0 };
  readonly #parts: BridgeStatusParts;
  #trouble: { readonly code: string; readonly message: string } | null = null;
  #droppedBefore = 0;
  #untoldBad = 0;
  #toldBadAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: BridgeStatusParts) {
    this.#parts = parts;
  }

  /** Why nothing is copied at present; null when it is. */
  get problem(): string | null {
    if (!this.#trouble) return null;
    const dropped = this.counters.dropped - this.#droppedBefore;
    return this.#trouble.message + (dropped > 0 ? ` Messages dropped meanwhile: ${dropped}.` : '');
  }

  /** Something failed, and is tried again. */
  trouble(error: unknown): void {
    const code = error instanceof SluiceError ? error.code : 'INTERNAL';
    const isNew = this.#trouble?.code !== code;
    this.#trouble = { code, message: messageOf(error) };
    if (isNew)
      this.#warn({ err: error }, `${this.#what} is not copied at present; it is tried again: ${messageOf(error)}`);
  }

  /** This gateway is the one that copies from now on. */
  begun(): void {
    const { logger, topic } = this.#parts;
    logger.info({ topic }, `${this.#what} is copied by this gateway.`);
    this.well();
  }

  /** It works (again). */
  well(): void {
    const dropped = this.counters.dropped - this.#droppedBefore;
    if (!this.#trouble && dropped === 0) return;
    this.#trouble = null;
    this.#droppedBefore = this.counters.dropped;
    const { logger, topic } = this.#parts;
    logger.info({ topic, dropped }, `${this.#what} is copied again.`);
  }

  /** A message that nobody kept. */
  drop(count: number): void {
    const isFirst = this.counters.dropped === this.#droppedBefore && count > 0;
    this.counters.dropped += count;
    if (isFirst)
      this.#warn(
        {},
        `${this.#what}: messages are dropped, for there is no room to keep them until they can be copied.`,
      );
  }

  /** A record that cannot be copied, ever. With onBadRecord SKIP it is counted only. */
  bad(reason: string): void {
    this.counters.bad += 1;
    this.#parts.badRecords.count += 1;
    this.#untoldBad += 1;
    const { source, now } = this.#parts;
    if (source.onBadRecord === 'SKIP' || now() - this.#toldBadAtMs < tellBadEveryMs) return;
    this.#toldBadAtMs = now();
    this.#warn({ bad: this.#untoldBad }, `${this.#what}: what does not fit is not copied: ${reason}`);
    this.#untoldBad = 0;
  }

  /** Some of it was never seen, and will not be copied. */
  missed(reason: string): void {
    this.#warn({}, `${this.#what}: ${reason}`);
  }

  #warn(facts: object, message: string): void {
    this.#parts.logger.warn({ ...facts, topic: this.#parts.topic }, message);
  }

  get #what(): string {
    const { source, topic } = this.#parts;
    return `"${source.redis?.name ?? source.topic}" in Redis, into the topic "${topic}",`;
  }
}
