import type { Bounds, LogBatch, Position, ReadOptions, RecordLog, TopicIdentity } from '#feed';
import { backoffMs, pause, withDeadline } from './deadline.ts';
import { refused, unavailable } from './failures.ts';
import { toGap } from './gap.ts';
import type { LiveReader } from './live-reader.ts';
import { byLeader, type Offsets } from './offsets.ts';
import type { KafkaOptions } from './options.ts';
import { decodeRecords } from './records.ts';
import type { TopicMetadata, Topics } from './topics.ts';
import { code, UndecodableAnswer, type Wire } from './wire.ts';

/** How old an identity may be. */
const identityMaxAgeMs = 1_000;

/** What a history read has to do and what it has found. */
interface HistoryRead {
  readonly topic: string;
  readonly position: Position;
  readonly options: ReadOptions;
  readonly batches: LogBatch[];
  /** Partitions that have not answered yet. */
  readonly open: Set<number>;
}

/** A {@link RecordLog} over Kafka, without consumer groups. Connects at its first use. */
export class KafkaLog implements RecordLog {
  readonly #wire: Wire;
  readonly #topics: Topics;
  readonly #offsets: Offsets;
  readonly #live: LiveReader;
  readonly #options: KafkaOptions;

  constructor(
    parts: { readonly wire: Wire; readonly topics: Topics; readonly offsets: Offsets; readonly live: LiveReader },
    options: KafkaOptions,
  ) {
    this.#wire = parts.wire;
    this.#topics = parts.topics;
    this.#offsets = parts.offsets;
    this.#live = parts.live;
    this.#options = options;
  }

  async identify(topic: string): Promise<TopicIdentity> {
    const { clusterId, topicId, partitions } = await this.#topics.get(topic, identityMaxAgeMs);
    return { clusterId, topicId, partitions: partitions.length };
  }

  async bounds(topic: string): Promise<ReadonlyMap<number, Bounds>> {
    return await this.#offsets.bounds(topic);
  }

  async positionAt(topic: string, timestampMs: number): Promise<Position> {
    return await this.#offsets.atTime(topic, timestampMs);
  }

  tail(topic: string, position: Position, signal: AbortSignal): AsyncIterable<LogBatch> {
    return this.#live.open(topic, position, signal);
  }

  async read(topic: string, position: Position, options: ReadOptions): Promise<readonly LogBatch[]> {
    options.signal.throwIfAborted();
    const read: HistoryRead = { topic, position, options, batches: [], open: new Set(position.keys()) };
    const stop = new AbortController();
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(options.signal.reason);
    options.signal.addEventListener('abort', onAbort, { once: true });
    try {
      const late = () => unavailable(`a read of "${topic}"`);
      const work = withDeadline(this.#readUntil(read, stop.signal), this.#options.deadlineMs, late);
      return await Promise.race([work, aborted.promise]);
    } finally {
      stop.abort();
      options.signal.removeEventListener('abort', onAbort);
    }
  }

  async #readUntil(read: HistoryRead, signal: AbortSignal): Promise<readonly LogBatch[]> {
    for (let failures = 0; read.open.size > 0 && !signal.aborted; failures += 1) {
      if (failures > 0) await pause(backoffMs(failures), signal);
      const metadata = await this.#topics.get(read.topic, failures > 0 ? 0 : undefined);
      for (const partition of read.open) if (partition >= metadata.partitions.length) read.open.delete(partition);
      const leaders = byLeader(metadata, read.open);
      const maxBytes = Math.max(1, Math.floor(read.options.maxBytes / Math.max(1, leaders.length)));
      await Promise.all(
        leaders.map(([leader, partitions]) => this.#readFrom(read, metadata, { leader, partitions, maxBytes })),
      );
      // What was read so far is an answer; the partition that has moved comes with the next call.
      if (read.batches.some(({ records }) => records.length > 0)) break;
    }
    return read.batches;
  }

  async #readFrom(
    read: HistoryRead,
    metadata: TopicMetadata,
    from: { readonly leader: number; readonly partitions: readonly number[]; readonly maxBytes: number },
  ): Promise<void> {
    const partitions = from.partitions.map((partition) => ({
      partition,
      currentLeaderEpoch: metadata.partitions[partition]?.leaderEpoch ?? -1,
      fetchOffset: read.position.get(partition) ?? 0n,
      lastFetchedEpoch: -1,
      partitionMaxBytes: Math.min(
        from.maxBytes,
        Math.max(64 * 1024, Math.ceil(from.maxBytes / from.partitions.length)),
      ),
    }));
    const topics = [{ topicId: metadata.topicId, partitions }];
    const answer = await this.#wire
      .fetch(from.leader, 'history', { topics, maxBytes: from.maxBytes, maxWaitMs: 0 })
      .catch((error: unknown) => {
        if (error instanceof UndecodableAnswer)
          throw refused(`Records of "${read.topic}" cannot be decoded: ${error.message}`, error);
        // Asked again, after a look at who leads now.
        return null;
      });
    for (const fetched of answer?.responses[0]?.partitions ?? []) {
      const partition = fetched.partitionIndex;
      const offset = read.position.get(partition) ?? 0n;
      if (fetched.errorCode === code.offsetOutOfRange) {
        await this.#readOutside(read, partition, offset);
      } else if (fetched.errorCode === code.none) {
        read.open.delete(partition);
        const { records, next } = decodeRecords(fetched, partition, offset);
        const bounds = { start: fetched.logStartOffset, end: fetched.lastStableOffset };
        if (next > offset) read.batches.push({ partition, records, next, bounds, gap: null });
      }
    }
  }

  async #readOutside(read: HistoryRead, partition: number, offset: bigint): Promise<void> {
    const bounds = (await this.#offsets.bounds(read.topic, [partition])).get(partition);
    const gap = bounds && toGap(offset, bounds);
    if (!gap) return;
    read.open.delete(partition);
    read.batches.push({ partition, records: [], next: gap.to, bounds, gap });
  }
}
