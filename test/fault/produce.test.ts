import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Kafka } from '#kafka';
import { openBroker } from '../support/broker.ts';
import { post } from '../support/client.ts';
import { declare } from '../support/declarations.ts';
import { startGateway } from '../support/gateway.ts';
import { flawless, History, type Seen, type Told } from '../support/history.ts';
import { openTestKafka, readAll, recordsOf } from '../support/kafka.ts';
import { patience } from '../support/patience.ts';
import { TcpProxy } from '../support/proxy.ts';

const partitions = 4;
const event = '{ producer: ID! number: Int! }';
const declarations = `
  type Event @stream(topic: "events", key: ["producer"], partitions: ${partitions}) ${event}
  type Copy @stream(topic: "copies", key: ["producer"], partitions: ${partitions}) ${event}
  type Promised @stream(topic: "promised", key: ["producer"], partitions: ${partitions}, plural: "promised") ${event}
`;
/** Shorter than a broker takes to come back. */
const produceTimeoutMs = 700;
const outcomes = '{ records { outcome partition offset } }';
const single = (type: string, field: string) =>
  `mutation ($events: [${type}Input!]!, $options: ProduceOptions) { ${field}(events: $events, options: $options) ${outcomes} }`;
const together = `mutation ($batch: ProduceBatch!, $options: ProduceOptions) {
  produce(batch: $batch, options: $options) { events ${outcomes} copies ${outcomes} }
}`;

/** What clients of the gateway do, one call after the other, until told to stop. */
class Clients {
  readonly history = new History();
  /** Transaction → the one outcome of all its events. */
  readonly transactions = new Map<string, Told['outcome']>();
  /** Events that were promised, as their client was told in the end. */
  readonly promised = new Set<string>();
  /** Those of which it was not known once. */
  readonly doubtful = new Set<string>();
  readonly #url: string;
  readonly #signal: AbortSignal;

  constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  /** Numbered events of one key, each call once. */
  async produce(producer: string): Promise<void> {
    for (let next = 0; !this.#signal.aborted; ) {
      const events = Array.from({ length: 1 + (next % 3) }, () => ({ producer, number: next++ }));
      const records = await this.#call(single('Event', 'produceEvents'), { events }, 'produceEvents');
      for (const [at, { number }] of events.entries()) {
        this.history.tell(producer, number, records?.[at] ?? { outcome: 'NOT_WRITTEN' });
      }
    }
  }

  /** Five events over two streams at a time, in a transaction. */
  async transact(client: string): Promise<void> {
    for (let count = 0; !this.#signal.aborted; count += 1) {
      const producer = `${client}.${count}`;
      const of = (numbers: readonly number[]) =>
        numbers.map((number) => ({ producer: `${producer}.${number}`, number }));
      const batch = { events: of([0, 1, 2]), copies: of([3, 4]) };
      const answer = await this.#ask(together, { batch, options: { atomic: true } });
      const told: Told[] = [...(answer?.produce.events.records ?? []), ...(answer?.produce.copies.records ?? [])];
      const [first] = told;
      expect(new Set(told.map(({ outcome }) => outcome)).size).toBeLessThan(2);
      this.transactions.set(producer, first?.outcome ?? 'NOT_WRITTEN');
    }
  }

  /** Repeats each call with its key until all of it is acknowledged. */
  async promise(producer: string): Promise<void> {
    for (let next = 0; !this.#signal.aborted; ) {
      const events = Array.from({ length: 3 }, () => ({ producer, number: next++ }));
      const options = { idempotencyKey: `${producer}.${next}` };
      for (let isDone = false; !isDone; ) {
        const records = await this.#call(single('Promised', 'producePromised'), { events, options }, 'producePromised');
        for (const [at, { number }] of events.entries()) {
          if (records?.[at]?.outcome === 'UNKNOWN') this.doubtful.add(`${producer}.${number}`);
        }
        isDone = records?.every(({ outcome }) => outcome === 'ACKED') ?? false;
      }
      for (const { number } of events) this.promised.add(`${producer}.${number}`);
    }
  }

  async #call(query: string, variables: Record<string, unknown>, field: string): Promise<readonly Told[] | null> {
    return (await this.#ask(query, variables))?.[field].records ?? null;
  }

  /** Null: an error in place of outcomes, which says that nothing was written. */
  async #ask(query: string, variables: Record<string, unknown>) {
    const { data, errors } = await post(this.#url, query, variables);
    const codes = errors?.map(({ extensions }) => extensions?.['code']);
    if (codes) expect(codes).toEqual(['KAFKA_UNAVAILABLE']);
    // Leaves some of the processor to the broker.
    await delay(5);
    return data ?? null;
  }
}

/** Until no transaction is open any more: of a commit whose answer was lost, the last marks may still be written. */
async function allDecided(kafka: Kafka, topic: string): Promise<void> {
  const written = await kafka.writtenEnds(topic);
  const isDecided = async () => {
    const bounds = await kafka.log.bounds(topic);
    return [...written].every(([partition, end]) => (bounds.get(partition)?.end ?? 0n) >= end);
  };
  await vi.waitUntil(isDecided, patience);
}

describe('what producers are told while Kafka fails', () => {
  it('is true: nothing acknowledged is lost, nothing is doubled that was not in doubt, no transaction is seen in part', async () => {
    await using broker = await openBroker();
    await using proxy = await TcpProxy.open({ target: broker.address, rewriteAddress: true });
    await using schema = await declare({ 'events.graphql': declarations });
    await using gateway = await startGateway({
      schema: schema.folder,
      clusters: { kafka: proxy.address },
      env: { SLUICE_PRODUCE_TIMEOUT_MS: `${produceTimeoutMs}` },
    });
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const clients = new Clients(gateway.url, stop.signal);
    const { history, transactions, promised } = clients;
    const working = Promise.all([
      ...['ann', 'ben'].map((name) => clients.produce(name)),
      ...['tim', 'tom', 'tea'].map((name) => clients.transact(name)),
      ...['pam', 'pit'].map((name) => clients.promise(name)),
    ]);
    const committed = () => [...transactions.values()].filter((outcome) => outcome === 'ACKED').length;
    const goOn = async () => {
      const before = [history.count('ACKED'), committed(), promised.size] as const;
      const progress = () =>
        Math.min(history.count('ACKED') - before[0], 3 * (committed() - before[1]), promised.size - before[2]);
      await Promise.race([expect.poll(progress).toBeGreaterThan(60), working]);
    };
    for (let round = 0; round < 12; round += 1) {
      await goOn();
      proxy.loseNextAnswer();
    }
    proxy.cut();
    await goOn();
    await broker.restart('SIGKILL');
    await goOn();
    proxy.stall('down');
    await delay(2 * produceTimeoutMs);
    proxy.resume();
    await goOn();
    stop.abort();
    await working;

    await using kafka = openTestKafka({ brokers: broker.address });
    await Promise.all(['events', 'copies', 'promised'].map((topic) => allDecided(kafka, topic)));
    const read = async (topic: string) => recordsOf(await readAll(kafka, topic, partitions));
    const [events, copies] = [await read('events'), await read('copies')];
    const seen = events.map(
      ({ partition, offset, value }): Seen => ({ ...JSON.parse(String(value)), partition, offset: `${offset}` }),
    );
    expect(history.judge(seen.filter(({ producer }) => !producer.includes('.')))).toEqual(flawless);

    const visible = Map.groupBy(
      [...events, ...copies].map(({ key }) => String(key)).filter((key) => key.includes('.')),
      (key) => key.slice(0, key.lastIndexOf('.')),
    );
    const counts = [...transactions].map(([name, outcome]) => ({
      name,
      outcome,
      count: visible.get(name)?.length ?? 0,
    }));
    const allowed = { ACKED: [5], NOT_WRITTEN: [0], UNKNOWN: [0, 5] };
    expect(counts.filter(({ outcome, count }) => !allowed[outcome].includes(count))).toEqual([]);
    expect([...visible.keys()].filter((name) => !transactions.has(name))).toEqual([]);

    const kept = Map.groupBy(await read('promised'), ({ headers }) => String(headers[0]?.value));
    const numbered = [...kept.values()].map((of) => JSON.parse(String(of[0]?.value)));
    const names = numbered.map(({ producer, number }) => `${producer}.${number}`);
    expect(names.toSorted()).toEqual([...promised].toSorted());
    const doubled = names.filter((_, at) => ([...kept.values()][at]?.length ?? 0) > 1);
    expect(doubled.filter((name) => !clients.doubtful.has(name))).toEqual([]);
    // Something did fail.
    expect(history.count('NOT_WRITTEN') + history.count('UNKNOWN') + clients.doubtful.size).toBeGreaterThan(0);
  });
});
