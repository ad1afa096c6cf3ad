import type { Kafka, PartitionMetadata, Producer, RecordMetadata } from 'kafkajs';
import type { Batch } from './batch.ts';
import { compressionTypes } from './compression.ts';
import { getOrAdd } from './get-or-add.ts';
import type { WriterOptions } from './options.ts';
import type { OutgoingRecord } from './write-call.ts';

/**
 * Nobody leads the partition; nothing was sent. Its name is one after which kafkajs looks at the metadata again, so that
 * it knows when there is a leader.
 */
export class Leaderless extends Error {
  override readonly name = 'KafkaJSMetadataNotLoaded';
}

/** The batches of one request are not all led by the broker that kafkajs would ask; nothing was sent. */
export class LeadersDiffer extends Error {
  override readonly name = 'LeadersDiffer';
}

/** kafkajs does not know the partition (yet); nothing was sent. */
export class PartitionUnknown extends Error {
  override readonly name = 'PartitionUnknown';
}

/** A batch was taken back before it was sent. */
class BatchCancelled extends Error {
  override readonly name = 'BatchCancelled';
}

/** One call of `sendBatch`: what it has touched so far. */
class Attempt {
  leader: number | null = null;
  /** A request was written: bytes of a batch have left. */
  encoded = false;
  /** A partition has no leader: that is no fault of the producer. */
  leaderless = false;
}

/**
 * The first record of a batch, as kafkajs gets it. A record cannot be written to a socket before its timestamp is
 * read, and kafkajs reads it when it encodes the request and not earlier: that is the moment from which on the batch
 * may be in the log, and the last one to take it back.
 */
class FirstRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer[]>>;
  readonly partition: number;
  readonly #timestamp: string;
  readonly #batch: Batch;
  readonly #attempt: Attempt;

  constructor(record: OutgoingRecord, batch: Batch, attempt: Attempt) {
    this.key = record.key;
    this.value = record.value;
    this.headers = record.headers ?? {};
    this.partition = record.partition;
    this.#timestamp = record.timestamp;
    this.#batch = batch;
    this.#attempt = attempt;
  }

  get timestamp(): string {
    if (this.#batch.cancelled && !this.#batch.exposed) throw new BatchCancelled('The batch was taken back.');
    this.#batch.exposed = true;
    this.#attempt.encoded = true;
    return this.#timestamp;
  }

  /**
   * A request that spans brokers must not be: when one of them fails, kafkajs takes back the sequence numbers of that
   * one only, and nobody can tell which batches may be sent again.
   */
  checkLeader(partitions: readonly PartitionMetadata[]): void {
    const leader = partitions.find(({ partitionId }) => partitionId === this.partition)?.leader;
    if (leader === undefined) throw new PartitionUnknown(`Partition ${this.partition} is not in the metadata.`);
    if (leader < 0) {
      this.#attempt.leaderless = true;
      throw new Leaderless(`Partition ${this.partition} of "${this.#batch.topic}" has no leader.`);
    }
    this.#attempt.leader ??= leader;
    if (this.#attempt.leader !== leader) throw new LeadersDiffer('The partitions have different leaders.');
  }
}

/** What a call of `sendBatch` came to. `encoded` is false when certainly nothing was sent. */
export type SendResult =
  | { readonly answers: readonly RecordMetadata[] }
  | { readonly thrown: unknown; readonly encoded: boolean };

/** How a {@link ProducerSession} writes. */
export interface ProducerSettings {
  readonly requestTimeoutMs: number;
  readonly compression: WriterOptions['compression'];
}

/** One producer id with its sequence numbers: an idempotent kafkajs producer, connected at the first send. */
export class ProducerSession {
  readonly #producer: Producer;
  readonly #settings: ProducerSettings;
  #connected: Promise<void> | null = null;
  /** Batches whose fate is unknown: only this producer can find it out, so it stays connected for them. */
  readonly #pins = new Set<Batch>();
  /** Calls that use it now. */
  #uses = 0;
  #retired = false;
  /** Sends in a row that failed before anything was sent. */
  failuresToSend = 0;
  /** Records sent with this producer id. */
  records = 0;

  constructor(kafka: Kafka, settings: ProducerSettings) {
    this.#settings = settings;
    this.#producer = kafka.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      // A request that was not answered in time is followed by a look at who leads now.
      metadataMaxAge: settings.requestTimeoutMs,
      // Not a number: no retry at all. kafkajs refuses 0 for an idempotent producer, yet hides behind its retries
      // whether an earlier try may have reached the log. Retries are the batcher's: the same batch, until it is known.
      retry: { retries: Number.NaN },
      createPartitioner:
        () =>
        ({ partitionMetadata, message }) => {
          if (message instanceof FirstRecord) message.checkLeader(partitionMetadata);
          return message.partition ?? 0;
        },
    });
  }

  /** One call of `sendBatch` for all the batches. Never rejects. */
  async send(batches: readonly Batch[]): Promise<SendResult> {
    const attempt = new Attempt();
    this.#uses += 1;
    try {
      this.#connected ??= this.#producer.connect();
      await this.#connected;
      const answers = await this.#producer.sendBatch({
        acks: -1,
        timeout: this.#settings.requestTimeoutMs,
        compression: compressionTypes[this.#settings.compression],
        topicMessages: topicMessages(batches, attempt),
      });
      this.failuresToSend = 0;
      for (const batch of batches) this.records += batch.records.length;
      return { answers };
    } catch (thrown) {
      if (thrown instanceof BatchCancelled) return { thrown, encoded: false };
      if (!attempt.encoded && !attempt.leaderless) {
        this.failuresToSend += 1;
        this.#connected = null;
      }
      return { thrown, encoded: attempt.encoded };
    } finally {
      this.#uses -= 1;
      this.#disconnectIfDone();
    }
  }

  /** Keeps the session connected until the batch is unpinned. */
  pin(batch: Batch): void {
    this.#pins.add(batch);
  }

  unpin(batch: Batch): void {
    this.#pins.delete(batch);
    this.#disconnectIfDone();
  }

  /** Takes no new batches; disconnects when the last send is over and no batch is pinned. */
  retire(): void {
    this.#retired = true;
    this.#disconnectIfDone();
  }

  #disconnectIfDone(): void {
    if (!this.#retired || this.#uses > 0 || this.#pins.size > 0) return;
    this.#producer.disconnect().catch(() => {});
  }
}

/**
 * The messages of one topic, partition by partition. kafkajs sorts messages to their partitions by a reduction that copies
 * what a partition has so far for each of its messages, in quadratic time. Here it is shown the first message of each
 * batch alone, by which it learns the partition, and the others follow that one.
 */
class BatchedMessages extends Array<OutgoingRecord | FirstRecord> {
  // What kafkajs makes of the messages are plain arrays.
  static override get [Symbol.species]() {
    return Array;
  }

  override reduce<Result>(...call: unknown[]): Result {
    const [step, start] = call as [(sorted: unknown, message: FirstRecord) => Record<number, unknown[]>, unknown];
    let sorted = start;
    let open: unknown[] = [];
    for (const message of this) {
      if (message instanceof FirstRecord) {
        const next = step(sorted, message);
        open = next[message.partition] ?? [];
        sorted = next;
      } else {
        open.push(message);
      }
    }
    return sorted as Result;
  }
}

function topicMessages(batches: readonly Batch[], attempt: Attempt) {
  const byTopic = new Map<string, BatchedMessages>();
  for (const batch of batches) {
    const messages = getOrAdd(byTopic, batch.topic, () => new BatchedMessages());
    for (const [index, record] of batch.records.entries()) {
      messages.push(index === 0 ? new FirstRecord(record, batch, attempt) : record);
    }
  }
  return Array.from(byTopic, ([topic, messages]) => ({ topic, messages }));
}
