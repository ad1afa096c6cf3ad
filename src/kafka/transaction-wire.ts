import {
  addPartitionsToTxnV3,
  type Connection,
  type ConnectionPool,
  describeTransactionsV0,
  endTxnV3,
  findCoordinatorV4,
  initProducerIdV4,
  type MessageRecord,
  NumericMap,
  produceV9,
} from '@platformatic/kafka';
import type { ConnectionOptions } from './options.ts';
import { newPool, orAnswer, type Wire } from './wire.ts';
import type { OutgoingRecord } from './write-call.ts';

/** A producer id with its epoch, as the transaction's coordinator gave it out. */
export interface ProducerIdentity {
  readonly transactionalId: string;
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** What goes to one partition in one request, with the number of its first record in the producer's sequence. */
export interface PartitionRecords {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly OutgoingRecord[];
  readonly firstSequence: number;
}

/** What a partition's leader answered; `appendedAtMs` is null where the topic keeps the records' own timestamps. */
export interface Appended {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly baseOffset: bigint;
  readonly appendedAtMs: number | null;
}

type Address = { host: string; port: number };

const transactionKey = 1;
const acksAll = -1;

/**
 * The requests of a transaction, over @platformatic/kafka's codecs, for kafkajs cannot send an EndTxn again: when the
 * answer to a commit is lost, that is the one question whose answer says what became of it. Versions (InitProducerId 4,
 * AddPartitionsToTxn 3, Produce 9, EndTxn 3) are those that every broker from Kafka 2.8 on understands; DescribeTransactions
 * 0 came with 3.0. Error codes are in the answers; rejections mean that no answer came.
 */
export class TransactionWire {
  readonly #wire: Wire;
  readonly #requestTimeoutMs: number;
  /** A broker answers the requests of one connection one after the other: no end of a transaction waits behind records. */
  readonly #pools: { readonly coordinating: ConnectionPool; readonly producing: ConnectionPool };

  constructor(wire: Wire, connection: ConnectionOptions) {
    this.#wire = wire;
    this.#requestTimeoutMs = connection.requestTimeoutMs;
    this.#pools = { coordinating: newPool(connection), producing: newPool(connection) };
  }

  /** The broker that keeps the state of the id's transactions. */
  async coordinator(transactionalId: string): Promise<Address & { readonly errorCode: number }> {
    const answer = await this.#wire.askAny(this.#pools.coordinating, (connection) =>
      findCoordinatorV4.api.async(connection, transactionKey, [transactionalId]),
    );
    const [found] = answer.coordinators;
    if (!found) throw new Error('The answer names no coordinator.');
    return found;
  }

  /** A new epoch of the id; a transaction that is open is aborted by that. */
  async initialise(
    at: Address,
    transactionalId: string,
    timeoutMs: number,
  ): Promise<initProducerIdV4.InitProducerIdResponse> {
    const connection = await this.#pools.coordinating.get(at);
    return await orAnswer(connection, initProducerIdV4.api.async(connection, transactionalId, timeoutMs));
  }

  /** Takes partitions into the transaction, and begins it; answers their error codes. */
  async addPartitions(
    at: Address,
    identity: ProducerIdentity,
    topics: { name: string; partitions: number[] }[],
  ): Promise<readonly number[]> {
    const connection = await this.#pools.coordinating.get(at);
    const call = addPartitionsToTxnV3.api.async(connection, [{ ...identity, verifyOnly: false, topics }]);
    const answer = await orAnswer(connection, call);
    return answer.resultsByTransaction.flatMap(({ topicResults }) =>
      topicResults.flatMap(({ resultsByPartition }) => resultsByPartition.map((each) => each.partitionErrorCode)),
    );
  }

  /** Whether the node leads all these partitions now, as far as any broker knows. */
  async leads(node: number, parts: readonly Pick<PartitionRecords, 'topic' | 'partition'>[]): Promise<boolean> {
    const { topics } = await this.#wire.metadata([...new Set(parts.map(({ topic }) => topic))]);
    return parts.every(({ topic, partition }) => {
      const partitions = topics.find(({ name }) => name === topic)?.partitions;
      return partitions?.find(({ partitionIndex }) => partitionIndex === partition)?.leaderId === node;
    });
  }

  /** Appends to partitions that the node leads. */
  async produce(
    node: number,
    { transactionalId, producerId, producerEpoch }: ProducerIdentity,
    parts: readonly PartitionRecords[],
  ): Promise<readonly Appended[]> {
    const connection = await this.#pools.producing.get(this.#wire.broker(node));
    const sequences = new NumericMap(
      parts.map(({ topic, partition, firstSequence }) => [`${topic}:${partition}`, firstSequence]),
    );
    const options = { transactionalId, producerId, producerEpoch, sequences };
    const call = produceV9.api.async(connection, acksAll, this.#requestTimeoutMs, parts.flatMap(toMessages), options);
    const answer = await orAnswer(connection, call as Promise<produceV9.ProduceResponse>);
    return answer.responses.flatMap(({ name: topic, partitionResponses }) =>
      partitionResponses.map(({ index, errorCode, baseOffset, logAppendTimeMs }) => ({
        topic,
        partition: index,
        errorCode,
        baseOffset,
        appendedAtMs: logAppendTimeMs < 0n ? null : Number(logAppendTimeMs),
      })),
    );
  }

  /** Commits or aborts; a commit that is asked for again has the answer of the first. */
  async end(at: Address, identity: ProducerIdentity, kind: 'COMMIT' | 'ABORT'): Promise<number> {
    const { transactionalId, producerId, producerEpoch } = identity;
    const connection: Connection = await this.#pools.coordinating.get(at);
    const call = endTxnV3.api.async(connection, transactionalId, producerId, producerEpoch, kind === 'COMMIT');
    return (await orAnswer(connection, call)).errorCode;
  }

  /** In which of KIP-664's states the id's newest transaction is: `Ongoing`, `PrepareCommit`, `CompleteCommit`, … */
  async describe(
    at: Address,
    transactionalId: string,
  ): Promise<{ readonly errorCode: number; readonly state: string }> {
    const connection = await this.#pools.coordinating.get(at);
    const call = describeTransactionsV0.api.async(connection, [transactionalId]);
    const [described] = (await orAnswer(connection, call)).transactionStates;
    if (!described) throw new Error('The answer does not mention the transaction.');
    return { errorCode: described.errorCode, state: described.transactionState };
  }

  async close(): Promise<void> {
    await Promise.allSettled(Object.values(this.#pools).map((pool) => pool.close()));
  }
}

function toMessages({ topic, partition, records }: PartitionRecords): MessageRecord[] {
  return records.map(({ key, value, headers, timestamp }) => ({
    topic,
    partition,
    timestamp: BigInt(timestamp),
    ...(key && { key }),
    // The codec writes null as Kafka does; its type does not know tombstones.
    value: value as Buffer,
    ...(headers && { headers: toHeaders(headers) }),
  }));
}

/** By the identity of the names' buffers, so that a name may come several times. */
function toHeaders(headers: NonNullable<OutgoingRecord['headers']>): Map<Buffer, Buffer> {
  return new Map(
    Object.entries(headers).flatMap(([name, values]) => values.map((value) => [Buffer.from(name), value] as const)),
  );
}
