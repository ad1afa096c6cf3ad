import type { LogBatch, Position, ReadOptions } from '#feed';
import { backoffMs, pause, within } from './deadline.ts';
import { refused, topicReplaced } from './failures.ts';
import { toGap, toTruncation } from './gap.ts';
import { byLeader, type Offsets, patienceMs } from './offsets.ts';
import { decodeRecords } from './records.ts';
import type { TopicMetadata, Topics } from './topics.ts';
import { code, type FetchedPartition, UndecodableAnswer, type Wire } from './wire.ts';

/** What a {@link HistoryRead} asks. */
export interface HistoryParts {
  readonly wire: Pick<Wire, 'fetch'>;
  readonly topics: Pick<Topics, 'get'>;
  readonly offsets: Pick<Offsets, 'bounds' | 'epochEnds'>;
}

/** One bounded read of history: of every partition of a position what its leader has there, or a gap. */
export class HistoryRead {
  readonly #parts: HistoryParts;
  readonly #topic: string;
  readonly #position: Position;
  readonly #options: ReadOptions;
  readonly #batches: LogBatch[] = [];
  /** Partitions that have not answered yet. */
  readonly #open: Set<number>;
  /** By partition: the leader epoch whose log is known to hold the position. */
  readonly #checked: Map<number, number>;

  constructor(parts: HistoryParts, topic: string, position: Position, options: ReadOptions) {
    this.#parts = parts;
    this.#topic = topic;
    this.#position = position;
    this.#options = options;
    this.#open = new Set(position.keys());
    this.#checked = new Map(options.epochs);
  }

  /** The partitions that have not answered yet. */
  get missing(): Iterable<number> {
    return this.#open;
  }

  /** Tries until there is an answer or the signal aborts. */
  async run(signal: AbortSignal): Promise<readonly LogBatch[]> {
    for (let failures = 0; this.#open.size > 0 && !signal.aborted; failures += 1) {
      if (failures > 0) await pause(backoffMs(failures), signal);
      const metadata = await this.#parts.topics.get(this.#topic, failures > 0 ? 0 : undefined);
      const { topicId = metadata.topicId } = this.#options;
      if (topicId !== metadata.topicId) {
        // What was known may be older than what the caller knows.
        if (failures === 0) continue;
        throw topicReplaced(this.#topic);
      }
      for (const partition of this.#open) if (partition >= metadata.partitions.length) this.#open.delete(partition);
      await this.#check(metadata);
      const leaders = byLeader(metadata, this.#open);
      const maxBytes = Math.max(1, Math.floor(this.#options.maxBytes / Math.max(1, leaders.length)));
      const reads = leaders.map(([leader, partitions]) => this.#readFrom(metadata, { leader, partitions, maxBytes }));
      await within(Promise.all(reads), patienceMs);
      // What was read so far is an answer; the partition that has moved comes with the next call.
      if (this.#batches.some(({ records }) => records.length > 0)) break;
    }
    // Who answers later is not heard.
    this.#open.clear();
    return [...this.#batches];
  }

  /** Partitions that have another leader than the position was reached under: truncated ones are answered by a gap. */
  async #check({ partitions }: TopicMetadata): Promise<void> {
    const doubtful = new Map<number, number>();
    for (const partition of this.#open) {
      const epoch = this.#checked.get(partition) ?? -1;
      const { leader = -1, leaderEpoch = -1 } = partitions[partition] ?? {};
      if (leader >= 0 && epoch >= 0 && epoch !== leaderEpoch) doubtful.set(partition, epoch);
    }
    if (doubtful.size === 0) return;
    const ends = await this.#parts.offsets.epochEnds(this.#topic, doubtful);
    for (const [partition, epoch] of doubtful) {
      const offset = this.#offset(partition);
      const end = ends.get(partition);
      if (end !== undefined && offset > end) await this.#truncated(partition, offset, end);
      else {
        // What is known here may be older than what the position was reached under.
        const known = partitions[partition]?.leaderEpoch ?? -1;
        this.#checked.set(partition, end === undefined ? known : Math.max(epoch, known));
      }
    }
  }

  async #truncated(partition: number, offset: bigint, end: bigint): Promise<void> {
    const bounds = (await this.#parts.offsets.bounds(this.#topic, [partition])).get(partition);
    if (!bounds) return;
    const gap = toTruncation(offset, end, bounds);
    this.#open.delete(partition);
    this.#batches.push({ partition, records: [], next: gap.to, bounds, gap });
  }

  async #readFrom(
    metadata: TopicMetadata,
    from: { readonly leader: number; readonly partitions: readonly number[]; readonly maxBytes: number },
  ): Promise<void> {
    const { leader, maxBytes } = from;
    const share = Math.min(maxBytes, Math.max(64 * 1024, Math.ceil(maxBytes / from.partitions.length)));
    const partitions = from.partitions.map((partition) => ({
      partition,
      currentLeaderEpoch: metadata.partitions[partition]?.leaderEpoch ?? -1,
      fetchOffset: this.#offset(partition),
      lastFetchedEpoch: -1,
      partitionMaxBytes: share,
    }));
    const topics = [{ topicId: metadata.topicId, partitions }];
    const answer = await this.#parts.wire
      .fetch(leader, 'history', { topics, maxBytes, maxWaitMs: 0 })
      .catch((error: unknown) => {
        if (error instanceof UndecodableAnswer)
          throw refused(`Records of "${this.#topic}" cannot be decoded: ${error.message}`, error);
        // Asked again, after a look at who leads now.
        return null;
      });
    for (const fetched of answer?.responses[0]?.partitions ?? []) {
      if (fetched.errorCode === code.offsetOutOfRange) await this.#readOutside(fetched.partitionIndex);
      else if (fetched.errorCode === code.none) this.#take(fetched, metadata);
    }
  }

  #take(fetched: FetchedPartition, { partitions }: TopicMetadata): void {
    const partition = fetched.partitionIndex;
    const offset = this.#offset(partition);
    if (!this.#open.delete(partition)) return;
    const { records, next } = decodeRecords(fetched, partition, offset);
    if (next === offset) return;
    const epoch = partitions[partition]?.leaderEpoch ?? -1;
    const bounds = { start: fetched.logStartOffset, end: fetched.lastStableOffset, epoch };
    this.#batches.push({ partition, records, next, bounds, gap: null });
  }

  async #readOutside(partition: number): Promise<void> {
    const bounds = (await this.#parts.offsets.bounds(this.#topic, [partition])).get(partition);
    const gap = bounds && toGap(this.#offset(partition), bounds);
    if (!gap || !this.#open.delete(partition)) return;
    this.#batches.push({ partition, records: [], next: gap.to, bounds, gap });
  }

  #offset(partition: number): bigint {
    return this.#position.get(partition) ?? 0n;
  }
}
