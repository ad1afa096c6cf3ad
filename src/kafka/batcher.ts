import { SluiceError } from '#errors';
import type { AttemptResult, Batch, Sender } from './batch.ts';
import { backoffMs, pause } from './deadline.ts';
import { shuttingDown } from './failures.ts';
import { getOrAdd } from './get-or-add.ts';
import type { WriterOptions } from './options.ts';
import { PartitionQueue } from './partition-queue.ts';
import type { Segment, WriteCall } from './write-call.ts';

/** Partitions of one broker share requests up to about this size. */
const maxRequestBytes = 8 * 1024 * 1024;

/**
 * Gathers records into batches: one under way per partition, one request under way per broker, so that what arrives
 * while a request is out forms the next one. Pure of Kafka: it knows a {@link Sender}.
 */
export class Batcher {
  readonly #sender: Sender;
  readonly #options: WriterOptions;
  readonly #queues = new Map<string, Map<number, PartitionQueue>>();
  readonly #ready = new Set<PartitionQueue>();
  readonly #busyLeaders = new Set<number>();
  readonly #closing = new AbortController();
  #records = 0;
  #bytes = 0;
  #flushIsDue = false;
  #drained: (() => void) | null = null;

  readonly #onNotSent: (topic: string, error: SluiceError) => void;

  /** `onNotSent` hears of every attempt that failed before the log, e.g. to look whether the topic still exists. */
  constructor(sender: Sender, options: WriterOptions, onNotSent: (topic: string, error: SluiceError) => void) {
    this.#sender = sender;
    this.#options = options;
    this.#onNotSent = onNotSent;
  }

  /** Records that wait or are under way. */
  get queuedRecords(): number {
    return this.#records;
  }

  /** Throws `OVERLOADED` unless there is room for so much more. */
  checkRoom(records: number, bytes: number): void {
    const { maxQueuedRecords, maxQueuedBytes } = this.#options;
    if (this.#records + records <= maxQueuedRecords && this.#bytes + bytes <= maxQueuedBytes) return;
    throw new SluiceError(
      'OVERLOADED',
      'Too many records wait to be written to Kafka; nothing of this call was taken.',
      {
        details: { queuedRecords: this.#records, queuedBytes: this.#bytes },
      },
    );
  }

  /** Takes a segment of a call to the end of its partition's queue. */
  add(topic: string, leader: number, segment: Segment): void {
    const partition = segment.records[0]?.partition ?? 0;
    const queue = this.#queueOf(topic, partition, leader);
    queue.leader = leader;
    for (const part of this.#inBatchSizes(segment)) queue.waiting.add(part);
    this.#records += segment.records.length;
    this.#bytes += segment.bytes;
    this.#offer(queue);
  }

  /** The call's time is over: whatever has no outcome yet gets one, at once. */
  expire(call: WriteCall, topic: string): void {
    for (const segment of [...call.segments]) {
      const queue = this.#queues.get(topic)?.get(segment.records[0]?.partition ?? 0);
      if (queue?.waiting.delete(segment)) {
        this.#forget(segment);
        call.failed(segment, 'NOT_WRITTEN', notSentInTime(queue.lastError));
      } else if (queue?.underWay && !queue.underWay.exposed) {
        queue.underWay.cancelled = true;
        call.failed(segment, 'NOT_WRITTEN', notSentInTime(queue.lastError));
      } else {
        call.failed(segment, 'UNKNOWN', notAcknowledgedInTime());
      }
    }
    this.#checkDrained();
  }

  /** Refuses everything that waits for a topic, e.g. because it is gone. */
  refuse(topic: string, error: SluiceError): void {
    for (const queue of this.#queues.get(topic)?.values() ?? []) {
      for (const segment of queue.waiting) {
        this.#forget(segment);
        segment.call.failed(segment, 'NOT_WRITTEN', error);
      }
      queue.waiting.clear();
      this.#ready.delete(queue);
    }
    this.#checkDrained();
  }

  /** Waits until nothing waits or is under way, at most for the time, then gives every record its outcome. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#records > 0) {
      const drained = new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
      await Promise.race([drained, pause(timeoutMs, this.#closing.signal)]);
    }
    this.#closing.abort();
    for (const topic of this.#queues.keys()) this.refuse(topic, shuttingDown());
    for (const queue of this.#allQueues()) {
      const { underWay } = queue;
      for (const segment of underWay?.segments ?? []) {
        segment.call.failed(segment, underWay?.exposed ? 'UNKNOWN' : 'NOT_WRITTEN', shuttingDown());
      }
      if (underWay && !underWay.exposed) underWay.cancelled = true;
    }
  }

  #queueOf(topic: string, partition: number, leader: number): PartitionQueue {
    const ofTopic = getOrAdd(this.#queues, topic, () => new Map<number, PartitionQueue>());
    return getOrAdd(ofTopic, partition, () => new PartitionQueue(topic, partition, leader));
  }

  *#allQueues(): Iterable<PartitionQueue> {
    for (const ofTopic of this.#queues.values()) yield* ofTopic.values();
  }

  *#inBatchSizes(segment: Segment): Iterable<Segment> {
    const { maxBatchBytes } = this.#options;
    let rest = segment;
    while (rest.bytes > maxBatchBytes && rest.records.length > 1) {
      const count = Math.max(1, Math.floor((rest.records.length * maxBatchBytes) / rest.bytes));
      if (count >= rest.records.length) break;
      const [head, tail] = rest.cut(count);
      yield head;
      rest = tail;
    }
    yield rest;
  }

  #offer(queue: PartitionQueue): void {
    if (!queue.isReady) return;
    this.#ready.add(queue);
    if (this.#flushIsDue || this.#busyLeaders.has(queue.leader)) return;
    this.#flushIsDue = true;
    // One turn of the event loop: requests that came in with the same read of their sockets share a batch.
    const flush = () => this.#flush();
    if (this.#options.lingerMs === 0) setImmediate(flush);
    else setTimeout(flush, this.#options.lingerMs);
  }

  #flush(): void {
    this.#flushIsDue = false;
    const requests = new Map<number, PartitionQueue[]>();
    const sizes = new Map<number, number>();
    for (const queue of this.#ready) {
      if (this.#busyLeaders.has(queue.leader)) continue;
      const size = sizes.get(queue.leader) ?? 0;
      if (size > maxRequestBytes) continue;
      this.#ready.delete(queue);
      if (!queue.isReady) continue;
      const batch = queue.take(this.#options.maxBatchBytes);
      sizes.set(queue.leader, size + batch.segments.reduce((sum, segment) => sum + segment.bytes, 0));
      getOrAdd(requests, queue.leader, () => []).push(queue);
    }
    for (const [leader, queues] of requests) void this.#send(leader, queues);
  }

  async #send(leader: number, queues: readonly PartitionQueue[]): Promise<void> {
    this.#busyLeaders.add(leader);
    const batches = queues.flatMap((queue) => queue.underWay ?? []);
    const results = await this.#sender.attempt(batches);
    this.#busyLeaders.delete(leader);
    for (const [i, queue] of queues.entries()) {
      const batch = batches[i];
      const result = results[i];
      if (batch && result) this.#conclude(queue, batch, result);
    }
    this.#flush();
  }

  #conclude(queue: PartitionQueue, batch: Batch, result: AttemptResult): void {
    switch (result.kind) {
      case 'acked':
        this.#acked(queue, batch, result);
        return;
      case 'refused':
        if (result.divisible && batch.records.length > 1) {
          queue.halve(batch.records.length);
          this.#end(queue, batch, 'put-back');
          return;
        }
        queue.grow();
        this.#fail(queue, batch, 'NOT_WRITTEN', result.error);
        return;
      case 'not-sent':
      case 'session-lost':
        // Taken back by a deadline: what is left of it may go at once.
        if (!batch.cancelled) {
          queue.lastError = result.error;
          this.#rest(queue);
          this.#onNotSent(queue.topic, result.error);
        }
        this.#end(queue, batch, 'put-back');
        return;
      case 'unresolved':
        void this.#resolve(queue, batch);
    }
  }

  /** Sends the very same batch again until Kafka says what became of it, or nobody waits for it any more. */
  async #resolve(queue: PartitionQueue, batch: Batch): Promise<void> {
    for (let failures = 1; ; failures += 1) {
      await pause(backoffMs(failures), this.#closing.signal);
      if (batch.settled || this.#closing.signal.aborted) {
        this.#sender.abandon(batch);
        this.#end(queue, batch, 'drop');
        return;
      }
      const [result] = await this.#sender.attempt([batch]);
      if (result?.kind === 'acked') return this.#acked(queue, batch, result);
      if (result?.kind === 'session-lost') return this.#fail(queue, batch, 'UNKNOWN', result.error);
      if (result?.kind === 'refused') {
        // Too large now, too large then. Any other refusal says nothing about the earlier attempt.
        if (result.divisible) return this.#conclude(queue, batch, result);
        this.#sender.abandon(batch);
        return this.#fail(queue, batch, 'UNKNOWN', result.error);
      }
    }
  }

  #acked(queue: PartitionQueue, batch: Batch, result: AttemptResult & { kind: 'acked' }): void {
    queue.failures = 0;
    queue.lastError = null;
    queue.grow();
    let offset = result.baseOffset;
    for (const segment of batch.segments) {
      segment.call.acked(segment, offset, result.appendedAtMs);
      offset += BigInt(segment.records.length);
    }
    this.#end(queue, batch, 'drop');
  }

  #fail(queue: PartitionQueue, batch: Batch, outcome: 'NOT_WRITTEN' | 'UNKNOWN', error: SluiceError): void {
    for (const segment of batch.segments) segment.call.failed(segment, outcome, error);
    this.#end(queue, batch, 'drop');
  }

  #end(queue: PartitionQueue, batch: Batch, then: 'put-back' | 'drop'): void {
    for (const segment of batch.segments) {
      if (then === 'drop' || segment.told) this.#forget(segment);
    }
    queue.release(then === 'put-back' && !this.#closing.signal.aborted);
    this.#offer(queue);
    this.#checkDrained();
  }

  #rest(queue: PartitionQueue): void {
    queue.failures += 1;
    queue.resting = true;
    setTimeout(() => {
      queue.resting = false;
      this.#offer(queue);
    }, backoffMs(queue.failures));
  }

  #forget(segment: Segment): void {
    this.#records -= segment.records.length;
    this.#bytes -= segment.bytes;
  }

  #checkDrained(): void {
    if (this.#records === 0) this.#drained?.();
  }
}

function notSentInTime(cause: SluiceError | null): SluiceError {
  if (!cause) return new SluiceError('TIMEOUT', 'The record was not sent by the deadline.');
  return new SluiceError(cause.code, `The record was not sent by the deadline: ${cause.message}`, { cause });
}

function notAcknowledgedInTime(): SluiceError {
  return new SluiceError('TIMEOUT', 'The record was sent, and Kafka did not acknowledge it by the deadline.');
}
