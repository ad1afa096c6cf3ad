import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { type OwnGateway, openOwnGateway } from '../support/gateway.ts';
import { openTestKafka, readAll, record, recordsOf } from '../support/kafka.ts';

const partitions = 2;
const name = uniqueName('produce');
const topics = { orders: `${name}_orders`, payments: `${name}_payments`, users: `${name}_users` };
const declaration = `
  type Purchase @stream(topic: "${topics.orders}", key: ["id"], partitions: ${partitions}, plural: "orders") { id: ID! cents: Int! }
  type Payment @stream(topic: "${topics.payments}", key: ["id"], partitions: ${partitions}, plural: "payments") { id: ID! cents: Int! }
  type User @stream(topic: "${topics.users}", key: ["id"], partitions: ${partitions}, plural: "users", cleanup: COMPACT) { id: ID! name: String! }
`;
const produceOrders = `mutation ($events: [PurchaseInput!]!, $options: ProduceOptions) {
  produceOrders(events: $events, options: $options) { records { outcome partition offset timestamp error { code } } before }
}`;

describe('produce mutations on a real Kafka', () => {
  const open = new AsyncDisposableStack();
  let gateway: OwnGateway;
  let kafka: ReturnType<typeof openTestKafka>;
  beforeAll(async () => {
    const schema = open.use(await declare({ 'orders.graphql': declaration }));
    gateway = open.use(await openOwnGateway({ schema: schema.folder }));
    kafka = open.use(openTestKafka());
  });
  afterAll(() => open.disposeAsync());

  const run = async (query: string, variables: Record<string, unknown> = {}) =>
    await post(gateway.url, query, variables);
  const recordsIn = async (topic: string) => recordsOf(await readAll(kafka, topic, partitions));
  const headersOf = (written: Awaited<ReturnType<typeof recordsIn>>[number]) =>
    written.headers.map(({ name: header, value }) => `${header}: ${value}`);

  it('writes with all options, and answers a repeat with the answer of the first', async () => {
    const options = {
      headers: [{ name: 'trace', value: '42' }],
      partition: 1,
      timestamp: '2026-01-31T12:00:00.000Z',
      idempotencyKey: 'all-options',
      timeoutMs: 20_000,
    };
    const variables = {
      events: [
        { id: 'opt-a', cents: 1 },
        { id: 'opt-b', cents: 2 },
      ],
      options,
    };
    // The second comes while the first is under way.
    const answers = await Promise.all([run(produceOrders, variables), run(produceOrders, variables)]);
    const later = await run(produceOrders, variables);
    expect(answers[0]?.data.produceOrders.records).toMatchObject([
      { outcome: 'ACKED', partition: 1, timestamp: options.timestamp, error: null },
      { outcome: 'ACKED', partition: 1 },
    ]);
    for (const answer of [answers[1], later])
      expect(answer?.data.produceOrders.records).toEqual(answers[0]?.data.produceOrders.records);
    const written = (await recordsIn(topics.orders)).filter(({ key }) => String(key).startsWith('opt-'));
    expect(written.map(headersOf)).toEqual([
      ['trace: 42', 'sluice-idempotency-key: all-options/0'],
      ['trace: 42', 'sluice-idempotency-key: all-options/1'],
    ]);
    const other = await run(produceOrders, { ...variables, events: [{ id: 'opt-c', cents: 3 }] });
    expect(other.errors?.[0]?.extensions?.['code']).toBe('CONFLICT');
  });

  it.each([
    [{ timeoutMs: 0 }, 'options.timeoutMs'],
    [{ timestamp: '1969-12-31T23:59:59Z' }, 'options.timestamp'],
    [{ timestamp: '2287-01-01T00:00:00Z' }, 'options.timestamp'],
    [{ idempotencyKey: '' }, 'options.idempotencyKey'],
    [{ idempotencyKey: 'a\ud800' }, 'half of a surrogate pair'],
    [{ headers: [{ name: 'a', value: '\udfff' }] }, 'half of a surrogate pair'],
    [{ headers: [{ name: 'sluice-idempotency-key', value: 'x' }] }, 'options.headers'],
    [{ partition: 99 }, 'no partition 99'],
    [{ partition: 99, atomic: true }, 'no partition 99'],
  ])('refuses %j', async (options, reason) => {
    const { errors } = await run(produceOrders, { events: [{ id: 'a', cents: 1 }], options });
    expect(errors?.[0]).toMatchObject({ extensions: { code: 'BAD_INPUT' } });
    expect(errors?.[0]?.message).toContain(reason);
  });

  it('writes a batch over several streams in one transaction, and says where everything lies', async () => {
    const query = `mutation ($batch: ProduceBatch!) { produce(batch: $batch, options: { atomic: true, idempotencyKey: "both" }) {
      orders { records { outcome partition offset } before } payments { records { outcome offset } } users { before }
    } }`;
    const batch = {
      orders: [
        { id: 'tx-1', cents: 1 },
        { id: 'tx-2', cents: 2 },
      ],
      payments: [{ id: 'tx-1', cents: 1 }],
    };
    const { data, errors } = await run(query, { batch });
    expect(errors).toBeUndefined();
    expect(data.produce.users).toBeNull();
    const outcomes = [...data.produce.orders.records, ...data.produce.payments.records];
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['ACKED', 'ACKED', 'ACKED']);
    // Who was answered finds the records at once, also with another client.
    const written = await recordsIn(topics.orders);
    expect(written.filter(({ key }) => String(key).startsWith('tx-'))).toHaveLength(2);
    for (const [index, { partition, offset }] of data.produce.orders.records.entries()) {
      const found = written.find((each) => each.partition === partition && `${each.offset}` === offset);
      expect(String(found?.key)).toBe(`tx-${index + 1}`);
      expect(found && headersOf(found)).toEqual([`sluice-idempotency-key: both/orders/${index}`]);
    }
    expect((await run(query, { batch })).data).toEqual(data);
    // Own writes are read after `before`.
    const read = await run(
      'query ($after: Cursor) { orders(after: $after, where: { id: { startsWith: "tx-" } }) { nodes { id } } }',
      {
        after: data.produce.orders.before,
      },
    );
    expect(read.data.orders.nodes.map(({ id }: { id: string }) => id).toSorted()).toEqual(['tx-1', 'tx-2']);
  });

  it('writes nothing of a batch in which one event is bad', async () => {
    const query = 'mutation ($batch: ProduceBatch!) { produce(batch: $batch) { orders { before } } }';
    const batch = { orders: [{ id: 'half', cents: 1 }], payments: [{ id: 'half', cents: 1 }, { id: 'half' }] };
    const { errors } = await run(query, { batch });
    expect(errors?.[0]?.message).toContain('batch.payments[1]');
    expect((await recordsIn(topics.orders)).some(({ key }) => String(key) === 'half')).toBe(false);
  });

  it('keeps nothing visible of a transaction that Kafka refuses in part', async () => {
    const lists = [
      {
        topic: topics.orders,
        records: [record('{"id":"fits","cents":1}', { key: Buffer.from('fits'), partition: 0 })],
      },
      { topic: topics.payments, records: [record('x'.repeat(9 * 1024 * 1024), { partition: 1 })] },
    ];
    expect(await kafka.transactions.write(lists, { deadlineMs: 20_000 })).toMatchObject([
      [{ outcome: 'NOT_WRITTEN', error: { code: 'RECORD_TOO_LARGE' } }],
      [{ outcome: 'NOT_WRITTEN', error: { code: 'RECORD_TOO_LARGE' } }],
    ]);
    // The next one is not held up by it, and what is before it is decided: the refused one is not to be seen.
    const options = { atomic: true, partition: 0 };
    const { data: next } = await run(produceOrders, { events: [{ id: 'fits', cents: 2 }], options });
    expect(next.produceOrders.records).toMatchObject([{ outcome: 'ACKED' }]);
    const seen = (await recordsIn(topics.orders)).filter(({ key }) => String(key) === 'fits');
    expect(seen.map(({ value }) => String(value))).toEqual(['{"id":"fits","cents":2}']);
  });

  it('keeps the order of a key for who awaits each call, whoever else writes at the same time', async () => {
    const clients = Array.from({ length: 8 }, (_, client) => `seq-${client}`);
    await Promise.all(
      clients.map(async (id) => {
        for (let cents = 0; cents < 20; cents += 1) {
          const { data } = await run(produceOrders, { events: [{ id, cents }], options: { atomic: cents % 7 === 0 } });
          expect(data.produceOrders.records[0].outcome).toBe('ACKED');
        }
      }),
    );
    const written = (await recordsIn(topics.orders)).map(({ value }) => JSON.parse(String(value)));
    for (const client of clients) {
      const numbers = written.filter(({ id }) => id === client).map(({ cents }) => cents);
      expect(numbers).toEqual(Array.from({ length: 20 }, (_, cents) => cents));
    }
  });

  it('deletes rows of a table by their keys', async () => {
    const people = ['ada', 'bob', 'eve'].map((id) => ({ id, name: id }));
    await run('mutation ($events: [UserInput!]!) { produceUsers(events: $events) { before } }', { events: people });
    const { data } = await run(
      'mutation { deleteUsers(keys: [{ id: "ada" }, { id: "nobody" }]) { records { outcome } before } }',
    );
    expect(data.deleteUsers.records).toEqual([{ outcome: 'ACKED' }, { outcome: 'ACKED' }]);
    const tombstones = (await recordsIn(topics.users)).filter(({ value }) => value === null);
    expect(tombstones.map(({ key }) => String(key)).toSorted()).toEqual(['ada', 'nobody']);
    const rows = await run('{ users(orderBy: [{ id: ASC }]) { nodes { id } } }');
    expect(rows.data.users.nodes).toEqual([{ id: 'bob' }, { id: 'eve' }]);
  });
});
