import type { Bounds, Epochs, Position } from '#feed';
import { backoffMs, pause, withDeadline, within } from './deadline.ts';
import { unanswered } from './failures.ts';
import { getOrAdd } from './get-or-add.ts';
import type { TopicMetadata, Topics } from './topics.ts';
import { code, type Wire } from './wire.ts';

/** The special timestamps of ListOffsets. */
const latest = -1n;
const earliest = -2n;

/** An offset, and the leader epoch under which the leader told it. */
interface Told {
  readonly offset: bigint;
  readonly epoch: number;
}

/** What to ask of some partitions of one leader, and what it answers for each of them. */
type Ask = (
  metadata: TopicMetadata,
  leader: number,
  partitions: readonly number[],
) => Promise<readonly { readonly partition: number; readonly errorCode: number; readonly offset: bigint }[]>;

/** After so long without an answer the others are not kept waiting: somebody else may lead by now. */
export const patienceMs = 2_000;

/** Asks the leaders for offsets, until every partition has answered or the deadline has passed. */
export class Offsets {
  readonly #wire: Wire;
  readonly #topics: Topics;
  readonly #deadlineMs: number;

  constructor(wire: Wire, topics: Topics, deadlineMs: number) {
    this.#wire = wire;
    this.#topics = topics;
    this.#deadlineMs = deadlineMs;
  }

  /** First offset and last stable offset of every partition, or of those asked for. */
  async bounds(topic: string, partitions?: readonly number[]): Promise<ReadonlyMap<number, Bounds>> {
    const [starts, ends] = await Promise.all([
      this.#find(topic, this.#atTimestamp(earliest), partitions),
      this.#find(topic, this.#atTimestamp(latest), partitions),
    ]);
    const bounds = new Map<number, Bounds>();
    for (const [partition, { offset, epoch }] of ends) {
      bounds.set(partition, { start: starts.get(partition)?.offset ?? 0n, end: offset, epoch });
    }
    return bounds;
  }

  /** Where every partition ends, with the records of transactions that are not committed yet (high watermark). */
  async writtenEnds(topic: string): Promise<Position> {
    const ends = await this.#find(topic, this.#atTimestamp(latest, 'WRITTEN'));
    return new Map([...ends].map(([partition, { offset }]) => [partition, offset]));
  }

  /** For every partition the offset of the first record at or after the time, or the last stable offset. */
  async atTime(topic: string, timestampMs: number): Promise<Position> {
    const [ends, found] = await Promise.all([
      this.#find(topic, this.#atTimestamp(latest)),
      this.#find(topic, this.#atTimestamp(BigInt(Math.max(0, Math.ceil(timestampMs))))),
    ]);
    const offsets = new Map<number, bigint>();
    for (const [partition, { offset: end }] of ends) {
      const offset = found.get(partition)?.offset ?? -1n;
      offsets.set(partition, offset < 0n || offset > end ? end : offset);
    }
    return offsets;
  }

  /** Where the log of each epoch, or of the largest one below it, ends; without the partitions that know neither. */
  async epochEnds(topic: string, epochs: Epochs): Promise<Position> {
    const ask: Ask = async (metadata, leader, partitions) => {
      const asked = partitions.map((partitionIndex) => ({
        partitionIndex,
        currentLeaderEpoch: metadata.partitions[partitionIndex]?.leaderEpoch ?? -1,
        leaderEpoch: epochs.get(partitionIndex) ?? -1,
      }));
      const answer = await this.#wire.leaderEpochEnds(leader, { name: metadata.topic, partitions: asked });
      const told = answer.topics[0]?.partitions ?? [];
      return told.map(({ partition, errorCode, endOffset }) => ({ partition, errorCode, offset: endOffset }));
    };
    const known = [...epochs].filter(([, epoch]) => epoch >= 0).map(([partition]) => partition);
    const ends = new Map<number, bigint>();
    if (known.length === 0) return ends;
    for (const [partition, { offset }] of await this.#find(topic, ask, known)) {
      if (offset >= 0n) ends.set(partition, offset);
    }
    return ends;
  }

  #atTimestamp(timestamp: bigint, scope?: 'WRITTEN'): Ask {
    return async (metadata, leader, partitions) => {
      const asked = partitions.map((partitionIndex) => ({
        partitionIndex,
        currentLeaderEpoch: metadata.partitions[partitionIndex]?.leaderEpoch ?? -1,
        timestamp,
      }));
      const answer = await this.#wire.listOffsets(leader, { name: metadata.topic, partitions: asked }, scope);
      const told = answer.topics[0]?.partitions ?? [];
      return told.map(({ partitionIndex, errorCode, offset }) => ({ partition: partitionIndex, errorCode, offset }));
    };
  }

  async #find(topic: string, ask: Ask, partitions?: readonly number[]): Promise<ReadonlyMap<number, Told>> {
    const stop = new AbortController();
    const missing = new Set<number>();
    const late = () => unanswered('the offsets', topic, missing);
    try {
      const wanted = { topic, ask, partitions, missing };
      return await withDeadline(this.#findUntil(wanted, stop.signal), this.#deadlineMs, late);
    } finally {
      stop.abort();
    }
  }

  async #findUntil(
    wanted: {
      readonly topic: string;
      readonly ask: Ask;
      readonly partitions: readonly number[] | undefined;
      /** Those that have not answered. */
      readonly missing: Set<number>;
    },
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, Told>> {
    const found = new Map<number, Told>();
    for (let failures = 0; !signal.aborted; failures += 1) {
      if (failures > 0) await pause(backoffMs(failures), signal);
      const metadata = await this.#topics.get(wanted.topic, failures > 0 ? 0 : undefined);
      const { missing } = wanted;
      missing.clear();
      for (const partition of metadata.partitions.keys()) {
        if (!found.has(partition) && (wanted.partitions?.includes(partition) ?? true)) missing.add(partition);
      }
      if (missing.size === 0) return found;
      const ofLeaders = byLeader(metadata, missing).map(async ([leader, partitions]) => {
        // A leader that does not answer is asked again, after a look at who leads now.
        const answer = await wanted.ask(metadata, leader, partitions).catch(() => []);
        for (const { partition, errorCode, offset } of answer) {
          if (errorCode !== code.none) continue;
          found.set(partition, { offset, epoch: metadata.partitions[partition]?.leaderEpoch ?? -1 });
          missing.delete(partition);
        }
      });
      await within(Promise.all(ofLeaders), patienceMs);
      if (missing.size === 0) return found;
    }
    return found;
  }
}

/** Groups partitions by their leader; those without one are left out. */
export function byLeader(
  metadata: TopicMetadata,
  partitions: Iterable<number>,
): [leader: number, partitions: number[]][] {
  const groups = new Map<number, number[]>();
  for (const partition of partitions) {
    const leader = metadata.partitions[partition]?.leader ?? -1;
    if (leader < 0) continue;
    getOrAdd(groups, leader, () => []).push(partition);
  }
  return [...groups];
}
