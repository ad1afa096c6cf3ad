import {
  type Connection,
  ConnectionPool,
  fetchV13,
  listOffsetsV7,
  metadataV12,
  offsetForLeaderEpochV4,
  ResponseError,
} from '@platformatic/kafka';
import { messageOf } from '#errors';
import type { ConnectionOptions } from './options.ts';

/** One topic's part of a fetch. */
export type FetchTopic = fetchV13.FetchRequestTopic;
/** What a broker answers for one partition. */
export type FetchedPartition = fetchV13.FetchResponsePartition;

/** What to fetch from one broker. */
export interface FetchRequest {
  readonly topics: FetchTopic[];
  readonly maxBytes: number;
  /** How long the broker may wait for the first record. */
  readonly maxWaitMs: number;
}

/** Kafka's error codes that this room acts on. */
export const code = {
  none: 0,
  offsetOutOfRange: 1,
  unknownTopicOrPartition: 3,
  leaderNotAvailable: 5,
  invalidTopic: 17,
  topicAuthorizationFailed: 29,
} as const;

/** The answer came, and what it holds cannot be read: a broken batch, or a compression that nobody here knows. */
export class UndecodableAnswer extends Error {
  override readonly name = 'UndecodableAnswer';
}

const readCommitted = 1;
const readUncommitted = 0;
/** The replica id of one who is no replica. */
const consumer = -1;
/** Asks for no fetch session: every request says all that it wants (KIP-227). */
const noSession = { id: 0, epoch: -1 } as const;

/**
 * The requests that reading needs, over @platformatic/kafka's connections and codecs. Protocol versions are fixed:
 * Fetch 13, ListOffsets 7, OffsetForLeaderEpoch 4 and Metadata 12 are what every broker from Kafka 3.1 on understands.
 *
 * Not over its `Consumer.fetch()`: that keeps one aborted transaction a producer and fetch, lets an aborted record
 * through when the abort marker comes in a later fetch, and runs out of step with the broker's fetch session after
 * each error of one partition.
 */
export class Wire {
  readonly #bootstrap: readonly { host: string; port: number }[];
  #brokers = new Map<number, { host: string; port: number }>();
  #firstToAsk = 0;
  /** A broker answers the requests of one connection one after the other: those that may wait have their own. */
  readonly #pools: {
    readonly live: ConnectionPool;
    readonly joining: ConnectionPool;
    readonly history: ConnectionPool;
    readonly metadata: ConnectionPool;
  };

  constructor(options: ConnectionOptions) {
    this.#bootstrap = options.brokers.map(parseBroker);
    const pool = () => newPool(options);
    this.#pools = { live: pool(), joining: pool(), history: pool(), metadata: pool() };
  }

  /** Asks any broker. Error codes are in the answer; rejects when no broker answers. */
  async metadata(topics: readonly string[]): Promise<metadataV12.MetadataResponse> {
    const candidates = [...this.#brokers.values(), ...this.#bootstrap];
    const first = this.#firstToAsk % candidates.length;
    const inTurn = [...candidates.slice(first), ...candidates.slice(0, first)];
    try {
      const connection = await this.#pools.metadata.getFirstAvailable(inTurn);
      const answer = await orAnswer(connection, metadataV12.api.async(connection, [...topics], false, false));
      this.#brokers = new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
      return answer;
    } catch (error) {
      this.#firstToAsk += 1;
      throw error;
    }
  }

  /** Offsets from the partitions' leader, of committed records unless said otherwise. Error codes are in the answer. */
  async listOffsets(
    node: number,
    topic: listOffsetsV7.ListOffsetsRequestTopic,
    scope: 'COMMITTED' | 'WRITTEN' = 'COMMITTED',
  ): Promise<listOffsetsV7.ListOffsetsResponse> {
    const connection = await this.#pools.metadata.get(this.#broker(node));
    const isolation = scope === 'COMMITTED' ? readCommitted : readUncommitted;
    return await orAnswer(connection, listOffsetsV7.api.async(connection, consumer, isolation, [topic]));
  }

  /** Where the logs of leader epochs end, from the partitions' leader (KIP-320). Error codes are in the answer. */
  async leaderEpochEnds(
    node: number,
    topic: offsetForLeaderEpochV4.OffsetForLeaderEpochRequestTopic,
  ): Promise<offsetForLeaderEpochV4.OffsetForLeaderEpochResponse> {
    const connection = await this.#pools.metadata.get(this.#broker(node));
    return await orAnswer(connection, offsetForLeaderEpochV4.api.async(connection, consumer, [topic]));
  }

  /** Read-committed records from the partitions' leader. Error codes are in the answer. */
  async fetch(
    node: number,
    lane: 'live' | 'joining' | 'history',
    request: FetchRequest,
  ): Promise<fetchV13.FetchResponse> {
    const connection = await this.#pools[lane].get(this.#broker(node));
    const { topics, maxBytes, maxWaitMs } = request;
    const { id, epoch } = noSession;
    const call = fetchV13.api.async(connection, maxWaitMs, 1, maxBytes, readCommitted, id, epoch, topics, [], '');
    return await orAnswer(connection, call);
  }

  async close(): Promise<void> {
    await Promise.allSettled(Object.values(this.#pools).map((pool) => pool.close()));
  }

  #broker(node: number): { host: string; port: number } {
    const broker = this.#brokers.get(node);
    if (!broker) throw new Error(`Broker ${node} is not in the cluster's metadata.`);
    return broker;
  }
}

function newPool(options: ConnectionOptions): ConnectionPool {
  const pool = new ConnectionPool(options.clientId, {
    connectTimeout: options.connectTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
  });
  // The calls under way hear of it too; an 'error' event without a listener would end the process.
  pool.on('connecting', ({ connection }) => connection.on('error', () => {}));
  return pool;
}

/** The library throws an answer in which any partition has an error code; here the codes are part of the answer. */
async function orAnswer<T>(connection: Connection, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ResponseError && error['response']) return error['response'];
    if (connection.isConnected()) throw new UndecodableAnswer(messageOf(error), { cause: error });
    throw error;
  }
}

function parseBroker(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(address.slice(colon + 1)) };
}
