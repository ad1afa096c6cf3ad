import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel, type Producer, type Transaction } from 'kafkajs';
import { post } from './client.ts';
import type { History, Told } from './history.ts';

/** A numbered event to write. */
interface NewEvent {
  readonly producer: string;
  readonly number: number;
}

/** One way to write events. */
interface Writer {
  /** What became of each; null when nobody knows. */
  write(events: readonly NewEvent[]): Promise<readonly Told[] | null>;
  /** Forgets its connections and what it knows of the topic. */
  renew(): Promise<void>;
}

/** What {@link Producers} write, and where what they are told is noted. */
export interface ProducersOptions {
  readonly history: History;
  readonly topic: string;
  /** Pause between the calls of one producer. */
  readonly everyMs: number;
  /** Size of each event's `pad`. */
  readonly padBytes: number;
}

/** GraphQL errors in place of outcomes which say that nothing was written. */
const notWritten = new Set(['KAFKA_UNAVAILABLE', 'SHUTTING_DOWN', 'TOPIC_MISSING', 'OVERLOADED']);
const keysOfAProducer = 3;
const callTimeoutMs = 40_000;

/** Producers of numbered events that go on whatever happens, each with a sequence per key, until they are disposed. */
export class Producers implements AsyncDisposable {
  /** Answers that a healthy gateway never gives. */
  readonly refusals: string[] = [];
  readonly #options: ProducersOptions;
  readonly #stop = new AbortController();
  readonly #loops: Promise<void>[] = [];
  readonly #busy = new Set<Promise<void>>();
  #gate: PromiseWithResolvers<void> | null = null;
  #generation = 0;

  constructor(options: ProducersOptions) {
    this.#options = options;
  }

  /** Adds one that calls a gateway's mutation, which is `produce` and the type's plural. */
  addMutation(name: string, mutation: string, urlOf: () => string): void {
    const pad = 'x'.repeat(this.#options.padBytes);
    const query = `mutation ($events: [EventInput!]!) { ${mutation}(events: $events) {
      records { outcome partition offset }
    } }`;
    this.#add(name, {
      write: async (events) => {
        const answer = await this.#call(urlOf(), query, { events: events.map((event) => ({ ...event, pad })) });
        if (answer?.data?.[mutation]) return answer.data[mutation].records;
        const code = `${answer?.errors?.[0]?.extensions?.['code']}`;
        if (notWritten.has(code)) return events.map((): Told => ({ outcome: 'NOT_WRITTEN' }));
        if (answer !== null) this.refusals.push(JSON.stringify(answer));
        return null;
      },
      renew: async () => {},
    });
  }

  /** Adds one that writes with kafkajs: nothing of Sluice is in between. */
  addKafkajs(name: string, broker: string): void {
    const client = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING });
    this.#add(
      name,
      this.#kafkajsWriter(
        () => client.producer({ idempotent: true }),
        async (producer, events) => {
          // Of one key, so that all are in one partition, one after the other.
          const [written] = await producer.send({ topic: this.#options.topic, messages: this.#messages(events) });
          return acked(written, events.length);
        },
      ),
    );
  }

  /** Adds one that writes in transactions of which it aborts every third. */
  addTransactions(name: string, broker: string): void {
    const client = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING });
    const settings = { idempotent: true, maxInFlightRequests: 1, transactionTimeout: 5_000, transactionalId: name };
    let count = 0;
    this.#add(
      name,
      this.#kafkajsWriter(
        () => client.producer(settings),
        async (producer, events) => {
          count += 1;
          const isForNothing = count % 3 === 0;
          const told = await this.#transact(producer, events, isForNothing).catch((error) => {
            // What nobody tried to commit is not written, however it ends.
            if (!isForNothing) throw error;
            return null;
          });
          return told ?? events.map((): Told => ({ outcome: 'NOT_WRITTEN' }));
        },
      ),
    );
  }

  /** Nothing is written any more, until `goOn`; resolves when no call is under way. */
  async pause(): Promise<void> {
    this.#gate ??= Promise.withResolvers();
    await Promise.all(this.#busy);
  }

  goOn(): void {
    this.#gate?.resolve();
    this.#gate = null;
  }

  /** All take other keys and look at the topic anew: for when it was recreated, or got more partitions. */
  renew(): void {
    this.#generation += 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.goOn();
    await Promise.all(this.#loops);
  }

  #add(name: string, writer: Writer): void {
    this.#loops.push(this.#loop(name, writer));
  }

  async #loop(name: string, writer: Writer): Promise<void> {
    const { signal } = this.#stop;
    let generation = -1;
    let failures = 0;
    const next = new Map<string, number>();
    for (let call = 0; ; call += 1) {
      await this.#gate?.promise;
      if (signal.aborted) break;
      const isOld = generation !== this.#generation;
      const done = Promise.withResolvers<void>();
      this.#busy.add(done.promise);
      try {
        generation = this.#generation;
        if (isOld) await writer.renew();
        const producer = `${name}.${generation}.${failures}.${call % keysOfAProducer}`;
        const first = next.get(producer) ?? 0;
        const events = Array.from({ length: 1 + (call % 7) }, (_, index) => ({ producer, number: first + index }));
        next.set(producer, first + events.length);
        // What nobody knows of may yet be written, after what comes next: that has another key.
        if (!(await this.#write(writer, events))) failures += 1;
      } finally {
        this.#busy.delete(done.promise);
        done.resolve();
      }
      await delay(this.#options.everyMs, undefined, { signal }).catch(() => {});
    }
    await writer.renew();
  }

  async #write(writer: Writer, events: readonly NewEvent[]): Promise<boolean> {
    const told = await writer.write(events);
    for (const [at, { producer, number }] of events.entries()) {
      this.#options.history.tell(producer, number, told?.[at] ?? { outcome: 'UNKNOWN' });
    }
    return told !== null;
  }

  async #call(url: string, query: string, variables: Record<string, unknown>) {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error('late')), callTimeoutMs);
    try {
      return await Promise.race([post(url, query, variables), late]);
    } catch {
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Keeps a connected producer for as long as it works. */
  #kafkajsWriter(
    create: () => Producer,
    send: (producer: Producer, events: readonly NewEvent[]) => Promise<readonly Told[]>,
  ): Writer {
    let open: Producer | null = null;
    const renew = async () => {
      const old = open;
      open = null;
      await old?.disconnect().catch(() => {});
    };
    return {
      renew,
      async write(events) {
        try {
          if (open === null) {
            open = create();
            await open.connect();
          }
          return await send(open, events);
        } catch {
          await renew();
          return null;
        }
      },
    };
  }

  async #transact(
    producer: Producer,
    events: readonly NewEvent[],
    isForNothing: boolean,
  ): Promise<readonly Told[] | null> {
    const transaction: Transaction = await producer.transaction();
    const [written] = await transaction.send({ topic: this.#options.topic, messages: this.#messages(events) });
    if (isForNothing) {
      await transaction.abort();
      return null;
    }
    await transaction.commit();
    return acked(written, events.length);
  }

  #messages(events: readonly NewEvent[]): { key: string; value: string }[] {
    const pad = 'x'.repeat(this.#options.padBytes);
    return events.map((event) => ({ key: event.producer, value: JSON.stringify({ ...event, pad }) }));
  }
}

/** So many, one after the other. */
function acked(
  written: { readonly partition: number; readonly baseOffset?: string } | undefined,
  count: number,
): readonly Told[] {
  const { partition = -1, baseOffset = '-1' } = written ?? {};
  return Array.from({ length: count }, (_, index) => ({
    outcome: 'ACKED',
    partition,
    offset: `${Number(baseOffset) + index}`,
  }));
}
