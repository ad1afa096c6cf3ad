import { SluiceError } from '#errors';
import type { Sender } from './batch.ts';
import { Batcher } from './batcher.ts';
import { withDeadline } from './deadline.ts';
import { shuttingDown, unavailable } from './failures.ts';
import { getOrAdd } from './get-or-add.ts';
import { partitionOfKey } from './murmur2.ts';
import type { WriterOptions } from './options.ts';
import type { TopicMetadata } from './topics.ts';
import type { NewRecord, WriteOutcome, Writer } from './types.ts';
import { type OutgoingRecord, Segment, WriteCall } from './write-call.ts';

/** Where the writer learns of a topic's partitions. */
export interface KnownTopics {
  /** What is known now, without waiting. */
  peek(topic: string): TopicMetadata | undefined;
  /** Asks Kafka when what is known is older. Rejects `TOPIC_MISSING`, `KAFKA_UNAVAILABLE`. */
  get(topic: string, maxAgeMs?: number): Promise<TopicMetadata>;
}

/** A {@link Writer} over a {@link Sender}. It connects at its first record. */
export class KafkaWriter implements Writer {
  readonly #topics: KnownTopics;
  readonly #sender: Sender;
  readonly #batcher: Batcher;
  /** Calls that wait for a topic's metadata: later ones must not overtake them. */
  readonly #waiting = new Map<string, number>();
  readonly #roundRobin = new Map<string, number>();
  readonly #checking = new Set<string>();
  #closed = false;

  constructor(topics: KnownTopics, sender: Sender, options: WriterOptions) {
    this.#topics = topics;
    this.#sender = sender;
    this.#batcher = new Batcher(sender, options, (topic) => void this.#checkTopic(topic));
  }

  async write(
    topic: string,
    records: readonly NewRecord[],
    options: { readonly deadlineMs: number },
  ): Promise<readonly WriteOutcome[]> {
    if (this.#closed) throw shuttingDown();
    if (records.length === 0) return [];
    const deadlineAtMs = performance.now() + options.deadlineMs;
    const bytes = payloadBytes(records);
    this.#batcher.checkRoom(records.length, bytes);
    const atLeast = partitionsNamed(records);
    const known = this.#waiting.has(topic) ? undefined : this.#topics.peek(topic);
    if (known && known.partitions.length >= atLeast) return await this.#enqueue(known, records, deadlineAtMs).answer;

    this.#waiting.set(topic, (this.#waiting.get(topic) ?? 0) + 1);
    let call: WriteCall;
    try {
      const asked = this.#topics.get(topic, known ? 0 : undefined);
      const late = () => unavailable(`the partitions of "${topic}"`);
      const metadata = await withDeadline(asked, options.deadlineMs, late);
      if (this.#closed) throw shuttingDown();
      // Others may have come while this call waited.
      this.#batcher.checkRoom(records.length, bytes);
      call = this.#enqueue(metadata, records, deadlineAtMs);
    } finally {
      const left = (this.#waiting.get(topic) ?? 1) - 1;
      if (left === 0) this.#waiting.delete(topic);
      else this.#waiting.set(topic, left);
    }
    return await call.answer;
  }

  async close(deadlineMs = 5_000): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#batcher.close(deadlineMs);
    await this.#sender.close();
  }

  #enqueue(metadata: TopicMetadata, records: readonly NewRecord[], deadlineAtMs: number): WriteCall {
    const { topic, partitions } = metadata;
    const call = new WriteCall(records.length);
    const now = timestampText(Date.now());
    const groups = new Map<number, { indexes: number[]; records: OutgoingRecord[] }>();
    let keyless: number | undefined;
    for (const [i, record] of records.entries()) {
      let partition = record.partition;
      if (partition === undefined) {
        if (record.key) partition = partitionOfKey(record.key, partitions.length);
        else {
          keyless ??= this.#nextKeyless(metadata);
          partition = keyless;
        }
      }
      const group = getOrAdd(groups, partition, () => ({ indexes: [], records: [] }));
      group.indexes.push(i);
      group.records.push(toOutgoing(record, partition, now));
    }
    const segments = Array.from(groups, ([partition, group]) => {
      const leader = partitions[partition]?.leader;
      if (leader === undefined) throw noSuchPartition(topic, partition, partitions.length);
      return { leader, segment: new Segment(call, group.indexes, group.records) };
    });
    for (const { segment } of segments) call.segments.add(segment);
    call.expireAfter(Math.max(0, deadlineAtMs - performance.now()), () => this.#batcher.expire(call, topic));
    for (const { leader, segment } of segments) this.#batcher.add(topic, leader, segment);
    return call;
  }

  /** Records without a key: one partition a call, so that they share a batch, and the next one for the next call. */
  #nextKeyless({ topic, partitions }: TopicMetadata): number {
    const start = this.#roundRobin.get(topic) ?? Math.floor(Math.random() * partitions.length);
    for (let i = 0; i < partitions.length; i += 1) {
      const candidate = (start + i) % partitions.length;
      if ((partitions[candidate]?.leader ?? -1) < 0) continue;
      this.#roundRobin.set(topic, candidate + 1);
      return candidate;
    }
    return start % partitions.length;
  }

  /** An attempt failed: if that is because the topic is gone, its records need not wait for their deadline. */
  async #checkTopic(topic: string): Promise<void> {
    if (this.#checking.has(topic) || this.#closed) return;
    this.#checking.add(topic);
    try {
      await this.#topics.get(topic, 0);
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'TOPIC_MISSING') this.#batcher.refuse(topic, error);
    } finally {
      this.#checking.delete(topic);
    }
  }
}

/** Bytes of keys and values. */
export function payloadBytes(records: readonly NewRecord[]): number {
  let bytes = 0;
  for (const { key, value } of records) bytes += (key?.length ?? 0) + (value?.length ?? 0);
  return bytes;
}

/** How many partitions the topic must have for the partitions that the records name. Throws `BAD_INPUT`. */
export function partitionsNamed(records: readonly NewRecord[]): number {
  let count = 0;
  for (const { partition } of records) {
    if (partition === undefined) continue;
    if (!Number.isInteger(partition) || partition < 0)
      throw new SluiceError('BAD_INPUT', `${partition} is no partition.`);
    count = Math.max(count, partition + 1);
  }
  return count;
}

/** The record as kafkajs takes it. Throws `BAD_INPUT` for a header without a value, or a time that is none. */
export function toOutgoing(record: NewRecord, partition: number, now: string): OutgoingRecord {
  const { key, value, headers, timestampMs } = record;
  const timestamp = timestampMs === undefined ? now : timestampText(timestampMs);
  if (headers.length === 0) return { key, value, timestamp, partition };
  const byName: Record<string, Buffer[]> = Object.create(null);
  for (const header of headers) {
    // kafkajs throws on a null header while it encodes, which would take the whole batch with it.
    if (!header.value) throw new SluiceError('BAD_INPUT', `The header "${header.name}" has no value.`);
    const values = byName[header.name];
    if (values) values.push(header.value);
    else byName[header.name] = [header.value];
  }
  return { key, value, headers: byName, timestamp, partition };
}

/** The timestamp with 13 digits. Throws `BAD_INPUT` for what is none. */
export function timestampText(timestampMs: number): string {
  if (Number.isInteger(timestampMs) && timestampMs >= 0 && timestampMs < 1e13)
    return String(timestampMs).padStart(13, '0');
  throw new SluiceError('BAD_INPUT', `${timestampMs} is no timestamp in milliseconds since 1970.`);
}

/** The topic has fewer partitions. */
export function noSuchPartition(topic: string, partition: number, partitions: number): SluiceError {
  return new SluiceError('BAD_INPUT', `The topic "${topic}" has no partition ${partition}, it has ${partitions}.`);
}
