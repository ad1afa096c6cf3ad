import kafkajs, { type Kafka, type RecordMetadata } from 'kafkajs';
import { messageOf } from '#errors';
import type { AttemptResult, Batch, Sender } from './batch.ts';
import { notTaken, recordTooLarge, refused, unavailable } from './failures.ts';
import type { Logger } from './options.ts';
import {
  Leaderless,
  LeadersDiffer,
  PartitionUnknown,
  ProducerSession,
  type ProducerSettings,
} from './producer-session.ts';

/** Not among the names that Node finds in the CommonJS module. */
const { KafkaJSProtocolError } = kafkajs;

/** Kafka's answers after which the records of the attempt certainly stand in no log, now and in future. */
const final = new Set([
  'INVALID_TOPIC_EXCEPTION',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'UNSUPPORTED_VERSION',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'UNSUPPORTED_COMPRESSION_TYPE',
  'INVALID_REQUIRED_ACKS',
  'POLICY_VIOLATION',
]);
/** The same, and one record may be the cause of it for the whole batch. */
const finalForSome = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_TIMESTAMP',
  'INVALID_RECORD',
  'CORRUPT_MESSAGE',
]);
/** Those among them that say that the batch is larger than its topic allows. */
const tooLarge = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
/** Kafka's answers that come before anything is appended and may pass. */
const passing = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'NOT_ENOUGH_REPLICAS']);
/** The sequence of the producer id is broken; this attempt was not appended. */
const sequence = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'PRODUCER_FENCED',
]);

/** A sequence number has 31 bits; kafkajs does not wrap it as Kafka does, so a producer id ends well before. */
const maxRecordsPerSession = 2 ** 30;

/**
 * A {@link Sender} over kafkajs. Soundness rests on three rules. One batch per partition and one request per broker at
 * a time. A batch whose fate is unknown is only ever followed, in its producer id's sequence, by itself: the broker then
 * recognises it and answers with the offset of the first time. And when it is given up, so is the producer id, for
 * kafkajs would reuse its sequence numbers and the broker would take new records for it, acknowledged and lost.
 */
export class ProducerSender implements Sender {
  readonly #kafka: Kafka;
  readonly #settings: ProducerSettings;
  readonly #logger: Logger;
  #session: ProducerSession;
  /** Unresolved batches must be sent again by the producer that sent them first. */
  readonly #pinned = new WeakMap<Batch, ProducerSession>();

  constructor(kafka: Kafka, settings: ProducerSettings, logger: Logger) {
    this.#kafka = kafka;
    this.#settings = settings;
    this.#logger = logger;
    this.#session = this.#newSession();
  }

  async attempt(batches: readonly Batch[]): Promise<readonly AttemptResult[]> {
    const [first] = batches;
    const pinned = first && batches.length === 1 ? this.#pinned.get(first) : undefined;
    const session = pinned ?? this.#session;
    if (session.records > maxRecordsPerSession) this.#retire(session, 'its sequence is nearly used up');
    const results = await this.#send(batches, session);
    for (const [i, batch] of batches.entries()) this.#keep(batch, session, results[i]?.kind === 'unresolved');
    return results;
  }

  abandon(batch: Batch): void {
    const session = this.#pinned.get(batch);
    if (!session) return;
    this.#retire(session, 'a batch was given up whose fate is unknown');
    this.#keep(batch, session, false);
  }

  async close(): Promise<void> {
    this.#session.retire();
  }

  async #send(batches: readonly Batch[], session: ProducerSession): Promise<readonly AttemptResult[]> {
    const sent = await session.send(batches);
    if ('answers' in sent) return acknowledged(batches, sent.answers);
    const error = rootOf(sent.thrown);
    if (!sent.encoded) {
      const isForSome = error instanceof Leaderless && batches.length > 1;
      if (error instanceof LeadersDiffer || isForSome) return await this.#oneByOne(batches, session);
      if (error instanceof Leaderless)
        return batches.map(({ topic }) => ({ kind: 'not-sent', error: notTaken(topic, error) }));
      this.#reconsider(session, error);
      return batches.map(() => ({ kind: 'not-sent', error: unavailable('a write', error) }));
    }
    const isMoved = error instanceof KafkaJSProtocolError && error.type === 'NOT_LEADER_FOR_PARTITION';
    // When a leader has moved, each goes on by itself: those that stay do not wait for the new leader of the others.
    if (batches.length > 1 && error instanceof KafkaJSProtocolError && !isMoved) {
      // kafkajs says the first of several answers and not whose it was. It has taken back all sequence numbers of the
      // request, so each batch sent alone gets its own answer, also the offset of one that was appended just now. But
      // one that cannot be sent now may still have been appended then.
      const results = await this.#oneByOne(batches, session);
      return results.map((result) =>
        result.kind === 'acked' || result.kind === 'refused' ? result : { ...result, kind: 'unresolved' },
      );
    }
    return batches.map((batch) => this.#judge(batch, session, error));
  }

  /** All at once: kafkajs lets the requests to one broker wait for each other. */
  async #oneByOne(batches: readonly Batch[], session: ProducerSession): Promise<readonly AttemptResult[]> {
    const results = await Promise.all(batches.map((batch) => this.#send([batch], session)));
    return results.flat();
  }

  #keep(batch: Batch, session: ProducerSession, unresolved: boolean): void {
    if (unresolved) {
      this.#pinned.set(batch, session);
      session.pin(batch);
    } else if (this.#pinned.delete(batch)) {
      session.unpin(batch);
    }
  }

  #judge(batch: Batch, session: ProducerSession, error: unknown): AttemptResult {
    const type = error instanceof KafkaJSProtocolError ? error.type : '';
    const message = `Kafka refused records for "${batch.topic}": ${messageOf(error)}`;
    if (tooLarge.has(type) && batch.records.length === 1) {
      return { kind: 'refused', error: recordTooLarge(batch.topic, bytesOf(batch), error), divisible: false };
    }
    if (final.has(type) || finalForSome.has(type)) {
      return { kind: 'refused', error: refused(message, error), divisible: finalForSome.has(type) };
    }
    // Of a topic that is gone a session would look for the metadata at each send.
    if (type === 'UNKNOWN_TOPIC_OR_PARTITION') this.#retire(session, 'one of its topics is gone');
    if (passing.has(type)) return { kind: 'not-sent', error: notTaken(batch.topic, error) };
    if (sequence.has(type)) {
      this.#retire(session, `Kafka answered ${type}`);
      return { kind: 'session-lost', error: refused(message, error) };
    }
    return { kind: 'unresolved', error: unavailable('a write', error) };
  }

  /** Nothing was sent. A session that cannot send twice in a row, or knows a topic that is gone, is worth replacing. */
  #reconsider(session: ProducerSession, error: unknown): void {
    const isTopicGone = error instanceof Error && error.name === 'KafkaJSMetadataNotLoaded';
    if (isTopicGone || error instanceof PartitionUnknown || session.failuresToSend >= 2) {
      this.#retire(session, `it cannot send: ${messageOf(error)}`);
    }
  }

  #retire(session: ProducerSession, reason: string): void {
    if (session !== this.#session) return;
    this.#logger.debug({ reason }, 'Taking a new Kafka producer id');
    this.#session = this.#newSession();
    session.retire();
  }

  #newSession(): ProducerSession {
    return new ProducerSession(this.#kafka, this.#settings);
  }
}

function acknowledged(batches: readonly Batch[], answers: readonly RecordMetadata[]): readonly AttemptResult[] {
  const byPartition = new Map(answers.map((answer) => [`${answer.topicName}/${answer.partition}`, answer]));
  return batches.map((batch): AttemptResult => {
    const answer = byPartition.get(`${batch.topic}/${batch.partition}`);
    if (answer?.baseOffset === undefined) {
      return { kind: 'unresolved', error: unavailable('a write', new Error('The answer does not mention the batch')) };
    }
    const appendedAtMs = Number(answer.logAppendTime ?? -1);
    return {
      kind: 'acked',
      baseOffset: BigInt(answer.baseOffset),
      appendedAtMs: appendedAtMs < 0 ? null : appendedAtMs,
    };
  });
}

function bytesOf({ segments }: Batch): number {
  return segments.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** kafkajs wraps the error that ended its tries. */
function rootOf(thrown: unknown): unknown {
  let error = thrown;
  while (error instanceof Error && !(error instanceof KafkaJSProtocolError) && error.cause instanceof Error)
    error = error.cause;
  return error;
}
