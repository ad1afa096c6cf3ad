import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Answer, listen, post, until } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { type OwnGateway, openOwnGateway } from '../support/gateway.ts';
import { onceEach } from '../support/kafka.ts';

const cleanUp = new AsyncDisposableStack();
const topic = uniqueName('logs');
let schema: string;
let gateway: OwnGateway;

beforeAll(async () => {
  const declared = cleanUp.use(
    await declare({
      'a.graphql': `
        enum Level { INFO WARN }
        type Place { city: String, at: DateTime }
        type Log @stream(topic: "${topic}", key: ["host"], partitions: 3, plural: "logs") {
          host: ID!  text: String!  level: Level  tags: [String!]  place: Place  size: Int
        }`,
    }),
  );
  schema = declared.folder;
  gateway = cleanUp.use(await openOwnGateway({ schema }));
});
afterAll(() => cleanUp.disposeAsync());

const produce = (events: readonly object[]) =>
  post(
    gateway.url,
    'mutation ($events: [LogInput!]!) { produceLogs(events: $events) { before records { outcome } } }',
    {
      events,
    },
  );

/** A WebSocket that speaks the protocol by hand. */
async function openSocket(url: string = gateway.webSocketUrl) {
  const socket = new WebSocket(url, 'graphql-transport-ws');
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
  );
  const messages: { id?: string; type: string; payload?: Answer }[] = [];
  const waiting = new Set<() => void>();
  socket.on('message', (text) => {
    messages.push(JSON.parse(String(text)));
    for (const look of waiting) look();
  });
  const seen = (type: string, count = 1) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (messages.filter((message) => message.type === type).length < count) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  /** The errors of a refused operation: a message of their own before it runs, or its one result. */
  const refused = async () => {
    await Promise.race([seen('error'), seen('next')]);
    const { type, payload } = messages.at(-1) ?? {};
    return type === 'complete' ? messages.at(-2)?.payload?.errors : type === 'error' ? payload : payload?.errors;
  };
  const send = (message: object) => socket.send(JSON.stringify(message));
  await new Promise((resolve) => socket.once('open', resolve));
  send({ type: 'connection_init' });
  await seen('connection_ack');
  const subscribe = (id: string, query: string, variables?: object) =>
    send({ id, type: 'subscribe', payload: { query, variables } });
  return { socket, closed, messages, seen, refused, send, subscribe, [Symbol.dispose]: () => socket.terminate() };
}

/** The socket below a WebSocket, to stop reading from it. */
const below = (socket: WebSocket): Socket => (socket as unknown as { readonly _socket: Socket })._socket;

describe('filters', () => {
  it.each([
    ['an enum', 'level: { eq: WARN }', { level: { eq: 'WARN' } }],
    ['a list', 'tags: { any: { eq: "b" } }', { tags: { any: { eq: 'b' } } }],
    ['a nested object', 'place: { city: { startsWith: "B" } }', { place: { city: { startsWith: 'B' } } }],
    ['a date', 'place: { at: { gte: "2026-01-02T00:00:00Z" } }', { place: { at: { gte: '2026-01-02T00:00:00Z' } } }],
    ['the record key', 'record: { key: { eq: "two" } }', { record: { key: { eq: 'two' } } }],
    ['and, or and not', 'or: [{ not: { size: { lt: 2 } } }]', { or: [{ not: { size: { lt: 2 } } }] }],
  ])('select by %s, as a literal and as a variable alike, live and in history', async (_title, literal, variable) => {
    const query = (where: string, more = '') =>
      `subscription${more} { logs(where: ${where}) { nodes { text } pageInfo { endCursor } } }`;
    await using byLiteral = listen(gateway.webSocketUrl, query(`{ ${literal} }`));
    await using byVariable = listen(gateway.webSocketUrl, query('$where', ' ($where: LogFilter)'), { where: variable });
    const after = (await byLiteral.next()).data.logs.pageInfo.endCursor;
    await byVariable.next();
    const one = { host: 'one', text: 'one', level: 'INFO', tags: ['a'], size: 1 };
    const two = { host: 'two', text: 'two', level: 'WARN', tags: ['a', 'b'], size: 2 };
    await produce([
      { ...one, place: { city: 'Aarau', at: '2026-01-01T00:00:00Z' } },
      { ...two, place: { city: 'Bern', at: '2026-01-03T00:00:00Z' } },
    ]);
    const texts = (answer: Answer) => answer.data.logs.nodes.map(({ text }: { text: string }) => text);
    expect(texts(await byLiteral.next())).toEqual(['two']);
    expect(texts(await byVariable.next())).toEqual(['two']);
    const history = await post(
      gateway.url,
      `query ($w: LogFilter) { logs(after: "${after}", where: $w) { nodes { text } } }`,
      {
        w: variable,
      },
    );
    expect(texts(history)).toEqual(['two']);
  });
});

describe('a bounded replay', () => {
  it('ends with a last page and a complete message', async () => {
    using client = await openSocket();
    const { data } = await produce([{ host: 'r', text: 'replayed' }]);
    client.subscribe(
      'r',
      'subscription ($after: Cursor) { logs(after: $after, until: { latest: true }) { nodes { text } pageInfo { hasNextPage } } }',
      { after: data.produceLogs.before },
    );
    await client.seen('complete');
    const pages = client.messages.filter(({ type }) => type === 'next').map(({ payload }) => payload?.data.logs);
    expect(pages.flatMap(({ nodes }) => nodes)).toEqual([{ text: 'replayed' }]);
    expect(pages.map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual([...pages.slice(1).map(() => true), false]);
  });
});

describe('a client that stops reading', () => {
  const big = 'x'.repeat(4000);
  let written = 0;
  /** About 6 MB more, each text with a number of its own; to be produced until the system's buffers hold no more. */
  const produceMuch = async () => {
    const producer = new Kafka({
      brokers: inject('endpoints').kafka.split(','),
      logLevel: logLevel.NOTHING,
    }).producer(onceEach);
    await producer.connect();
    for (const end = written + 1500; written < end; written += 100) {
      const messages = Array.from({ length: 100 }, (_, index) => ({
        key: `k${index % 7}`,
        value: JSON.stringify({ host: `k${index % 7}`, text: `${written + index} ${big}` }),
      }));
      await producer.send({ topic, messages });
    }
    await producer.disconnect();
  };
  const numbersOf = (messages: readonly { payload?: Answer }[]) =>
    messages.flatMap(({ payload }) =>
      (payload?.data?.logs.nodes ?? [])
        .filter(({ text }: { text: string }) => text.length > 4000)
        .map(({ text }: { text: string }) => Number.parseInt(text, 10)),
    );

  it('hinders no other, loses nothing when it reads on, and with LATEST is told what it missed', async () => {
    using slow = await openSocket();
    using latest = await openSocket();
    using leaving = await openSocket();
    using quick = await openSocket();
    const query = (overflow: string) =>
      `subscription { logs(overflow: ${overflow}) { nodes { text } pageInfo { gap { reason missed } } } }`;
    slow.subscribe('slow', query('CATCH_UP'));
    latest.subscribe('latest', query('LATEST'));
    leaving.subscribe('leaving', query('DISCONNECT'));
    quick.subscribe('quick', query('CATCH_UP'));
    await Promise.all([slow, latest, leaving, quick].map((client) => client.seen('next')));
    for (const client of [slow, latest, leaving]) below(client.socket).pause();
    const { feeds } = gateway.counters;
    const before = { ...feeds };
    const areBehind = () => feeds.catchUps >= before.catchUps + 3 && feeds.disconnects > before.disconnects;
    while (!areBehind()) await produceMuch();
    // There is room for some at most, by now.
    await produceMuch();
    const total = written;
    await expect.poll(() => numbersOf(quick.messages).length).toBe(total);
    for (const client of [slow, latest, leaving]) below(client.socket).resume();
    await expect.poll(() => numbersOf(slow.messages).length).toBe(total);
    expect(new Set(numbersOf(slow.messages)).size).toBe(total);
    const { code, reason } = await leaving.closed;
    expect([code, reason.split(' ')[0]]).toEqual([1013, 'SLOW_CONSUMER']);
    const after = reason.split(' ')[1] ?? '';
    await using resumed = listen(
      gateway.webSocketUrl,
      `subscription ($after: Cursor) { logs(after: $after) { nodes { text } } }`,
      { after },
    );
    const rest = numbersOf(leaving.messages);
    await until(resumed, (answer) => {
      rest.push(...numbersOf([{ payload: answer }]));
      return rest.length >= total ? true : undefined;
    });
    expect([rest.length, new Set(rest).size]).toEqual([total, total]);
    const gaps = () =>
      latest.messages.flatMap(({ payload }) =>
        payload?.data?.logs.pageInfo.gap ? [payload.data.logs.pageInfo.gap] : [],
      );
    const told = () => gaps().reduce((sum, { missed }) => sum + Number(missed), 0);
    await expect.poll(() => numbersOf(latest.messages).length + told()).toBe(total);
    expect(gaps().length).toBeGreaterThan(0);
    expect(gaps().every(({ reason: why }) => why === 'CONFLATED')).toBe(true);
  });

  it('is cut off when it takes nothing at all for the configured time, and goes on with its cursor', async () => {
    const env = { SLUICE_STALL_TIMEOUT_MS: '2000', SLUICE_KEEP_ALIVE_MS: '500' };
    await using impatient = await openOwnGateway({ schema, env });
    using stuck = await openSocket(impatient.webSocketUrl);
    stuck.subscribe('s', 'subscription { logs { nodes { text } pageInfo { endCursor } } }');
    await stuck.seen('next');
    below(stuck.socket).pause();
    const { traffic } = impatient.counters;
    const before = { first: written, slowCloses: traffic.slowCloses };
    const fill = async () => {
      if (traffic.bytesWaiting === 0) await produceMuch();
      return traffic.slowCloses;
    };
    await expect.poll(fill).toBe(before.slowCloses + 1);
    const total = written - before.first;
    await expect.poll(() => impatient.counters.feeds.subscriptions).toBe(0);
    expect(impatient.counters.traffic.bytesWaiting).toBe(0);
    below(stuck.socket).resume();
    expect((await stuck.closed).code).toBe(1006);
    const cursor = stuck.messages.at(-1)?.payload?.data.logs.pageInfo.endCursor;
    const seen = numbersOf(stuck.messages);
    await using resumed = listen(
      impatient.webSocketUrl,
      'subscription ($after: Cursor) { logs(after: $after) { nodes { text } } }',
      { after: cursor },
    );
    await until(resumed, (answer) => {
      seen.push(...numbersOf([{ payload: answer }]));
      return seen.length >= total ? true : undefined;
    });
    expect([seen.length, new Set(seen).size]).toEqual([total, total]);
  });
});

describe('leaving', () => {
  it('frees everything when a client is gone, however rudely', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => openSocket()));
    for (const client of clients) {
      for (let id = 0; id < 10; id += 1) {
        client.subscribe(String(id), `subscription { logs(where: { host: { eq: "h${id}" } }) { nodes { text } } }`);
      }
    }
    await Promise.all(clients.map((client) => client.seen('next', 10)));
    expect(gateway.counters.feeds).toMatchObject({ subscriptions: 200, groups: 10, topics: 1 });
    for (const [index, { socket, send }] of clients.entries()) {
      if (index % 3 === 0) below(socket).resetAndDestroy();
      else if (index % 3 === 1) socket.close();
      else for (let id = 0; id < 10; id += 1) send({ id: String(id), type: 'complete' });
    }
    await expect.poll(() => gateway.counters.feeds).toMatchObject({ subscriptions: 0, groups: 0, topics: 0 });
    for (const client of clients) client.socket.terminate();
    await expect.poll(() => gateway.counters.traffic).toMatchObject({ sockets: 0, bytesWaiting: 0 });
  });

  it('leaves no memory, timers and readers behind after ten thousand subscriptions', async () => {
    using client = await openSocket();
    const round = async (first: number) => {
      for (let id = first; id < first + 500; id += 1) {
        client.subscribe(
          String(id),
          `subscription { logs(where: { host: { eq: "h${id % 10}" } }) { nodes { text } } }`,
        );
      }
      await client.seen('next', 500);
      for (let id = first; id < first + 500; id += 1) client.send({ id: String(id), type: 'complete' });
      await expect.poll(() => gateway.counters.feeds.subscriptions, { interval: 5 }).toBe(0);
      client.messages.length = 0;
    };
    await round(0);
    await round(500);
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = { heap: usedHeap(), timers: timers() };
    for (let first = 1000; first < 11_000; first += 500) await round(first);
    expect(gateway.counters.feeds).toMatchObject({ groups: 0, topics: 0 });
    expect(timers()).toBeLessThan(before.timers + 5);
    // A kilobyte kept for each of them would be 10 MB.
    expect(usedHeap() - before.heap).toBeLessThan(5_000_000);
  });
});

/** Heap in use after a collection, in bytes. */
function usedHeap(): number {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  for (let times = 0; times < 3; times += 1) collect();
  return process.memoryUsage().heapUsed;
}

describe('bad input', () => {
  const logs = (args: string) => `subscription { logs(${args}) { nodes { text } } }`;

  it.each([
    ['a page of no records', logs('maxRecords: 0'), 'BAD_INPUT'],
    ['a page of too many records', logs('maxRecords: 10001'), 'BAD_INPUT'],
    ['two starts', logs('after: "x", from: { earliest: true }'), 'BAD_INPUT'],
    ['a cursor that is none', logs('after: "x"'), 'BAD_CURSOR'],
    ['a partition that is not there', logs('from: { offsets: [{ partition: 9, offset: 0 }] }'), 'BAD_INPUT'],
    ['an unknown operator', logs('where: { text: { like: "x" } }'), 'GRAPHQL_VALIDATION_FAILED'],
    ['an unknown overflow', logs('overflow: DROP'), 'GRAPHQL_VALIDATION_FAILED'],
    ['two starts in one', logs('from: { earliest: true, latest: true }'), 'GRAPHQL_VALIDATION_FAILED'],
  ])('refuses %s with a code, and the socket stays', async (_title, query, code) => {
    using client = await openSocket();
    client.subscribe('bad', query);
    const refusal = await client.refused();
    expect(refusal).toMatchObject([{ extensions: { code } }]);
    client.messages.length = 0;
    client.subscribe('good', 'subscription { logs { nodes { text } } }');
    await client.seen('next');
    await expect.poll(() => gateway.counters.feeds.subscriptions).toBe(1);
  });

  it('refuses a filter that nests without end, by a literal and by a variable', async () => {
    using client = await openSocket();
    client.subscribe('literal', logs(`where: ${'{ not: '.repeat(40)}{}${' }'.repeat(40)}`));
    expect(await client.refused()).toMatchObject([{ extensions: { code: 'BAD_INPUT' } }]);
    client.messages.length = 0;
    const text = `{"id":"variable","type":"subscribe","payload":{"query":${JSON.stringify(
      'subscription ($w: LogFilter) { logs(where: $w) { nodes { text } } }',
    )},"variables":{"w":${'{"not":'.repeat(20_000)}{}${'}'.repeat(20_000)}}}}`;
    client.socket.send(text);
    expect(await client.refused()).toMatchObject([{ extensions: { code: 'BAD_INPUT' } }]);
  });

  it('closes a socket that breaks the protocol with the code of the protocol, and lives on', async () => {
    const closeCode = async (break_: (client: Awaited<ReturnType<typeof openSocket>>) => void) => {
      using client = await openSocket();
      break_(client);
      return (await client.closed).code;
    };
    const query = 'subscription { logs { nodes { text } } }';
    expect(await closeCode(({ socket }) => socket.send('{'))).toBe(4400);
    expect(await closeCode(({ send }) => send({ type: 'connection_init' }))).toBe(4429);
    expect(
      await closeCode(({ subscribe }) => {
        subscribe('same', query);
        subscribe('same', query);
      }),
    ).toBe(4409);
    // A frame of the reserved opcode 3; then a message over the limit.
    expect(await closeCode(({ socket }) => below(socket).write(Buffer.from([0x83, 0x80, 0, 0, 0, 0])))).toBe(1002);
    expect(await closeCode(({ socket }) => socket.send(Buffer.alloc(9 * 1024 * 1024, ' ')))).toBe(1009);
    const notAcknowledged = new WebSocket(gateway.webSocketUrl, 'graphql-transport-ws');
    const closed = new Promise<number>((resolve) => notAcknowledged.once('close', resolve));
    notAcknowledged.once('open', () =>
      notAcknowledged.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } })),
    );
    expect(await closed).toBe(4401);
    await expect.poll(() => gateway.counters.feeds.subscriptions).toBe(0);
    await new Promise<void>((resolve) => {
      const halfFrame = connect(Number(new URL(gateway.url).port), '127.0.0.1', () => halfFrame.destroy());
      halfFrame.once('close', () => resolve());
    });
    expect((await post(gateway.url, '{ __typename }')).data).toEqual({ __typename: 'Query' });
  });

  it('closes a socket with thousands of subscriptions and frees them all', async () => {
    using client = await openSocket();
    for (let id = 0; id < 3000; id += 1) client.subscribe(String(id), 'subscription { logs { nodes { text } } }');
    expect((await client.closed).code).toBe(4429);
    await expect.poll(() => gateway.counters.feeds).toMatchObject({ subscriptions: 0, groups: 0 });
  });
});
