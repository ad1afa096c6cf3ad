import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Answer, listen, post } from '../support/client.ts';
import { type Cluster, openCluster } from '../support/cluster.ts';
import { ClusterAdmin } from '../support/cluster-admin.ts';
import { Clients, produce } from '../support/cluster-clients.ts';
import { declare } from '../support/declarations.ts';
import { type GatewayProcess, startGateway } from '../support/gateway.ts';
import { flawless, History, type Seen } from '../support/history.ts';
import { openTestKafka, readAll, recordsOf } from '../support/kafka.ts';
import { Producers } from '../support/producers.ts';
import { Subscriber } from '../support/subscribers.ts';

const event = '{ producer: ID! number: Int! pad: String }';
const partitions = 6;
const declarationsOf = (events: string, promised: string) => `
  type Event @stream(topic: "${events}", key: ["producer"], partitions: ${partitions}, plural: "events") ${event}
  type Promised @stream(topic: "${promised}", key: ["producer"], partitions: ${partitions}, plural: "promised") ${event}
`;
/** Shorter than Kafka takes to give a partition another leader. */
const produceTimeoutMs = 1_500;
const waiting = { timeout: 40_000, interval: 50 };

const cleanUp = new AsyncDisposableStack();
let cluster: Cluster;
let admin: ClusterAdmin;

beforeAll(async () => {
  cluster = cleanUp.use(await openCluster());
  admin = new ClusterAdmin(cluster);
});
afterAll(() => cleanUp.disposeAsync());

function addressesOf(nodes: readonly number[]): string {
  return nodes.map((node) => cluster.addressOf(node)).join();
}

/** A gateway that is told two of the brokers. */
async function openGateway(stack: AsyncDisposableStack, declarations: string): Promise<GatewayProcess> {
  const schema = stack.use(await declare({ 'events.graphql': declarations }));
  const clusters = { kafka: addressesOf([1, 2]) };
  const env = { SLUICE_PRODUCE_TIMEOUT_MS: `${produceTimeoutMs}`, LOG_LEVEL: 'error' };
  return stack.use(await startGateway({ schema: schema.folder, clusters, env }));
}

async function readLog(topic: string): Promise<readonly (Seen & { readonly promise: string })[]> {
  await using kafka = openTestKafka({ brokers: addressesOf(cluster.running) });
  const { partitions: count } = await kafka.log.identify(topic);
  return recordsOf(await readAll(kafka, topic, count)).map(({ partition, offset, value, headers }) => {
    const { producer, number } = JSON.parse(String(value));
    return { producer, number, partition, offset: `${offset}`, promise: String(headers[0]?.value) };
  });
}

/** Everybody has everything, and nobody's history is wrong. */
async function expectFlawless(history: History, topic: string, subscribers: readonly Subscriber[]): Promise<void> {
  const log = await readLog(topic);
  history.settle(log);
  expect(history.judge(log)).toEqual(flawless);
  await vi.waitUntil(() => subscribers.every((one) => one.missing(history) === 0), waiting).catch(() => {});
  const found = subscribers.map((one) => ({
    name: one.shape.name,
    ...one.judge(history),
    missing: one.missing(history),
    refusals: one.refusals,
  }));
  expect(found).toEqual(found.map(({ name }) => ({ name, ...flawless, missing: 0, refusals: [] })));
}

describe('a cluster of several brokers', () => {
  it('that lose each its leaders: nothing acknowledged is lost, nobody misses or doubles anything, all go on', async () => {
    await using stack = new AsyncDisposableStack();
    const gateway = await openGateway(stack, declarationsOf('events', 'promised'));
    const history = new History();
    const subscribers = [
      { name: 'over WebSocket', transport: 'WebSocket' as const },
      { name: 'that dies in mid-page', transport: 'WebSocket' as const, resumeBy: 'edge' as const },
      { name: 'over SSE', transport: 'SSE' as const, args: 'maxRecords: 20', resumeBy: 'event id' as const },
    ].map((shape) => stack.use(new Subscriber({ field: 'events', ...shape }, () => gateway.url)));
    const stop = new AbortController();
    const clients = new Clients(gateway.url, history, stop.signal);
    const producers = stack.use(new Producers({ history, topic: 'events', everyMs: 10, padBytes: 100 }));
    stack.defer(() => stop.abort());
    for (const name of ['ann', 'ben']) producers.addMutation(name, 'produceEvents', () => gateway.url);
    const working = Promise.all([
      ...['tim', 'tom', 'tea'].map((name) => clients.transact(name)),
      ...['pam', 'pit'].map((name) => clients.promise(name)),
    ]);
    // Told by whoever waits for it.
    working.catch(() => {});
    const committed = () => [...clients.transactions.values()].filter((told) => told === 'ACKED').length;
    const goOn = async () => {
      const progress = () => [
        history.count('ACKED') / 5,
        committed(),
        clients.promised.size,
        ...subscribers.map(({ reading }) => reading.length / 5),
      ];
      const before = progress();
      const hasGoneOn = () => progress().every((count, at) => count > (before[at] ?? 0) + 12);
      await Promise.race([vi.waitUntil(hasGoneOn, waiting), working]);
    };
    await goOn();

    // The broker that the gateway asked first coordinates all transactions and all groups, too.
    await using kafka = openTestKafka({ brokers: addressesOf([1, 2]) });
    const place = { topic: 'events', ...(await kafka.log.identify('events')) };
    await kafka.positions.store('somebody', place, new Map([[0, 7n]]));
    const ofCoordinators = ['__transaction_state', '__consumer_offsets'];
    for (const topic of ofCoordinators) await admin.reassign(topic, [1, 2, 3]);
    await goOn();
    await cluster.kill(1);
    await admin.untilLeadersLeft(['events', 'promised', ...ofCoordinators], 1);
    await goOn();
    expect(await kafka.positions.load('somebody', place)).toEqual(new Map([[0, 7n]]));
    await cluster.start([1]);
    for (const one of subscribers) one.cut();
    await admin.untilWhole(['events', 'promised']);
    await goOn();

    // Its connections stay open, and nothing comes over them any more.
    cluster.freeze(2);
    await admin.untilLeadersLeft(['events', 'promised'], 2);
    await goOn();
    cluster.thaw(2);
    await admin.untilWhole(['events']);

    // Partition by partition elsewhere, and the old leaders have nothing left of it.
    await admin.reassign('events', [3, 1]);
    await goOn();
    await admin.reassign('events', [2, 3, 1]);
    await goOn();

    stop.abort();
    await working;
    await producers[Symbol.asyncDispose]();
    await expectFlawless(history, 'events', subscribers);
    clients.expectKept(await readLog('events'), await readLog('promised'));
    expect(producers.refusals).toEqual([]);
    // Something did fail.
    expect(history.count('NOT_WRITTEN') + history.count('UNKNOWN') + clients.doubtful.size).toBeGreaterThan(0);
  });

  it('that loses the only replicas of some partitions: these answer so in time, all others go on, also while a disk is full', async () => {
    await admin.create('spread', [[1], [2], [3], [1], [2], [3]]);
    await admin.create('pairs', [[1, 3]]);
    await using stack = new AsyncDisposableStack();
    const gateway = await openGateway(stack, declarationsOf('spread', 'pairs'));
    const history = new History();
    const subscribers = (['WebSocket', 'SSE'] as const).map((transport) =>
      stack.use(new Subscriber({ name: transport, transport, field: 'events' }, () => gateway.url)),
    );
    let next = 0;
    const write = async (partition: number, { pad = '', ...options }: { pad?: string; atomic?: boolean } = {}) => {
      const event = { producer: `p${partition}`, number: next++ };
      // Those of the broker that will fail need not be waited for; the others have all the time that they want.
      const timeoutMs = partition === 2 || partition === 5 ? 1_500 : 20_000;
      const call = { events: [{ ...event, pad }], options: { ...options, partition, timeoutMs } };
      const [told] = (await produce(gateway.url, 'produceEvents', call)) ?? [];
      history.tell(event.producer, event.number, told ?? { outcome: 'NOT_WRITTEN' });
      return told?.outcome === 'ACKED' ? 'ACKED' : `${told?.outcome} ${told?.error?.code}`;
    };
    const writeToAll = () => Promise.all([...Array(partitions).keys()].map((partition) => write(partition)));
    const allAreWritten = async () => (await writeToAll()).every((told) => told === 'ACKED');
    // What was acknowledged a moment before its only replica went can be read when that is back.
    const haveAll = (away: readonly string[] = []) => {
      const wish = { wants: (producer: string) => !away.includes(producer) };
      return vi.waitUntil(() => subscribers.every(({ reading }) => history.missing(reading, wish) === 0), waiting);
    };
    const refused = /^(NOT_WRITTEN|UNKNOWN) (KAFKA_UNAVAILABLE|TIMEOUT)$/;
    await vi.waitUntil(allAreWritten, waiting);
    await haveAll();

    await cluster.kill(3);
    await admin.untilPlaced('spread', (places) => places[2]?.leader === -1 && places[5]?.leader === -1);
    const away = expect.stringMatching(refused);
    for (let round = 0; round < 2; round += 1) {
      expect(await writeToAll()).toEqual(['ACKED', 'ACKED', away, 'ACKED', 'ACKED', away]);
    }
    const fields = '(from: { earliest: true }) { nodes { number } }';
    await using late = listen(gateway.webSocketUrl, `subscription { events ${fields} }`);
    const [healthy, gone, pair, query, opening] = await Promise.all([
      write(1, { atomic: true }),
      write(2, { atomic: true }),
      produce(gateway.url, 'producePromised', { events: [{ producer: 'pair', number: 0 }] }),
      post(gateway.url, `{ events ${fields} }`),
      late.next().catch((errors: Answer['errors']) => ({ errors })),
    ]);
    expect([healthy, gone]).toEqual(['ACKED', away]);
    // One of its two replicas is there, and both are asked for.
    expect(pair).toMatchObject([{ outcome: 'NOT_WRITTEN', error: { code: 'KAFKA_UNAVAILABLE' } }]);
    for (const { errors } of [query, opening]) {
      expect(errors).toMatchObject([
        { message: expect.stringContaining('partition 2, 5 '), extensions: { code: 'KAFKA_UNAVAILABLE' } },
      ]);
    }
    await haveAll();
    // As a gateway does that starts now.
    await using kafka = openTestKafka({ brokers: addressesOf([1, 2]) });
    const settings = { topic: 'spread', partitions, retentionMs: 604_800_000, cleanup: 'DELETE' } as const;
    expect(await kafka.admin.ensure([settings])).toEqual([{ topic: 'spread', created: false, differences: [] }]);

    // It comes back, and has room for so much more: whichever file reaches the limit, its disk has failed for Kafka.
    await cluster.start([3], { maxFileBytes: 12 << 20 });
    await vi.waitUntil(allAreWritten, waiting);
    const pad = 'x'.repeat(400_000);
    let filling = 'ACKED';
    for (let count = 0; filling === 'ACKED' && count < 100; count += 1) filling = await write(2, { pad });
    expect(filling).toEqual(away);
    await admin.untilPlaced('spread', (places) => places[2]?.leader === -1);
    expect(await writeToAll()).toEqual(['ACKED', 'ACKED', away, 'ACKED', 'ACKED', expect.any(String)]);
    expect(cluster.running).toContain(3);
    await haveAll(['p2', 'p5']);

    await cluster.kill(3);
    await cluster.start([3]);
    await vi.waitUntil(allAreWritten, waiting);
    await expectFlawless(history, 'spread', subscribers);
  });
});
