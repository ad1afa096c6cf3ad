import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'avsc';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { type Answer, type Listener, listen, post, until } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { readBlock, withNames } from '../support/doc-blocks.ts';
import { openOwnGateway } from '../support/gateway.ts';
import { onceEach } from '../support/kafka.ts';
import {
  encodeProto,
  frameProto,
  fullOrder,
  lackedByOldOrder,
  oldOrders,
  orderColumns,
  orderSelection,
  orders,
  orderType,
  rateProto,
} from '../support/proto-orders.ts';
import { TcpProxy } from '../support/proxy.ts';
import { findPython, openPython, type Python } from '../support/python.ts';
import { openFaultyRegistry, openTestRegistry, registryJava, type TestRegistry } from '../support/registry.ts';

const java = await registryJava();
const foundPython = await findPython();
const patience = { timeout: 40_000, interval: 100 };
const kafka = new Kafka({ brokers: inject('endpoints').kafka.split(','), logLevel: logLevel.NOTHING });
const producer = kafka.producer(onceEach);
let registry: TestRegistry;
let python: Python;

/** Registers a schema as any client does. */
async function register(subject: string, schema: object): Promise<number> {
  const { answer } = await registry.request(`/subjects/${subject}/versions`, { schema: JSON.stringify(schema) });
  return (answer as { readonly id: number }).id;
}

/** A record's value as Confluent's serializer makes it. */
function serialize(id: number, schema: object, value: object): Buffer {
  const type = Type.forSchema(schema as Parameters<typeof Type.forSchema>[0]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(id, 1);
  return Buffer.concat([head, type.toBuffer(value)]);
}

/** Writes a record by a schema of its own. */
async function write(topic: string, schema: object, value: object): Promise<void> {
  const id = await register(`${topic}-value`, schema);
  await producer.send({ topic, messages: [{ value: serialize(id, schema, value) }] });
}

/** What the newest record says, by the schema that it names. */
async function readAll(topic: string): Promise<readonly Buffer[]> {
  const consumer = kafka.consumer({ groupId: uniqueName('reader') });
  await consumer.connect();
  await using _ = { [Symbol.asyncDispose]: () => consumer.disconnect() };
  await consumer.subscribe({ topic, fromBeginning: true });
  const values: Buffer[] = [];
  const first = Promise.withResolvers<void>();
  await consumer.run({
    async eachMessage({ message }) {
      if (message.value) values.push(message.value);
      first.resolve();
    },
  });
  await first.promise;
  return values;
}

const click = (topic: string, extra = '') => `
type Click @stream(topic: "${topic}", plural: "clicks", format: AVRO, key: ["userId"], partitions: 1) {
  userId: ID!
  amount: Int
  clickedAt: DateTime! @eventTime
  ${extra}
}`;
const base = [
  { name: 'user_id', type: 'string' },
  { name: 'amount', type: ['null', 'int'], default: null },
  { name: 'clicked_at', type: { type: 'long', logicalType: 'timestamp-millis' } },
];
const fields = (more: readonly object[] = []) => ({ type: 'record', name: 'Click', fields: [...base, ...more] });
const produceClick = `mutation ($events: [ClickInput!]!) { produceClicks(events: $events) { records { outcome } } }`;

/** What a subscription brought, until it is so many. */
async function take(live: Listener, count: number, of: (data: Answer['data']) => readonly unknown[]) {
  const taken: unknown[] = [];
  await until(live, ({ data }) => {
    taken.push(...of(data));
    return taken.length >= count || undefined;
  });
  return taken;
}
/** What `streams` tells of a declared type. */
async function streamOf(url: string, name: string) {
  const { data } = await post(url, '{ streams { name state error } }');
  return data.streams.find((stream: { readonly name: string }) => stream.name === name);
}

const edgesOf = (data: Answer['data']) => data.clicks.edges;

describe.skipIf(java === null)('streams with a schema registry (skipped where there is no Java 21 or later)', () => {
  beforeAll(async () => {
    if (java) [registry] = await Promise.all([openTestRegistry(java), producer.connect()]);
    if (foundPython.ok) python = await openPython(foundPython);
  }, 400_000);
  afterAll(async () => {
    await producer.disconnect();
    await registry?.[Symbol.asyncDispose]();
  });

  it('in Avro are registered, produced, read by others and read from others, through every version', async () => {
    const topic = uniqueName('avro_clicks');
    await using schema = await declare({ 'a.graphql': click(topic) });
    const env = { SLUICE_REGISTRY_URL: registry.url, SLUICE_REGISTRY_MODE: 'register' };
    await using gateway = await openOwnGateway({ schema: schema.folder, env });
    await using live = listen(
      gateway.webSocketUrl,
      'subscription { clicks(from: { earliest: true }) { edges { node { userId amount clickedAt } error { reason } } } }',
    );
    const at = '2026-11-21T10:00:00.123Z';
    const produced = await post(gateway.url, produceClick, { events: [{ userId: 'a', amount: 7, clickedAt: at }] });
    expect(produced.errors).toBeUndefined();
    expect(produced.data.produceClicks.records).toEqual([{ outcome: 'ACKED' }]);

    // Others read it by the schema that is registered.
    const [value = Buffer.alloc(0)] = await readAll(topic);
    const { answer } = await registry.request(`/schemas/ids/${value.readUInt32BE(1)}`);
    const type = Type.forSchema(JSON.parse((answer as { readonly schema: string }).schema));
    expect(JSON.stringify(type.fromBuffer(value.subarray(5)))).toContain('"user_id":"a"');

    // Others write, with fields that the declaration does not name, and without one that it does.
    await write(topic, fields([{ name: 'country', type: 'string', default: '' }]), {
      user_id: 'b',
      amount: 8,
      clicked_at: Date.parse(at),
      country: 'LI',
    });
    const older = { ...fields(), fields: base.filter(({ name }) => name !== 'amount') };
    await write(topic, older, { user_id: 'c', clicked_at: Date.parse(at) });
    expect(await take(live, 3, edgesOf)).toEqual([
      { node: { userId: 'a', amount: 7, clickedAt: at }, error: null },
      { node: { userId: 'b', amount: 8, clickedAt: at }, error: null },
      { node: { userId: 'c', amount: null, clickedAt: at }, error: null },
    ]);
  });

  it('in Avro are read from the Python program of the documentation, and by it', async ({ skip }) => {
    if (!foundPython.ok) return skip(foundPython.reason);
    const topic = uniqueName('python_purchases');
    const example = await readFile(join(import.meta.dirname, '../../docs/examples/avro/purchases.graphql'), 'utf8');
    const declared = withNames(example, {
      '@stream(': `@stream(topic: "${topic}", `,
      'TABLE purchases': `TABLE ${topic}`,
    });
    await using schema = await declare({ 'a.graphql': declared });
    const env = { SLUICE_REGISTRY_URL: registry.url, SLUICE_REGISTRY_MODE: 'register', SLUICE_VIEWS: 'off' };
    await using gateway = await openOwnGateway({ schema: schema.folder, env });
    await using live = listen(
      gateway.webSocketUrl,
      'subscription { purchases { edges { node { userId product amount purchasedAt } error { reason } } } }',
    );
    await live.next();
    const own = { userId: 'bob', product: 'desk', amount: '9.99', purchasedAt: '2026-11-21T10:00:00.123Z' };
    const produce =
      'mutation ($events: [PurchaseInput!]!) { producePurchases(events: $events) { records { outcome } } }';
    expect((await post(gateway.url, produce, { events: [own] })).data.producePurchases.records[0].outcome).toBe(
      'ACKED',
    );

    const program = withNames(await readBlock('docs/schema-registry.md', 'python', 'AvroSerializer('), {
      'localhost:9092': inject('endpoints').kafka,
      'http://localhost:8085/apis/ccompat/v7': registry.url,
      purchases: topic,
    });
    await using running = python.start(program);
    const read = await running.printed(/^b'(?:bob|grace)' /, 2);
    expect(read.find((line) => line.startsWith("b'bob'"))).toMatch(
      /'product': 'desk', 'amount': Decimal\('9\.990*'\), 'purchased_at': datetime\.datetime\(2026, 11, 21, 10, 0, 0, 123000, /,
    );
    expect(await take(live, 2, (data) => data.purchases.edges)).toEqual([
      { node: own, error: null },
      { node: { userId: 'grace', product: 'lamp', amount: '12.5', purchasedAt: expect.any(String) }, error: null },
    ]);
  });

  it('work on with the schemas that are known while it is away, and with all when it is back', async () => {
    const topic = uniqueName('away_clicks');
    await register(`${topic}-value`, fields());
    await using schema = await declare({ 'a.graphql': click(topic) });
    await using gateway = await openOwnGateway({ schema: schema.folder, env: { SLUICE_REGISTRY_URL: registry.url } });
    await using live = listen(
      gateway.webSocketUrl,
      'subscription { clicks(from: { earliest: true }) { edges { node { userId } error { reason } } } }',
    );
    const event = (userId: string) => ({ events: [{ userId, clickedAt: '2026-11-21T10:00:00Z' }] });
    await post(gateway.url, produceClick, event('known'));
    const later = fields([{ name: 'country', type: 'string', default: '' }]);
    const record = (user_id: string) => ({ user_id, amount: null, clicked_at: 0, country: '' });
    const id = await register(uniqueName('elsewhere'), later);

    const { pid } = registry;
    if (pid !== null) process.kill(pid, 'SIGKILL');
    const unknown = (user: string) => ({ topic, messages: [{ value: serialize(id, later, record(user)) }] });
    await producer.send(unknown('unknown'));
    await post(gateway.url, produceClick, event('still known'));
    expect(await take(live, 3, edgesOf)).toEqual([
      { node: { userId: 'known' }, error: null },
      { node: null, error: { reason: expect.stringContaining(`schema ${id}`) } },
      { node: { userId: 'still known' }, error: null },
    ]);
    const away = new RegExp(
      `^Click: records whose schema is not known yet do not decode: the schema ${id} is not at hand`,
    );
    expect(await streamOf(gateway.url, 'Click')).toMatchObject({ error: expect.stringMatching(away) });

    // It is started again; what was not known is asked for again, by whoever reads.
    await vi.waitFor(async () => {
      await producer.send(unknown('late'));
      const query = '{ clicks(from: { earliest: true }, first: 1000) { edges { node { userId } error { reason } } } }';
      const { data } = await post(gateway.url, query);
      expect(data.clicks.edges.every(({ error }: { readonly error: unknown }) => error === null)).toBe(true);
    }, patience);
    expect(await streamOf(gateway.url, 'Click')).toMatchObject({ error: null });
  });

  it('in Avro feed views on Flink, which wait for a registry that is away, and pass over bad records', async () => {
    const topic = uniqueName('view_clicks');
    const totals = uniqueName('totals');
    await register(`${topic}-value`, fields());
    const view = `type Total @view(topic: "${totals}", plural: "totals", sql: """
      SELECT user_id, SUM(amount) AS amount, window_start
      FROM TABLE(TUMBLE(TABLE ${topic}, DESCRIPTOR(clicked_at), INTERVAL '1' SECOND))
      GROUP BY user_id, window_start, window_end
    """) { userId: ID! amount: Int windowStart: DateTime! }`;
    await using schema = await declare({ 'a.graphql': click(topic) + view });
    const { host, pathname } = new URL(registry.url);
    await using proxy = await TcpProxy.open({ target: host });
    proxy.refuse();
    await using flinkRegistry = await openFaultyRegistry(registry.url);
    const env = {
      SLUICE_REGISTRY_URL: `http://${proxy.address}${pathname}`,
      FLINK_REGISTRY_URL: flinkRegistry.url,
      FLINK_SLUICE_JAR: 'true',
    };
    await using gateway = await openOwnGateway({ schema: schema.folder, env });
    const away = /the subject \S+ cannot be checked: The schema registry at \S+ cannot be reached/;
    const error = expect.stringMatching(away);
    expect(await streamOf(gateway.url, 'Click')).toMatchObject({ error });
    await vi.waitFor(async () => {
      expect(await streamOf(gateway.url, 'Total')).toEqual({ name: 'Total', state: 'PENDING', error });
    }, patience);
    const adHoc = await post(gateway.url, `{ sql(statement: "SELECT * FROM ${topic}") { rows } }`);
    expect(adHoc.errors?.[0]?.message).toMatch(/"view_clicks\S*" has no table in SQL: .* Try again when it answers\.$/);
    expect(adHoc.errors?.[0]?.message).toMatch(away);

    proxy.accept();
    await vi.waitFor(async () => {
      expect(await streamOf(gateway.url, 'Click')).toMatchObject({ error: null });
    }, patience);
    await using live = listen(
      gateway.webSocketUrl,
      'subscription { totals(from: { earliest: true }) { nodes { userId amount windowStart } } }',
    );
    const event = (userId: string, amount: number, second: string) => ({
      userId,
      amount,
      clickedAt: `2026-11-21T10:00:${second}Z`,
    });
    const events = [event('a', 1, '00.100'), event('a', 2, '00.900'), event('a', 5, '10.000')];
    expect((await post(gateway.url, produceClick, { events })).errors).toBeUndefined();
    expect(await take(live, 1, (data) => data.totals.nodes)).toEqual([
      { userId: 'a', amount: 3, windowStart: '2026-11-21T10:00:00.000Z' },
    ]);

    // A record that cannot be read because the registry does not answer as it should is waited for.
    const later = fields([{ name: 'country', type: 'string', default: '' }]);
    const id = await register(`${topic}-value`, later);
    const click20 = { user_id: 'c', amount: 7, clicked_at: Date.parse('2026-11-21T10:00:20Z'), country: 'LI' };
    const framed = (value: object) => serialize(id, later, { ...click20, ...value });
    const send = (...values: readonly (string | Buffer)[]) =>
      producer.send({ topic, messages: values.map((value) => ({ value })) });
    flinkRegistry.failFor(`/schemas/ids/${id}`, 'cut', 'not a registry');
    await send(framed({}), framed({ clicked_at: Date.parse('2026-11-21T10:00:30Z') }));
    await vi.waitFor(async () => {
      const error = expect.stringMatching(
        /^Flink restarts its job: The schema registry at \S+ did not give the schema/,
      );
      expect(await streamOf(gateway.url, 'Total')).toMatchObject({ error });
      expect(flinkRegistry.spoilt).toBeGreaterThanOrEqual(2);
    }, patience);
    flinkRegistry.failFor('');
    // Rows from before the restart may come again: the view is AT_LEAST_ONCE.
    const at = (second: string) => `2026-11-21T10:00:${second}.000Z`;
    const expected = [
      { userId: 'a', amount: 3, windowStart: at('00') },
      { userId: 'a', amount: 5, windowStart: at('10') },
      { userId: 'c', amount: 7, windowStart: at('20') },
      { userId: 'c', amount: 7, windowStart: at('30') },
    ];
    const rowOf = (windowStart: string) =>
      until(live, ({ data }) => {
        for (const node of data.totals.nodes) expect(expected).toContainEqual(node);
        return (
          data.totals.nodes.some((node: object) => 'windowStart' in node && node.windowStart === windowStart) ||
          undefined
        );
      });
    await rowOf(at('20'));

    // What does not fit is passed over: no frame, an id of no schema, a record cut off, a length that is a lie.
    const unknownId = Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 2, 0x62]);
    const lie = Buffer.concat([framed({}).subarray(0, 5), Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x0f])]);
    const last = framed({ clicked_at: Date.parse('2026-11-21T10:00:40Z') });
    await send('no Avro', '', unknownId, framed({}).subarray(0, -1), lie, last);
    await rowOf(at('30'));
    expect(await streamOf(gateway.url, 'Total')).toMatchObject({ error: null });
    const { data } = await post(gateway.url, '{ jobs { nodes { id view state } } }');
    const own = data.jobs.nodes.find((job: { readonly view: string }) => job.view === totals);
    await post(gateway.url, 'mutation ($id: ID!) { cancelJob(id: $id) { __typename } }', { id: own.id });
  });

  it('in Protobuf feed views on Flink, which read what the gateway reads', async () => {
    const [topic, copies, counts] = [uniqueName('proto_orders'), uniqueName('copies'), uniqueName('counts')];
    const columns = ['order_id', 'status', ...orderColumns].map((name) => `\`${name}\``).join(', ');
    const stream = `@stream(topic: "${topic}", plural: "orders", format: PROTOBUF, partitions: 1)`;
    const copy = `@view(topic: "${copies}", plural: "copies", sql: "SELECT ${columns} FROM ${topic}")`;
    const count = `type Count @view(topic: "${counts}", plural: "counts", sql: """
      SELECT status, COUNT(*) AS cnt, window_start
      FROM TABLE(TUMBLE(TABLE ${topic}, DESCRIPTOR(ordered_at), INTERVAL '1' SECOND))
      GROUP BY status, window_start, window_end
    """) { status: OrderStatus! cnt: BigInt! windowStart: DateTime! }`;
    const rates = uniqueName('proto_rates');
    const rate = `type Rate @stream(topic: "${rates}", plural: "rates", format: PROTOBUF, key: ["name"], cleanup: COMPACT) {
      name: ID! rate: Float!
    }`;
    const declared = [orderType(stream, 'Order'), orderType(copy, 'Copy'), count, rate].join('\n');
    await using schema = await declare({ 'a.graphql': declared });
    const idOf = async (of: string, text: string) => {
      const version = { schemaType: 'PROTOBUF', schema: text };
      return ((await registry.request(`/subjects/${of}-value/versions`, version)).answer as { id: number }).id;
    };
    const [oldId, id, rateId] = [await idOf(topic, oldOrders), await idOf(topic, orders), await idOf(rates, rateProto)];
    const at = (second: number) => ({ seconds: Date.parse('2026-11-21T10:00:00Z') / 1000 + second, nanos: 123456789 });
    const order = (value: object) => encodeProto(orders, 'acme.Order', { ...fullOrder, ordered_at: at(0), ...value });
    const old = { order_id: 8, status: 2, ordered_at: at(0), note: 'old' };
    const smallest = { order_id: 9, status: 1, ordered_at: at(10), chosen_text: '' };
    const values = [
      frameProto(id, [1], order({})),
      frameProto(id, [1], order({}).subarray(0, -3)),
      frameProto(id, [7], order({})),
      frameProto(id, [], Buffer.alloc(0)),
      Buffer.from('no frame'),
      frameProto(id, [1], order({ status: 9 })),
      frameProto(oldId, [1], encodeProto(oldOrders, 'acme.Order', old)),
      frameProto(id, [1], encodeProto(orders, 'acme.Order', smallest)),
    ];
    const env = { SLUICE_REGISTRY_URL: registry.url, FLINK_SLUICE_JAR: 'true' };
    await using gateway = await openOwnGateway({ schema: schema.folder, env });
    await producer.send({ topic, messages: values.map((value) => ({ value })) });
    const rateOf = (key: string, value: number) => ({
      key,
      value: frameProto(rateId, [0], encodeProto(rateProto, 'Rate', { name: key, rate: value })),
    });
    const changes = [
      rateOf('a', 1),
      rateOf('b', 2),
      rateOf('a', 3),
      { key: 'a', value: 'bad' },
      { key: 'b', value: null },
    ];
    await producer.send({ topic: rates, messages: changes });
    const table = await post(gateway.url, `{ sql(statement: "SELECT name, rate FROM ${rates}") { rows } }`);
    expect(table.data.sql.rows).toEqual([{ name: 'a', rate: 3 }]);
    await using live = listen(
      gateway.webSocketUrl,
      `subscription { copies(from: { earliest: true }) { nodes { ${orderSelection} } } }`,
    );
    const copied = await take(live, 3, (data) => data.copies.nodes);
    const read = await post(
      gateway.url,
      `{ orders(from: { earliest: true }) { nodes { ${orderSelection} } edges { error { reason } } } }`,
    );
    const isBad = read.data.orders.edges.map(({ error }: { readonly error: unknown }) => error !== null);
    expect(isBad).toEqual([false, true, true, true, true, true, false, false]);
    const [whole, older, least] = read.data.orders.nodes;
    expect(copied).toEqual([whole, { ...older, ...lackedByOldOrder }, least]);
    expect(copied[0]).toMatchObject({
      orderId: '7',
      status: 'OPEN',
      orderedAt: '2026-11-21T10:00:00.123Z',
      customer: { name: 'Ada', address: { city: 'Zürich', since: '2020-02-29' } },
      total: '-12.34',
      labels: { a: 1, b: '9007199254740993' },
      large: '9007199254740993',
      chosenText: null,
      chosenNumber: 0,
    });
    await using windows = listen(
      gateway.webSocketUrl,
      'subscription { counts(from: { earliest: true }) { nodes { status cnt windowStart } } }',
    );
    const counted = await take(windows, 2, (data) => data.counts.nodes);
    const windowStart = '2026-11-21T10:00:00.000Z';
    expect(counted).toHaveLength(2);
    expect(counted).toContainEqual({ status: 'OPEN', cnt: '1', windowStart });
    expect(counted).toContainEqual({ status: 'SHIPPED', cnt: '1', windowStart });
    const { data } = await post(gateway.url, '{ jobs { nodes { id view } } }');
    const own = data.jobs.nodes.filter(({ view }: { readonly view: string }) => view === copies || view === counts);
    for (const job of own) {
      await post(gateway.url, 'mutation ($id: ID!) { cancelJob(id: $id) { __typename } }', { id: job.id });
    }
  });

  it('whose subject is missing, or does not fit, say so', async () => {
    const [topic, proto] = [uniqueName('misfit_clicks'), uniqueName('proto_clicks')];
    await register(`${topic}-value`, { ...fields(), fields: base.filter(({ name }) => name !== 'amount') });
    const other = `type Proto @stream(topic: "${proto}", plural: "protos", format: PROTOBUF) { userId: ID! }
      type Copy @view(topic: "${uniqueName('copies')}", plural: "copies", sql: "SELECT user_id FROM ${proto}") { userId: ID! }`;
    await using schema = await declare({ 'a.graphql': click(topic) + other });
    const env = { SLUICE_REGISTRY_URL: registry.url, SLUICE_SQL: 'all' };
    await using gateway = await openOwnGateway({ schema: schema.folder, env });
    expect(await streamOf(gateway.url, 'Click')).toMatchObject({
      error: expect.stringMatching(/-value \(schema \d+\) does not fit the declaration:\n {2}field `amount`: /),
    });
    expect(await streamOf(gateway.url, 'Proto')).toMatchObject({
      error: expect.stringContaining(`the subject ${proto}-value is not in the schema registry. Register it there`),
    });
    await register(`${topic}-value`, fields());
    await vi.waitFor(async () => {
      expect(await streamOf(gateway.url, 'Click')).toMatchObject({ error: null });
    }, patience);

    const messageOf = async (operation: string) => (await post(gateway.url, operation)).errors?.[0]?.message;
    expect(await messageOf(`{ sql(statement: "SELECT * FROM ${proto}") { rows } }`)).toContain(
      `"${proto}" has no table in SQL: Flink's own format for Protobuf needs compiled classes`,
    );
    await vi.waitFor(async () => {
      const error = expect.stringContaining('FLINK_SLUICE_JAR=true');
      expect(await streamOf(gateway.url, 'Copy')).toMatchObject({ state: 'FAILED', error });
    }, patience);
    const insert = `mutation { submitJob(input: { name: "refused", sql: "INSERT INTO ${topic} SELECT * FROM ${topic}" }) { __typename } }`;
    expect(await messageOf(insert)).toContain(`"${topic}" has format AVRO, which Flink cannot write`);
  });

  it('are refused at the start where there is no registry', async () => {
    await using schema = await declare({ 'a.graphql': click(uniqueName('nowhere')) });
    await expect(openOwnGateway({ schema: schema.folder })).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      message: expect.stringMatching(
        /^A schema registry is needed by Click \(format: AVRO\)\. Set SLUICE_REGISTRY_URL/,
      ),
    });
  });
});
