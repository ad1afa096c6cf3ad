import { beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { type Answer, type Listener, listen, post, until } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { readBlock, readBlocks, withNames } from '../support/doc-blocks.ts';
import { openOwnGateway } from '../support/gateway.ts';
import { findPython, openPython, type Python } from '../support/python.ts';
import { openRedisServer } from '../support/redis.ts';

const page = 'docs/producing-from-python.md';
const { kafka } = inject('endpoints');
const found = await findPython();
let python: Python;

interface ClickEdge {
  readonly node: { readonly userId: string; readonly url: string; readonly clickedAt: string } | null;
  readonly record: { readonly partition: number };
  readonly error: unknown;
}

/** The next pages' edges, so many at least. */
async function take<T>(
  live: Listener,
  count: number,
  of: (data: Answer['data']) => readonly T[],
): Promise<readonly T[]> {
  const taken: T[] = [];
  await until(live, ({ data }) => {
    taken.push(...of(data));
    return taken.length >= count || undefined;
  });
  return taken;
}

/** The partition of each user's clicks. Fails when one has several, or when a user's clicks are not in order. */
function partitionsOf(edges: readonly ClickEdge[]): Readonly<Record<string, number>> {
  const users = Map.groupBy(edges, ({ node }) => node?.userId ?? 'none');
  return Object.fromEntries(
    [...users].map(([user, own]) => {
      const partitions = new Set(own.map(({ record }) => record.partition));
      const numbers = own.map(({ node }) => Number(node?.url.split('/').at(-1)));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      expect([...partitions]).toHaveLength(1);
      return [user, [...partitions][0] ?? -1];
    }),
  );
}

const clicks = (topic: string) => `
type UserClick @stream(topic: "${topic}", plural: "userClicks", key: ["userId"], partitions: 4) {
  userId: ID!
  url: String! @column(name: "cURL")
  clickedAt: DateTime! @eventTime
}`;
const topUsers = (topic: string) => `
type TopUser @stream(topic: "${topic}", plural: "topUsers", partitions: 1) {
  userId: ID!
  cnt: BigInt!
  windowStart: DateTime!
}`;

describe('the Python programs of the documentation', () => {
  beforeAll(async () => {
    if (found.ok) python = await openPython(found);
  });
  beforeEach(({ skip }) => {
    if (!found.ok) skip(found.reason);
  });

  it('with confluent-kafka and kafka-python feed a subscription, in the partitions that the gateway chooses too', async () => {
    const topic = uniqueName('python_clicks');
    await using schema = await declare({ 'a.graphql': clicks(topic) });
    await using gateway = await openOwnGateway({ schema: schema.folder });
    await using live = listen(
      gateway.webSocketUrl,
      'subscription { userClicks { edges { node { userId url clickedAt } record { partition } error { reason } } } }',
    );
    await live.next();
    const names = { 'localhost:9092': kafka, user_clicks: topic };
    const feed = async (program: string, count: number): Promise<readonly ClickEdge[]> => {
      const [edges] = await Promise.all([
        take<ClickEdge>(live, count, (data) => data.userClicks.edges),
        python.run(withNames(program, names)),
      ]);
      expect(edges.filter(({ error }) => error !== null)).toEqual([]);
      expect(edges).toHaveLength(count);
      return edges;
    };
    const partitions = partitionsOf(await feed(await readBlock(page, 'python', 'import Producer'), 100));
    expect(Object.keys(partitions)).toHaveLength(5);
    expect(partitionsOf(await feed(await readBlock(page, 'python', 'import KafkaProducer'), 100))).toEqual(partitions);
    const [fromReadme] = await feed(await readBlock('README.md', 'python', 'import Producer'), 1);
    expect(fromReadme?.node).toMatchObject({ userId: 'grace', url: '/cart' });

    const events = Object.keys(partitions).map((userId) => ({ userId, url: '/cart' }));
    const produce = `mutation ($events: [UserClickInput!]!) {
      produceUserClicks(events: $events) { records { partition } }
    }`;
    const { data } = await post(gateway.url, produce, { events });
    expect(data.produceUserClicks.records).toEqual(Object.values(partitions).map((partition) => ({ partition })));
  });

  it('read what the gateway writes, and each once where two gateways wrote it', async () => {
    const topic = uniqueName('python_top_users');
    await using schema = await declare({ 'a.graphql': topUsers(topic) });
    await using first = await openOwnGateway({ schema: schema.folder });
    await using second = await openOwnGateway({ schema: schema.folder });
    const event = (userId: string) => ({ userId, cnt: '9007199254740993', windowStart: '2026-11-21T10:00:00Z' });
    const produce = async ({ url }: { readonly url: string }, userId: string) => {
      const { data } = await post(
        url,
        `mutation ($event: TopUserInput!, $key: String!) {
          produceTopUsers(events: [$event], options: { idempotencyKey: $key }) { records { outcome } }
        }`,
        { event: event(userId), key: userId },
      );
      expect(data.produceTopUsers.records).toEqual([{ outcome: 'ACKED' }]);
    };
    await produce(first, 'ada');
    await produce(second, 'ada');
    await produce(first, 'bob');

    const read = async (block: string) => {
      const names = { 'localhost:9092': kafka, top_users: topic, 'my-dashboard': uniqueName('dashboard') };
      return withNames(await readBlock(page, 'python', block), names);
    };
    const dropping = withNames(await read('import Consumer'), {
      '        row =': '        if is_repeated(message):\n            continue\n        row =',
      'consumer = ': `${await readBlock(page, 'python', 'def is_repeated')}\n\nconsumer = `,
    });
    await using all = python.start(await read('import Consumer'));
    await using once = python.start(dropping);
    await using pure = python.start(await read('import KafkaConsumer'));
    const printed = /^2026-11-21T10:00:00\S*Z (?:ada|bob) 9007199254740993$/;
    const users = (lines: readonly string[]) => lines.map((line) => line.split(' ')[1]);
    expect(users(await all.printed(printed, 3))).toEqual(['ada', 'ada', 'bob']);
    expect(users(await pure.printed(printed, 3))).toEqual(['ada', 'ada', 'bob']);
    expect(users(await once.printed(printed, 2))).toEqual(['ada', 'bob']);
  });

  it('with redis-py publish to a channel and add to a stream, and read what the gateway added', async () => {
    await using redis = await openRedisServer();
    const [declared = ''] = await readBlocks('docs/redis.md', 'graphql');
    await using schema = await declare({ 'a.graphql': declared });
    await using gateway = await openOwnGateway({ schema: schema.folder, env: { SLUICE_REDIS_URL: redis.url } });
    await using alerts = listen(gateway.webSocketUrl, 'subscription { alerts { nodes { id level } } }');
    await using sales = listen(gateway.webSocketUrl, 'subscription { sales { nodes { id amount paid } } }');
    await Promise.all([alerts.next(), sales.next()]);
    const names = { 'redis://localhost:6379': redis.url };
    const feeding = withNames(await readBlock('docs/redis.md', 'python', 'r.publish'), names);
    expect(await python.run(feeding)).toMatch(/^(?:1 b'\d+-\d+'\n){3}$/);
    const numbers = [0, 1, 2];
    expect(await take(alerts, 3, (data) => data.alerts.nodes)).toEqual(
      numbers.map((level) => ({ id: String(level), level })),
    );
    expect(await take(sales, 3, (data) => data.sales.nodes)).toEqual(
      numbers.map((number) => ({ id: String(number), amount: '12.5', paid: true })),
    );

    await post(
      gateway.url,
      'mutation { produceSales(events: [{ id: "9", amount: "12.5", paid: true }]) { records { outcome } } }',
    );
    const [opening = ''] = feeding.split('for number');
    const reading = opening + (await readBlock('docs/redis.md', 'python', 'r.xrange'));
    expect(await python.run(reading)).toContain("{b'id': b'9', b'amount': b'12.5', b'paid': b'true'}");
  });
});
