import {
  type Connection,
  ConnectionPool,
  type fetchV13,
  findCoordinatorV4,
  listOffsetsV7,
  metadataV12,
  offsetCommitV8,
  offsetFetchV8,
  offsetForLeaderEpochV4,
  ResponseError,
} from '@platformatic/kafka';
import { messageOf } from '#errors';
import { boundDecompression, boundedFetch, isSwollen, Portions } from './decompression.ts';
import type { ConnectionOptions } from './options.ts';

/** One topic's part of a fetch. */
export type FetchTopic = fetchV13.FetchRequestTopic;
/** What a broker answers for one partition. */
export type FetchedPartition = fetchV13.FetchResponsePartition;

/** Where a broker is reached. */
export type Address = { host: string; port: number };

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
/** The key type of a consumer group among those that have a coordinator. */
const groupKey = 0;
/** Commits as one who is no member: allowed as long as the group has none. */
const noMember = { generation: -1, memberId: '' } as const;
/** A broker that has not told by then what any could tell is not waited for alone: healthy ones take milliseconds. */
const patienceMs = 500;
/** Asks for no fetch session: every request says all that it wants (KIP-227). */
const noSession = { id: 0, epoch: -1 } as const;

/**
 * The requests that reading needs, over @platformatic/kafka's connections and codecs. Protocol versions are fixed:
 * Fetch 13, ListOffsets 7, OffsetForLeaderEpoch 4, Metadata 12, FindCoordinator 4, OffsetFetch 8 and OffsetCommit 8 are
 * what every broker from Kafka 3.1 on understands.
 *
 * Not over its `Consumer.fetch()`: that keeps one aborted transaction a producer and fetch, lets an aborted record
 * through when the abort marker comes in a later fetch, and runs out of step with the broker's fetch session after
 * each error of one partition.
 */
export class Wire {
  readonly #bootstrap: readonly Address[];
  readonly #portions = new Portions();
  #brokers = new Map<number, Address>();
  /** Who is asked first of what any broker can tell: who answered last, so that what was told once stays known. */
  #preferred: Address | null = null;
  #isDoubted = false;
  /** A broker answers the requests of one connection one after the other: those that may wait have their own. */
  readonly #pools: {
    readonly live: ConnectionPool;
    readonly joining: ConnectionPool;
    readonly history: ConnectionPool;
    readonly metadata: ConnectionPool;
  };

  constructor(options: ConnectionOptions) {
    boundDecompression();
    this.#bootstrap = options.brokers.map(parseBroker);
    const pool = () => newPool(options);
    this.#pools = { live: pool(), joining: pool(), history: pool(), metadata: pool() };
  }

  /** Where brokers may be reached: who answered last, then those of the cluster. */
  get brokers(): readonly Address[] {
    const all = [...(this.#preferred ? [this.#preferred] : []), ...this.#brokers.values(), ...this.#bootstrap];
    return [...new Map(all.map((address) => [`${address.host}:${address.port}`, address])).values()];
  }

  /** What was told of leaders turned out wrong: the next question goes to another broker. */
  doubt(): void {
    this.#isDoubted = true;
  }

  /** Asks any broker; of all topics when there is null. Error codes are in the answer; rejects when no broker answers. */
  async metadata(topics: readonly string[] | null): Promise<metadataV12.MetadataResponse> {
    const answer = await this.askAny(this.#pools.metadata, (connection) =>
      metadataV12.api.async(connection, topics && [...topics], false, false),
    );
    this.#brokers = new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
    return answer;
  }

  /**
   * Asks a broker, and the next one when that fails or does not answer soon: a machine that is gone closes no connection.
   * The first answer counts; rejects when all have failed.
   */
  async askAny<T>(pool: ConnectionPool, ask: (connection: Connection) => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const [first, ...others] = this.brokers;
    const waiting = first && this.#isDoubted ? [...others, first] : [first, ...others];
    let open = waiting.length;
    let isOver = false;
    let timer: NodeJS.Timeout | undefined;
    const askNext = () => {
      clearTimeout(timer);
      const broker = waiting.shift();
      if (!broker || isOver) return;
      if (waiting.length > 0) timer = setTimeout(askNext, patienceMs);
      this.#askOne(pool, broker, ask).then(
        (answer) => {
          if (!isOver) this.#preferred = broker;
          this.#isDoubted = false;
          resolve(answer);
        },
        (error: unknown) => {
          open -= 1;
          if (open === 0) reject(error);
          else askNext();
        },
      );
    };
    askNext();
    return await promise.finally(() => {
      isOver = true;
      clearTimeout(timer);
    });
  }

  async #askOne<T>(pool: ConnectionPool, broker: Address, ask: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await pool.get(broker);
    return await orAnswer(connection, ask(connection));
  }

  /** Offsets from the partitions' leader, of committed records unless said otherwise. Error codes are in the answer. */
  async listOffsets(
    node: number,
    topic: listOffsetsV7.ListOffsetsRequestTopic,
    scope: 'COMMITTED' | 'WRITTEN' = 'COMMITTED',
  ): Promise<listOffsetsV7.ListOffsetsResponse> {
    const connection = await this.#pools.metadata.get(this.broker(node));
    const isolation = scope === 'COMMITTED' ? readCommitted : readUncommitted;
    return await orAnswer(connection, listOffsetsV7.api.async(connection, consumer, isolation, [topic]));
  }

  /** Where the logs of leader epochs end, from the partitions' leader (KIP-320). Error codes are in the answer. */
  async leaderEpochEnds(
    node: number,
    topic: offsetForLeaderEpochV4.OffsetForLeaderEpochRequestTopic,
  ): Promise<offsetForLeaderEpochV4.OffsetForLeaderEpochResponse> {
    const connection = await this.#pools.metadata.get(this.broker(node));
    return await orAnswer(connection, offsetForLeaderEpochV4.api.async(connection, consumer, [topic]));
  }

  /**
   * Read-committed records from the partitions' leader. Error codes are in the answer. Less is asked for of topics whose
   * records are much larger than they are sent, so that an answer fits into memory.
   */
  async fetch(
    node: number,
    lane: 'live' | 'joining' | 'history',
    request: FetchRequest,
  ): Promise<fetchV13.FetchResponse> {
    const { maxWaitMs } = request;
    const { id, epoch } = noSession;
    for (;;) {
      const connection = await this.#pools[lane].get(this.broker(node));
      const { topics, maxBytes } = this.#portions.of(request);
      const call = boundedFetch.async(connection, maxWaitMs, 1, maxBytes, readCommitted, id, epoch, topics, [], '');
      try {
        const answer = await orAnswer(connection, call);
        this.#portions.grow(answer);
        return answer;
      } catch (error) {
        if (!isSwollen(error)) throw error;
        this.#portions.shrink(request.topics.map(({ topicId }) => topicId));
      }
    }
  }

  /** The broker that keeps the committed offsets of a consumer group. */
  async coordinator(group: string): Promise<findCoordinatorV4.FindCoordinatorResponseCoordinator | undefined> {
    const answer = await this.askAny(this.#pools.metadata, (connection) =>
      findCoordinatorV4.api.async(connection, groupKey, [group]),
    );
    return answer.coordinators[0];
  }

  /** The committed offsets of a consumer group, from its coordinator; -1 where there is none. Error codes are in the answer. */
  async committed(
    node: number,
    group: string,
    topic: offsetFetchV8.OffsetFetchRequestTopic,
  ): Promise<offsetFetchV8.OffsetFetchResponseGroup | undefined> {
    const connection = await this.#pools.metadata.get(this.broker(node));
    const groups = [{ groupId: group, memberEpoch: -1, topics: [topic] }];
    return (await orAnswer(connection, offsetFetchV8.api.async(connection, groups, false))).groups[0];
  }

  /** Commits offsets of a consumer group that has no members, at its coordinator. Error codes are in the answer. */
  async commit(
    node: number,
    group: string,
    topic: offsetCommitV8.OffsetCommitRequestTopic,
  ): Promise<offsetCommitV8.OffsetCommitResponse> {
    const connection = await this.#pools.metadata.get(this.broker(node));
    const { generation, memberId } = noMember;
    return await orAnswer(connection, offsetCommitV8.api.async(connection, group, generation, memberId, null, [topic]));
  }

  async close(): Promise<void> {
    await Promise.allSettled(Object.values(this.#pools).map((pool) => pool.close()));
  }

  /** Where a broker of the cluster is reached. Throws when the metadata does not name it. */
  broker(node: number): Address {
    const broker = this.#brokers.get(node);
    if (!broker) throw new Error(`Broker ${node} is not in the cluster's metadata.`);
    return broker;
  }
}

/** Connections of a lane of their own: a broker answers the requests of one connection one after the other. */
export function newPool(options: ConnectionOptions): ConnectionPool {
  const pool = new ConnectionPool(options.clientId, {
    connectTimeout: options.connectTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
  });
  // The calls under way hear of it too; an 'error' event without a listener would end the process.
  pool.on('connecting', ({ connection }) => connection.on('error', () => {}));
  return pool;
}

/** The library throws an answer in which any partition has an error code; here the codes are part of the answer. */
export async function orAnswer<T>(connection: Connection, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ResponseError && error['response']) return error['response'];
    if (connection.isConnected()) throw new UndecodableAnswer(messageOf(error), { cause: error });
    throw error;
  }
}

function parseBroker(address: string): Address {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(address.slice(colon + 1)) };
}
