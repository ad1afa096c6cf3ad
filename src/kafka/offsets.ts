import type { Bounds } from '#feed';
import { backoffMs, pause, withDeadline } from './deadline.ts';
import { unavailable } from './failures.ts';
import { getOrAdd } from './get-or-add.ts';
import type { TopicMetadata, Topics } from './topics.ts';
import { code, type Wire } from './wire.ts';

/** The special timestamps of ListOffsets. */
const latest = -1n;
const earliest = -2n;

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
      this.#find(topic, earliest, partitions),
      this.#find(topic, latest, partitions),
    ]);
    const bounds = new Map<number, Bounds>();
    for (const [partition, end] of ends) bounds.set(partition, { start: starts.get(partition) ?? 0n, end });
    return bounds;
  }

  /** For every partition the offset of the first record at or after the time, or the last stable offset. */
  async atTime(topic: string, timestampMs: number): Promise<ReadonlyMap<number, bigint>> {
    const [ends, found] = await Promise.all([
      this.#find(topic, latest),
      this.#find(topic, BigInt(Math.max(0, Math.ceil(timestampMs)))),
    ]);
    const offsets = new Map<number, bigint>();
    for (const [partition, end] of ends) {
      const offset = found.get(partition) ?? -1n;
      offsets.set(partition, offset < 0n || offset > end ? end : offset);
    }
    return offsets;
  }

  async #find(topic: string, timestamp: bigint, partitions?: readonly number[]): Promise<ReadonlyMap<number, bigint>> {
    const stop = new AbortController();
    const late = () => unavailable(`the offsets of "${topic}"`);
    try {
      const found = this.#findUntil({ topic, timestamp, partitions }, stop.signal);
      return await withDeadline(found, this.#deadlineMs, late);
    } finally {
      stop.abort();
    }
  }

  async #findUntil(
    wanted: { readonly topic: string; readonly timestamp: bigint; readonly partitions: readonly number[] | undefined },
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, bigint>> {
    const found = new Map<number, bigint>();
    for (let failures = 0; !signal.aborted; failures += 1) {
      if (failures > 0) await pause(backoffMs(failures), signal);
      const metadata = await this.#topics.get(wanted.topic, failures > 0 ? 0 : undefined);
      const missing = metadata.partitions
        .map((_, partition) => partition)
        .filter((partition) => !found.has(partition) && (wanted.partitions?.includes(partition) ?? true));
      if (missing.length === 0) return found;
      await Promise.all(
        byLeader(metadata, missing).map(([leader, ofLeader]) =>
          this.#ask({ metadata, leader, partitions: ofLeader, timestamp: wanted.timestamp }, found),
        ),
      );
      if (missing.every((partition) => found.has(partition))) return found;
    }
    return found;
  }

  async #ask(
    question: {
      readonly metadata: TopicMetadata;
      readonly leader: number;
      readonly partitions: readonly number[];
      readonly timestamp: bigint;
    },
    found: Map<number, bigint>,
  ): Promise<void> {
    const { metadata, leader, partitions, timestamp } = question;
    const asked = partitions.map((partitionIndex) => ({
      partitionIndex,
      currentLeaderEpoch: metadata.partitions[partitionIndex]?.leaderEpoch ?? -1,
      timestamp,
    }));
    // A leader that does not answer is asked again, after a look at who leads now.
    const answer = await this.#wire.listOffsets(leader, { name: metadata.topic, partitions: asked }).catch(() => null);
    for (const partition of answer?.topics[0]?.partitions ?? []) {
      if (partition.errorCode === code.none) found.set(partition.partitionIndex, partition.offset);
    }
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
