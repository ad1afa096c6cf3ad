import { setTimeout as delay } from 'node:timers/promises';
import { type Admin, Kafka as KafkaJs, logLevel } from 'kafkajs';
import type { Kafka } from '#kafka';
import type { Broker } from './broker.ts';
import { declare } from './declarations.ts';
import { type GatewayProcess, type GatewaySettings, openOwnGateway, startGateway } from './gateway.ts';
import { History, type Seen } from './history.ts';
import { openTestKafka, readAll, recordsOf } from './kafka.ts';
import { Producers } from './producers.ts';
import { TcpProxy } from './proxy.ts';
import { Subscriber, type SubscriberShape } from './subscribers.ts';

/** A gateway that can be killed and come back, behind a proxy that keeps its address. */
export interface Replica {
  /** Of the API, over HTTP and through the proxy. */
  readonly url: string;
  /** What stands between it and the subscribers. */
  readonly proxy: TcpProxy;
  /** Of the API, without the proxy. */
  readonly directUrl: string;
  /** Ends it, in the way of the signal, and starts another in its place. Rejects unless it is a process of its own. */
  restart(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

/** What a world is made of. */
export interface WorldOptions {
  readonly broker: Pick<Broker, 'address'>;
  readonly topic: string;
  readonly replicas: number;
  /** Its gateways are part of this process, so that they start sooner; none can be killed. */
  readonly isInProcess?: boolean;
  /** Declarations beside that of the events; they need Flink. */
  readonly views?: string;
  readonly flink?: { readonly flinkRest: string; readonly sqlGateway: string };
  /** Size of each event's `pad`. */
  readonly padBytes?: number;
  /** Pause between the calls of one producer. */
  readonly everyMs?: number;
}

/** How one subscribes; to the events, unless it says otherwise. */
export type Shape = Omit<SubscriberShape, 'field'> & Partial<Pick<SubscriberShape, 'field'>>;

const firstPartitions = 4;

/**
 * One topic of numbered events, gateways that reach their Kafka through a proxy, producers, subscribers, and the history of what they were
 * told: for tests that break something and ask whether anybody noticed. Its Kafka is the caller's, and may be broken.
 */
export class FaultWorld implements AsyncDisposable {
  readonly history = new History();
  readonly producers: Producers;
  readonly subscribers: Subscriber[] = [];
  readonly replicas: Replica[] = [];
  /** What stands between the gateways and Kafka. */
  readonly kafkaProxy: TcpProxy;
  readonly topic: string;
  readonly #broker: Pick<Broker, 'address'>;
  readonly #cleanUp = new AsyncDisposableStack();
  #partitions = firstPartitions;

  private constructor(options: WorldOptions, kafkaProxy: TcpProxy) {
    const { broker, topic, padBytes = 0, everyMs = 10 } = options;
    this.#broker = broker;
    this.topic = topic;
    this.kafkaProxy = this.#cleanUp.use(kafkaProxy);
    this.producers = new Producers({ history: this.history, topic, everyMs, padBytes });
  }

  static async open(options: WorldOptions): Promise<FaultWorld> {
    const { broker, topic, replicas, views = '' } = options;
    const world = new FaultWorld(options, await TcpProxy.open({ target: broker.address, rewriteAddress: true }));
    await using unlessOpen = new AsyncDisposableStack();
    unlessOpen.use(world);
    const declaration = `type Event @stream(topic: "${topic}", key: ["producer"], partitions: ${firstPartitions}, plural: "events") {
      producer: ID! number: Int! pad: String
    }`;
    const schema = world.#cleanUp.use(await declare({ 'events.graphql': `${declaration}\n${views}` }));
    for (let count = 0; count < replicas; count += 1) {
      const open = options.isInProcess ? openInProcess : openProcess;
      world.replicas.push(await world.#openReplica(open, schema.folder, options.flink));
    }
    unlessOpen.move();
    return world;
  }

  get partitions(): number {
    return this.#partitions;
  }

  /**
   * Subscribes; without a fixed replica each visit goes to the next. Directly, without the proxy, only as much fits
   * between the gateway and a subscriber that does not read as one pair of sockets holds.
   */
  subscribe(shape: Shape, options: { replica?: number; isDirect?: boolean; random?: () => number } = {}): Subscriber {
    const urlOf = (visit: number) => {
      const replica = this.#replica(options.replica ?? visit);
      return options.isDirect ? replica.directUrl : replica.url;
    };
    const subscriber = new Subscriber({ field: 'events', ...shape }, urlOf, options.random);
    this.subscribers.push(subscriber);
    return subscriber;
  }

  /** One producer of each kind a replica, and two that write past them. */
  produce(): void {
    for (const [index] of this.replicas.entries()) {
      this.producers.addMutation(`gateway-${index}`, 'produceEvents', () => this.#replica(index).directUrl);
    }
    this.producers.addKafkajs('kafkajs', this.#broker.address);
    this.producers.addTransactions(`transactions-${this.topic}`, this.#broker.address);
  }

  /** Retention deletes the oldest records of a partition, down to the last few. */
  async expire(partition: number, keep: number): Promise<void> {
    await this.#admin(async (admin) => {
      const found = (await offsetsOf(admin, this.topic)).find((one) => one.partition === partition);
      const before = Math.max(Number(found?.low ?? 0), Number(found?.high ?? 0) - keep);
      // Told first: a reader may meet the gap before the answer is here.
      this.history.expire(partition, before);
      await admin.deleteTopicRecords({ topic: this.topic, partitions: [{ partition, offset: `${before}` }] });
    });
  }

  /** Deletes the topic and makes it anew, while nobody writes. */
  async recreate(): Promise<void> {
    await this.producers.pause();
    // What producers do not know of counts as far as it was written.
    this.history.settle(await this.readLog());
    await this.#admin(async (admin) => {
      this.history.recreate();
      await admin.deleteTopics({ topics: [this.topic] });
      // kafkajs's own waiting for the leaders takes "not known yet" for an answer.
      const topics = [{ topic: this.topic, numPartitions: this.#partitions }];
      await admin.createTopics({ topics, waitForLeaders: false });
      // A gateway that starts at this moment creates it as declared, and wins or loses.
      this.#partitions = await countPartitions(admin, this.topic);
    });
    this.producers.renew();
    this.producers.goOn();
  }

  async addPartitions(count: number): Promise<void> {
    this.#partitions += count;
    await this.#admin((admin) =>
      admin.createPartitions({ topicPartitions: [{ topic: this.topic, count: this.#partitions }] }),
    );
    this.producers.renew();
  }

  /** What the topic holds now, read committed, past all proxies. */
  async readLog(): Promise<readonly Seen[]> {
    await using kafka: Kafka = openTestKafka({ brokers: this.#broker.address });
    return recordsOf(await readAll(kafka, this.topic, this.#partitions)).map(({ partition, offset, value }) => {
      const { producer, number } = JSON.parse(String(value));
      return { producer, number, partition, offset: `${offset}` };
    });
  }

  /** Ends the producing, and waits until every subscriber has everything, or nothing comes for that long. */
  async settle(patienceMs: number): Promise<void> {
    await this.producers[Symbol.asyncDispose]();
    const log = await this.readLog();
    this.history.settle(log);
    for (const subscriber of this.subscribers) {
      subscriber.readOn();
      subscriber.wake();
    }
    let seen = -1;
    for (let since = Date.now(); Date.now() - since < patienceMs; await delay(100)) {
      if (this.subscribers.every((subscriber) => subscriber.missing(this.history) === 0)) return;
      const now = this.subscribers.reduce((sum, { reading }) => sum + reading.length, 0);
      if (now !== seen) since = Date.now();
      seen = now;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.producers[Symbol.asyncDispose]();
    await Promise.all(this.subscribers.map((subscriber) => subscriber[Symbol.asyncDispose]()));
    await this.#cleanUp.disposeAsync();
  }

  #replica(index: number): Replica {
    const replica = this.replicas[index % this.replicas.length];
    if (!replica) throw new Error('This world has no gateway.');
    return replica;
  }

  async #openReplica(open: OpenGateway, schema: string, flink: WorldOptions['flink']): Promise<Replica> {
    const gateway = await open({
      schema,
      clusters: { kafka: this.kafkaProxy.address, ...flink },
      env: {
        SLUICE_CURSOR_SECRET: 'the same for all and long enough',
        SLUICE_PRODUCE_TIMEOUT_MS: '2000',
        LOG_LEVEL: 'error',
        FLINK_KAFKA_BROKERS: flink ? this.#broker.address : '',
      },
    });
    this.#cleanUp.use(gateway);
    const proxy = this.#cleanUp.use(await TcpProxy.open({ target: new URL(gateway.url).host }));
    return {
      url: `http://${proxy.address}/graphql`,
      proxy,
      get directUrl() {
        return gateway.url;
      },
      async restart(signal) {
        await gateway.restart(signal);
        proxy.retarget(new URL(gateway.url).host);
      },
    };
  }

  async #admin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = new KafkaJs({ brokers: [this.#broker.address], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  }
}

/** Where its partitions begin and end; a partition that was just added may not know its leader yet. */
async function offsetsOf(admin: Admin, topic: string): ReturnType<Admin['fetchTopicOffsets']> {
  for (let left = 100; ; left -= 1) {
    try {
      return await admin.fetchTopicOffsets(topic);
    } catch (error) {
      const isPassing = error instanceof Error && 'retriable' in error && error.retriable === true;
      if (!isPassing || left === 0) throw error;
      await delay(100);
    }
  }
}

/** How many partitions the topic has, as soon as Kafka knows it and who leads them. */
async function countPartitions(admin: Admin, topic: string): Promise<number> {
  for (const until = Date.now() + 20_000; Date.now() < until; await delay(50)) {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] }).catch(() => ({ topics: [] }));
    const partitions = topics[0]?.partitions ?? [];
    if (partitions.length > 0 && partitions.every(({ leader }) => leader >= 0)) return partitions.length;
  }
  throw new Error(`Kafka does not know the topic "${topic}".`);
}

/** A gateway of a world, which may be another after a restart. */
interface WorldGateway extends AsyncDisposable, Pick<Replica, 'restart'> {
  readonly url: string;
}

type OpenGateway = (settings: GatewaySettings) => Promise<WorldGateway>;

async function openProcess(settings: GatewaySettings): Promise<WorldGateway> {
  let running: GatewayProcess = await startGateway(settings);
  return {
    get url() {
      return running.url;
    },
    async restart(signal) {
      await (signal === 'SIGKILL' ? running.kill() : running.stop());
      await running[Symbol.asyncDispose]();
      running = await startGateway(settings);
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

async function openInProcess(settings: GatewaySettings): Promise<WorldGateway> {
  const restart = () => Promise.reject(new Error('This gateway is no process of its own.'));
  return { ...(await openOwnGateway(settings)), restart };
}
