import { createClient } from '@redis/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LogRecord } from '#feed';
import type { Kafka } from '#kafka';
import { listen, post, until } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { type GatewayProcess, type OwnGateway, openOwnGateway, startGateway } from '../support/gateway.ts';
import { brokers, openTestKafka, readAll, recordsOf } from '../support/kafka.ts';
import { patience } from '../support/patience.ts';
import { openRedisServer, type RedisServer } from '../support/redis.ts';

const name = uniqueName('bridge');
const sales = `${name}_sales`;
const news = `${name}_news`;
const declarations = `
type Sale @stream(source: REDIS, stream: "orders", into: "${sales}", key: ["userId"], partitions: 3, plural: "sales") {
  userId: ID!
  n: Int!
  amount: Decimal
}
type News @stream(source: REDIS, pattern: "news.*", into: "${news}", partitions: 1, plural: "news") { title: String! }
`;

const opened = new AsyncDisposableStack();
let redis: RedisServer;
let kafka: Kafka;
let schema: string;
let first: GatewayProcess;
let second: OwnGateway;
/** How many entries were added. */
let added = 0;

const env = () => ({ SLUICE_CURSOR_SECRET: 'the same for all and long enough', SLUICE_REDIS_URL: redis.url });

/** Adds entries through one connection, some at a time, in order. */
async function add(count: number): Promise<void> {
  const client = createClient({ url: redis.url, RESP: 2 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (const end = added + count; added < end; ) {
      const numbers = Array.from({ length: Math.min(10, end - added) }, (_, index) => added + index);
      const fields = (n: number) => ['user_id', `u${n % 7}`, 'n', String(n), 'amount', '1.50'];
      await Promise.all(numbers.map((n) => client.sendCommand(['XADD', 'orders', '*', ...fields(n)])));
      added += numbers.length;
    }
  } finally {
    client.destroy();
  }
}

async function recordsIn(topic: string, partitions: number): Promise<readonly LogRecord[]> {
  return recordsOf(await readAll(kafka, topic, partitions));
}

const headerOf = ({ headers }: LogRecord, header: string) =>
  headers.find((one) => one.name === header)?.value?.toString();

const nodeOf = ({ value }: LogRecord) => JSON.parse(String(value));

/** Waits until all that was added is in the topic; each once, and those of a key in the order of their ids. */
async function expectAllCopied(): Promise<void> {
  await vi.waitFor(async () => expect((await recordsIn(sales, 3)).length).toBeGreaterThanOrEqual(added), patience);
  const records = await recordsIn(sales, 3);
  const numbers = records.map((record) => nodeOf(record).n).sort((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: added }, (_, n) => n));
  for (const [key, of] of Map.groupBy(records, ({ key }) => String(key))) {
    const found = of.map((record) => nodeOf(record).n);
    expect(found, key).toEqual(found.toSorted((a, b) => a - b));
    expect(new Set(of.map(({ partition }) => partition)).size).toBe(1);
  }
}

/** The leases that are held. */
async function leases(): Promise<readonly string[]> {
  return (await redis.run('KEYS', 'sluice:lease:*')) as string[];
}

/** How many connections to Redis have a subscription. */
async function subscribed(): Promise<number> {
  const clients = String(await redis.run('CLIENT', 'LIST', 'TYPE', 'pubsub'));
  return clients.match(/ psub=1/g)?.length ?? 0;
}

beforeAll(async () => {
  redis = opened.use(await openRedisServer());
  kafka = opened.use(openTestKafka());
  schema = opened.use(await declare({ 'bridge.graphql': declarations })).folder;
  await add(20);
  first = opened.use(await startGateway({ schema, clusters: { kafka: brokers() }, env: env() }));
  await first.printed(/orders.* is copied by this gateway/);
  await first.printed(/news.* is copied by this gateway/);
  second = opened.use(await openOwnGateway({ schema, env: env() }));
});
afterAll(() => opened[Symbol.asyncDispose]());

describe('a Redis Stream that is copied into a topic', () => {
  it('is there from its first entry, keyed, with the ids in headers, and Flink reads it', async () => {
    await expectAllCopied();
    const records = await recordsIn(sales, 3);
    const entries = (await redis.run('XRANGE', 'orders', '-', '+')) as [string, string[]][];
    const record = records.find((one) => nodeOf(one).n === 5);
    expect(String(record?.key)).toBe('u5');
    expect(String(record?.value)).toBe('{"user_id":"u5","n":5,"amount":1.5}');
    expect(record && headerOf(record, 'sluice-redis-stream')).toBe('orders');
    expect(record && headerOf(record, 'sluice-redis-entry')).toBe(entries[5]?.[0]);
    expect(record?.timestampMs).toBe(Number(entries[5]?.[0].split('-')[0]));

    const statement = `SELECT user_id, SUM(amount) AS total FROM ${sales} GROUP BY user_id`;
    const query = 'query ($statement: String!) { sql(statement: $statement) { rows } streams { name ddl error } }';
    const { data, errors } = await post(second.url, query, { statement });
    expect(errors).toBeUndefined();
    expect(data.sql.rows).toContainEqual({ user_id: 'u5', total: '4.5' });
    const declared = data.streams.find((stream: { name: string }) => stream.name === 'Sale');
    expect(declared).toMatchObject({ error: null, ddl: expect.stringContaining(`CREATE TABLE \`${sales}\``) });
  });

  it('goes on in another gateway when the one that copies is killed, without a loss and without a duplicate', async () => {
    const adding = add(1500);
    await vi.waitFor(async () => expect((await recordsIn(sales, 3)).length).toBeGreaterThan(300), patience);
    await first.kill();
    // As if its time had nearly run out.
    for (const lease of await leases()) await redis.run('PEXPIRE', lease, '1500');
    await adding;
    // The first one may have been quick: these are certainly not its.
    await add(10);
    await expectAllCopied();
    expect(second.counters.bridges.get('Sale')?.copied).toBeGreaterThan(0);
  });

  it('goes on over a restart of Redis, leaves out what does not fit, and goes on at once after a clean stop', async () => {
    await add(10);
    await redis.kill();
    await redis.start();
    await redis.run('XADD', 'orders', '*', 'user_id', 'u0', 'n', 'many');
    await add(10);
    await expectAllCopied();
    expect(second.counters.bridges.get('Sale')).toMatchObject({ bad: 1 });

    await add(200);
    await second[Symbol.asyncDispose]();
    expect(await leases()).toEqual([]);
    await add(10);
    second = opened.use(await openOwnGateway({ schema, clusters: { kafka: brokers() }, env: env() }));
    await expectAllCopied();
  });
});

describe('channels that are copied into a topic', () => {
  it('are written by one of the gateways, with the channel in a header', async () => {
    await vi.waitFor(async () => expect(await subscribed()).toBe(1), patience);
    await using third = await openOwnGateway({ schema, clusters: { kafka: brokers() }, env: env() });
    await using listener = listen(third.webSocketUrl, 'subscription { news { nodes { title } } }');
    await listener.next();
    await vi.waitFor(async () => expect(await subscribed()).toBe(2), patience);
    await redis.run('PUBLISH', 'news.sports', '{"title":"one"}');
    await redis.run('PUBLISH', 'news.tech', '{"title":"two"}');
    const titles: string[] = [];
    await until(listener, ({ data }) => {
      titles.push(...data.news.nodes.map(({ title }: { title: string }) => title));
      return titles.length === 2 || undefined;
    });
    await vi.waitFor(async () => expect(await recordsIn(news, 1)).toHaveLength(2), patience);
    const records = await recordsIn(news, 1);
    expect(records.map((record) => [nodeOf(record).title, headerOf(record, 'sluice-redis-channel')])).toEqual([
      ['one', 'news.sports'],
      ['two', 'news.tech'],
    ]);
    const copied = [second, third].map(({ counters }) => counters.bridges.get('News')?.copied);
    expect(copied).toEqual([2, 0]);
  });
});
