import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, listen, post, until } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { type OwnGateway, openOwnGateway } from '../support/gateway.ts';
import { openRedisServer, type RedisServer } from '../support/redis.ts';

const declarations = `
type Alert @stream(source: REDIS, channel: "alerts") { id: ID! level: Int }
type News @stream(source: REDIS, pattern: "news.*", plural: "news") { title: String! }
type Sale @stream(source: REDIS, stream: "orders", plural: "orders") { id: ID! amount: Decimal tags: [String!] paid: Boolean }
type Tick @stream(source: REDIS, stream: "ticks") { n: Int! }
type Gone @stream(source: REDIS, stream: "gone", plural: "gone") { n: Int! }
type Line @stream(source: REDIS, channel: "lines", format: RAW) { text: String! }
`;

let redis: RedisServer;
let schema: Awaited<ReturnType<typeof declare>>;
let gateway: OwnGateway;

const env = { SLUICE_CURSOR_SECRET: 'the same for all and long enough', SLUICE_PRODUCE_TIMEOUT_MS: '3000' };
const open = () => openOwnGateway({ schema: schema.folder, env: { ...env, SLUICE_REDIS_URL: redis.url } });

beforeAll(async () => {
  redis = await openRedisServer();
  schema = await declare({ 'redis.graphql': declarations });
  // Redis is away while the gateway starts: it serves all the same.
  await redis.kill();
  gateway = await open();
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await redis[Symbol.asyncDispose]();
  await schema[Symbol.asyncDispose]();
});

const subscribe = (query: string, variables?: Record<string, unknown>) =>
  listen(
    gateway.webSocketUrl,
    `subscription ($after: Cursor) { ${query} }`.replace(variables ? '' : / \(.*?\)/, ''),
    variables,
  );

describe('a gateway whose Redis is away', () => {
  it('serves, and says so where Redis is needed', async () => {
    const mutation = 'mutation { produceAlerts(events: { id: "1" }) { records { outcome error { code } } } }';
    const [read, produced, listed] = await Promise.all([
      post(gateway.url, '{ orders { nodes { id } } }'),
      post(gateway.url, mutation),
      post(gateway.url, '{ streams { name home topic ddl } }'),
    ]);
    await redis.start();
    expect(produced.errors).toBeUndefined();
    expect(read.errors?.[0]?.extensions).toMatchObject({ code: 'REDIS_UNAVAILABLE', retryable: true });
    expect(produced.data.produceAlerts.records).toEqual([
      { outcome: 'NOT_WRITTEN', error: { code: 'REDIS_UNAVAILABLE' } },
    ]);
    expect(listed.data.streams).toContainEqual({ name: 'News', home: 'REDIS_PATTERN', topic: 'news.*', ddl: null });
  });
});

describe('a Redis channel', () => {
  it('gives what any client publishes to all its subscribers through one subscription, and tells when it was cut off', async () => {
    const fields =
      'nodes { id level } edges { record { channel } error { reason } } pageInfo { live gap { reason missed } }';
    await using one = subscribe(`alerts { ${fields} }`);
    await using two = subscribe(`alerts(where: { level: { gt: 2 } }) { nodes { id } pageInfo { gap { reason } } }`);
    expect((await one.next()).data.alerts).toEqual({ nodes: [], edges: [], pageInfo: { live: true, gap: null } });
    expect((await two.next()).data.alerts.nodes).toEqual([]);
    expect(await redis.run('PUBSUB', 'NUMSUB', 'alerts')).toEqual(['alerts', 1]);

    const mutation =
      'mutation { produceAlerts(events: [{ id: "a", level: 1 }, { id: "b", level: 3 }]) { records { outcome channel receivers } } }';
    const { data } = await post(gateway.url, mutation);
    const acked = { outcome: 'ACKED', channel: 'alerts', receivers: 1 };
    expect(data.produceAlerts.records).toEqual([acked, acked]);
    await redis.run('PUBLISH', 'alerts', 'no JSON');
    await redis.run('PUBLISH', 'alerts', '{"id":"c","level":4}');
    const nodes: unknown[] = [];
    const reasons: string[] = [];
    await until(one, (answer) => {
      nodes.push(...answer.data.alerts.nodes);
      for (const { error } of answer.data.alerts.edges) if (error) reasons.push(error.reason);
      return nodes.length === 3 ? true : undefined;
    });
    expect(nodes).toEqual([
      { id: 'a', level: 1 },
      { id: 'b', level: 3 },
      { id: 'c', level: 4 },
    ]);
    expect(reasons).toEqual([expect.stringContaining('not valid JSON')]);
    const seen: string[] = [];
    await until(two, (answer) => {
      seen.push(...answer.data.alerts.nodes.map(({ id }: { id: string }) => id));
      return seen.length === 2 ? true : undefined;
    });
    expect(seen).toEqual(['b', 'c']);

    await redis.kill();
    await redis.start();
    const gap = await until(one, (answer) => answer.data.alerts.pageInfo.gap ?? undefined);
    expect(gap).toEqual({ reason: 'DISCONNECTED', missed: null });
    expect((await two.next()).data.alerts.pageInfo.gap).toEqual({ reason: 'DISCONNECTED' });
    await redis.run('PUBLISH', 'alerts', '{"id":"d"}');
    expect((await one.next()).data.alerts.nodes).toEqual([{ id: 'd', level: null }]);
  });

  it('has no history: no query, nothing to start from, and no cursors', async () => {
    const query = await post(gateway.url, '{ alerts { nodes { id } } }');
    expect(query.errors?.[0]?.message).toContain('Cannot query field "alerts"');
    await using after = subscribe('alerts(from: { earliest: true }) { nodes { id } }');
    await expect(after.next()).rejects.toMatchObject([{ message: expect.stringContaining('Unknown argument "from"') }]);
  });

  it('may be many that fit a pattern, and may hold plain text', async () => {
    await using news = subscribe('news { nodes { title } edges { record { channel } } }');
    await using lines = subscribe('lines { nodes { text } }');
    await Promise.all([news.next(), lines.next()]);
    await redis.run('PUBLISH', 'news.tech', '{"title":"one"}');
    expect((await news.next()).data.news).toEqual({
      nodes: [{ title: 'one' }],
      edges: [{ record: { channel: 'news.tech' } }],
    });
    await redis.run('PUBLISH', 'lines', 'as it is');
    expect((await lines.next()).data.lines.nodes).toEqual([{ text: 'as it is' }]);
  });
});

describe('a Redis Stream', () => {
  const page =
    'edges { node { id amount tags paid } error { reason } record { topic partition offset timestamp } } pageInfo { endCursor live lag hasNextPage gap { reason } }';

  it('has history, cursors and live entries, in both layouts, and reads what it produced', async () => {
    await redis.run(
      'XADD',
      'orders',
      '*',
      'id',
      '1',
      'amount',
      '12345678901234567890.5',
      'tags',
      '["a"]',
      'paid',
      'True',
    );
    await redis.run('XADD', 'orders', '*', 'data', '{"id":"2","amount":2}');
    await redis.run('XADD', 'orders', '*', 'id', '3', 'amount', 'much');
    const mutation =
      'mutation { produceOrders(events: [{ id: "4", amount: "1.50", tags: ["x", "y"] }]) { before records { outcome topic partition offset cursor } } }';
    const { data: produced, errors } = await post(gateway.url, mutation);
    expect(errors).toBeUndefined();
    const [record] = produced.produceOrders.records;
    expect(record).toMatchObject({ outcome: 'ACKED', topic: 'orders', partition: 0 });
    const [entry] = (await redis.run('XREVRANGE', 'orders', '+', '-', 'COUNT', '1')) as [[string, string[]]];
    expect(entry[1]).toEqual(['id', '4', 'amount', '1.5', 'tags', '["x","y"]']);

    const { data: first } = await post(gateway.url, `{ orders(first: 2) { ${page} } }`);
    expect(first.orders.edges.map(({ node }: { node: unknown }) => node)).toEqual([
      { id: '1', amount: '12345678901234567890.5', tags: ['a'], paid: true },
      { id: '2', amount: '2', tags: null, paid: null },
    ]);
    expect(first.orders.pageInfo).toMatchObject({ live: false, hasNextPage: true, gap: null });
    const after = first.orders.pageInfo.endCursor;
    const { data: rest } = await post(gateway.url, `query ($after: Cursor) { orders(after: $after) { ${page} } }`, {
      after,
    });
    expect(rest.orders.edges[0].error.reason).toContain('amount');
    expect(rest.orders.edges[1]).toMatchObject({
      node: { id: '4', amount: '1.5' },
      record: { offset: record.offset, topic: 'orders' },
    });
    expect(rest.orders.pageInfo).toMatchObject({ live: true, lag: '0', hasNextPage: false });
    const { data: last } = await post(gateway.url, '{ orders(from: { last: 1 }) { nodes { id } } }');
    expect(last.orders.nodes).toEqual([{ id: '4' }]);

    // Another gateway goes on where this one stood.
    await using second = await open();
    await using resumed = listen(
      second.webSocketUrl,
      `subscription ($after: Cursor) { orders(after: $after) { nodes { id } } }`,
      { after },
    );
    await redis.run('XADD', 'orders', '*', 'id', '5');
    const ids: string[] = [];
    await until(resumed, (answer) => {
      ids.push(...answer.data.orders.nodes.map(({ id }: { id: string }) => id));
      return ids.length === 2 ? true : undefined;
    });
    expect(ids).toEqual(['4', '5']);
  });

  it('tells what was trimmed, goes on over a restart of Redis, and tells a stream that is another one', async () => {
    const add = async (...numbers: number[]) => {
      for (const n of numbers) await redis.run('XADD', 'ticks', '*', 'n', String(n));
    };
    await add(1, 2, 3);
    const { data } = await post(gateway.url, '{ ticks(first: 1) { pageInfo { endCursor } } }');
    const after = data.ticks.pageInfo.endCursor;
    const take = async (listener: ReturnType<typeof subscribe>, count: number) => {
      const numbers: number[] = [];
      const gaps: string[] = [];
      await until(listener, (answer: Answer) => {
        expect(answer.errors).toBeUndefined();
        numbers.push(...answer.data.ticks.nodes.map(({ n }: { n: number }) => n));
        if (answer.data.ticks.pageInfo.gap) gaps.push(answer.data.ticks.pageInfo.gap.reason);
        return numbers.length >= count ? true : undefined;
      });
      return { numbers, gaps };
    };
    const fields = '{ nodes { n } pageInfo { gap { reason } } }';
    await using live = subscribe(`ticks ${fields}`);
    await live.next();
    await add(4);
    expect(await take(live, 1)).toEqual({ numbers: [4], gaps: [] });
    await redis.run('XTRIM', 'ticks', 'MAXLEN', '2');
    await using late = subscribe(`ticks(after: $after) ${fields}`, { after });
    expect(await take(late, 2)).toEqual({ numbers: [3, 4], gaps: ['EXPIRED'] });

    await redis.kill();
    await redis.start();
    await add(5, 6);
    expect(await take(live, 2)).toEqual({ numbers: [5, 6], gaps: [] });

    await redis.kill();
    await redis.start({ isNew: true });
    await redis.run('XADD', 'ticks', '1-1', 'n', '7');
    expect(await take(live, 1)).toEqual({ numbers: [7], gaps: ['RECREATED'] });
  });

  it('says what Redis says of a key that is no stream', async () => {
    await redis.run('SET', 'gone', uniqueName('text'));
    const { errors } = await post(gateway.url, '{ gone { nodes { n } } }');
    expect(errors?.[0]).toMatchObject({
      message: expect.stringContaining('WRONGTYPE'),
      extensions: { code: 'REDIS_REFUSED' },
    });
  });
});
