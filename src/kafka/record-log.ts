import type { Bounds, Epochs, LogBatch, Position, ReadOptions, RecordLog, TailOptions, TopicIdentity } from '#feed';
import { withDeadline } from './deadline.ts';
import { unanswered } from './failures.ts';
import { type HistoryParts, HistoryRead } from './history-read.ts';
import type { LiveReader } from './live-reader.ts';
import type { Offsets } from './offsets.ts';
import type { TopicConfigs } from './topic-configs.ts';
import type { Topics } from './topics.ts';

/** How old an identity may be. */
const identityMaxAgeMs = 1_000;

/** What a {@link KafkaLog} is built of. */
export interface KafkaLogParts extends HistoryParts {
  readonly topics: Topics;
  readonly offsets: Offsets;
  readonly live: LiveReader;
  readonly configs: TopicConfigs;
}

/** A {@link RecordLog} over Kafka, without consumer groups. Connects at its first use. */
export class KafkaLog implements RecordLog {
  readonly #parts: KafkaLogParts;
  readonly #deadlineMs: number;

  constructor(parts: KafkaLogParts, deadlineMs: number) {
    this.#parts = parts;
    this.#deadlineMs = deadlineMs;
  }

  async identify(topic: string, maxAgeMs: number = identityMaxAgeMs): Promise<TopicIdentity> {
    const { clusterId, topicId, partitions } = await this.#parts.topics.get(topic, maxAgeMs);
    return { clusterId, topicId, partitions: partitions.length };
  }

  async bounds(topic: string): Promise<ReadonlyMap<number, Bounds>> {
    return await this.#parts.offsets.bounds(topic);
  }

  async positionAt(topic: string, timestampMs: number): Promise<Position> {
    return await this.#parts.offsets.atTime(topic, timestampMs);
  }

  async epochEnds(topic: string, epochs: Epochs): Promise<Position> {
    return await this.#parts.offsets.epochEnds(topic, epochs);
  }

  async tombstonesKeptMs(topic: string): Promise<number> {
    return await this.#parts.configs.tombstonesKeptMs(topic);
  }

  tail(topic: string, position: Position, options: TailOptions): AsyncIterable<LogBatch> {
    return this.#parts.live.open({ topic, position, ...options });
  }

  async read(topic: string, position: Position, options: ReadOptions): Promise<readonly LogBatch[]> {
    options.signal.throwIfAborted();
    const stop = new AbortController();
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(options.signal.reason);
    options.signal.addEventListener('abort', onAbort, { once: true });
    try {
      const read = new HistoryRead(this.#parts, topic, position, options);
      const late = () => unanswered('records', topic, read.missing);
      return await Promise.race([withDeadline(read.run(stop.signal), this.#deadlineMs, late), aborted.promise]);
    } finally {
      stop.abort();
      options.signal.removeEventListener('abort', onAbort);
    }
  }
}
