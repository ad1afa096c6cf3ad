import type { SluiceError } from '#errors';
import { Batch } from './batch.ts';
import type { Segment } from './write-call.ts';

/** kafkajs sorts the messages of a request to their partitions in quadratic time. */
const maxBatchRecords = 1_000;

/** What waits for one partition, in order, and the batch that is under way. */
export class PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  /** The broker to which it is sent; requests are formed per broker. */
  leader: number;
  /** In order of arrival. A set, because a deadline takes segments out of the middle. */
  waiting = new Set<Segment>();
  /** While set, nothing else of this partition is sent: order, and the sequence of the producer, depend on it. */
  underWay: Batch | null = null;
  /** Failed tries since the last success; paces the next one. */
  failures = 0;
  /** Why the last try failed, to be told at a deadline. */
  lastError: SluiceError | null = null;
  /** Not to be sent before its timer has run. */
  resting = false;
  #recordCap = maxBatchRecords;

  constructor(topic: string, partition: number, leader: number) {
    this.topic = topic;
    this.partition = partition;
    this.leader = leader;
  }

  get isReady(): boolean {
    return this.waiting.size > 0 && this.underWay === null && !this.resting;
  }

  /** Forms the next batch from the head of the queue; at least one record, whatever its size. */
  take(maxBytes: number): Batch {
    const segments: Segment[] = [];
    let records = 0;
    let bytes = 0;
    for (const segment of this.waiting) {
      if (segments.length > 0 && bytes + segment.bytes > maxBytes) break;
      const room = this.#recordCap - records;
      if (room <= 0) break;
      this.waiting.delete(segment);
      if (segment.records.length > room) {
        const [head, rest] = segment.cut(room);
        segments.push(head);
        this.#putFirst([rest]);
        break;
      }
      segments.push(segment);
      records += segment.records.length;
      bytes += segment.bytes;
    }
    this.underWay = new Batch(this.topic, this.partition, segments);
    return this.underWay;
  }

  /** The batch under way is over. What has no answer yet may go back to the head of the queue. */
  release(putBack: boolean): void {
    const batch = this.underWay;
    this.underWay = null;
    if (putBack && batch) this.#putFirst(batch.segments.filter((segment) => !segment.told));
  }

  /** Smaller batches from now on: half of what was refused. */
  halve(records: number): void {
    this.#recordCap = Math.ceil(records / 2);
  }

  /** A batch passed (or its single record was refused): batches may grow again. */
  grow(): void {
    this.#recordCap *= 2;
    if (this.#recordCap > 4096) this.#recordCap = maxBatchRecords;
  }

  #putFirst(segments: readonly Segment[]): void {
    if (segments.length > 0) this.waiting = new Set([...segments, ...this.waiting]);
  }
}
