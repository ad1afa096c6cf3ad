import { Kafka, logLevel, type Message } from 'kafkajs';
import { describe, expect, inject, it } from 'vitest';
import { type Answer, listen, post, until } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { endJobsOf } from '../support/end-jobs.ts';
import { openOwnGateway } from '../support/gateway.ts';
import { onceEach } from '../support/kafka.ts';

interface Edge {
  readonly operation: string;
  readonly node: Readonly<Record<string, unknown>> | null;
  readonly record: { readonly key: string };
}

const kafka = () => new Kafka({ brokers: inject('endpoints').kafka.split(','), logLevel: logLevel.NOTHING });
const row = (id: string, level: string): Message => ({ key: id, value: JSON.stringify({ id, level }) });

describe('a table', () => {
  it('gives its rows and every change after them, of a topic that Kafka compacts', async () => {
    const topic = uniqueName('devices');
    await using schema = await declare({
      'devices.graphql': `type Device @stream(topic: "${topic}", plural: "devices", key: ["id"], cleanup: COMPACT, partitions: 3) {
        id: ID!
        level: String
      }`,
    });
    await using gateway = await openOwnGateway({ schema: schema.folder });
    const producer = kafka().producer(onceEach);
    await producer.connect();
    await using _ = { [Symbol.asyncDispose]: () => producer.disconnect() };
    const ids = Array.from({ length: 250 }, (_, index) => `d${String(index).padStart(3, '0')}`);
    const send = (messages: Message[]) => producer.send({ topic, messages });
    await send(ids.map((id) => row(id, 'low')));
    await send([row('d007', 'high'), { key: 'd001', value: null }, row('d002', 'high')]);

    const rows = new Map<string, unknown>();
    const take = (edges: readonly Edge[]) => {
      for (const { node, record } of edges) {
        if (node) rows.set(record.key, node.level);
        else rows.delete(record.key);
      }
    };
    const fields =
      'edges { operation node { id level } record { key } } pageInfo { live endCursor hasNextPage gap { reason } }';
    let after: string | null = null;
    for (let hasNextPage = true; hasNextPage; ) {
      const query = `query ($after: Cursor) { devices(first: 100, after: $after, orderBy: [{ level: ASC }, { id: DESC }]) { ${fields} } }`;
      const { data, errors } = await post(gateway.url, query, { after });
      expect(errors).toBeUndefined();
      if (after === null)
        expect(data.devices.edges.slice(0, 2)).toMatchObject([{ node: { id: 'd007' } }, { node: { id: 'd002' } }]);
      take(data.devices.edges);
      after = data.devices.pageInfo.endCursor;
      hasNextPage = data.devices.pageInfo.hasNextPage;
    }
    expect(rows.size).toBe(249);

    // A second client gets the rows that fit, and their ends, live.
    await using high = listen(
      gateway.webSocketUrl,
      `subscription { devices(where: { level: { eq: "high" } }) { ${fields} } }`,
    );
    const seen: string[] = [];
    await until(high, ({ data, errors }) => {
      expect(errors).toBeUndefined();
      seen.push(...data.devices.edges.map(({ record }: Edge) => record.key));
      return data.devices.pageInfo.live ? true : undefined;
    });
    expect(seen).toEqual(['d002', 'd007']);

    await send([row('d002', 'low'), row('d003', 'low'), { key: 'd004', value: null }, row('new', 'low')]);
    expect(edgesOf(await high.next())).toEqual([{ operation: 'DELETE', node: null, record: { key: 'd002' } }]);

    // The first one goes on with the cursor of its pages, and misses nothing.
    await using changes = listen(
      gateway.webSocketUrl,
      `subscription ($after: Cursor) { devices(after: $after) { ${fields} } }`,
      {
        after,
      },
    );
    await until(changes, (answer) => {
      take(edgesOf(answer));
      return rows.has('new') && rows.get('d002') === 'low' && !rows.has('d004') ? true : undefined;
    });
    expect(rows.size).toBe(249);
  });

  it('follows a view with a key', async () => {
    const clicks = uniqueName('clicks');
    const totals = uniqueName('totals');
    await using _end = endJobsOf(totals);
    await using schema = await declare({
      'clicks.graphql': `
        type Click @stream(topic: "${clicks}", plural: "clicks", partitions: 1) { userId: ID! }
        type Total @view(topic: "${totals}", plural: "totals", key: ["userId"], partitions: 2, sql: """
          SELECT user_id, COUNT(*) AS cnt FROM ${clicks} GROUP BY user_id
        """) { userId: ID! cnt: BigInt! }
      `,
    });
    await using gateway = await openOwnGateway({ schema: schema.folder });
    await using totalsOf = listen(
      gateway.webSocketUrl,
      'subscription { totals { nodes { userId cnt } pageInfo { live } } }',
    );
    const click = (users: readonly string[]) =>
      post(
        gateway.url,
        'mutation ($events: [ClickInput!]!) { produceClicks(events: $events) { records { outcome } } }',
        {
          events: users.map((userId) => ({ userId })),
        },
      );
    await click(['ann', 'ben', 'ann', 'cid', 'ann', 'ben']);
    const counts = new Map<string, string>();
    const untilCounts = (wanted: Readonly<Record<string, string>>) =>
      until(totalsOf, ({ data, errors }) => {
        expect(errors).toBeUndefined();
        for (const { userId, cnt } of data.totals.nodes) counts.set(userId, cnt);
        return Object.entries(wanted).every(([user, cnt]) => counts.get(user) === cnt) ? true : undefined;
      });
    await untilCounts({ ann: '3', ben: '2', cid: '1' });
    const top = '{ totals(first: 2, orderBy: { cnt: DESC }) { nodes { userId cnt } pageInfo { hasNextPage } } }';
    expect((await post(gateway.url, top)).data.totals).toEqual({
      nodes: [
        { userId: 'ann', cnt: '3' },
        { userId: 'ben', cnt: '2' },
      ],
      pageInfo: { hasNextPage: true },
    });
    await click(['cid', 'cid', 'cid']);
    await untilCounts({ cid: '4' });
    expect((await post(gateway.url, top)).data.totals.nodes[0]).toEqual({ userId: 'cid', cnt: '4' });
  });
});

function edgesOf({ data, errors }: Answer): readonly Edge[] {
  expect(errors).toBeUndefined();
  return data.devices.edges;
}
