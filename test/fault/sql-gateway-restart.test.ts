import { describe, expect, it } from 'vitest';
import { type Answer, listen, post } from '../support/client.ts';
import { declare } from '../support/declarations.ts';
import { openFlinkStack } from '../support/flink-stack.ts';
import { openOwnGateway } from '../support/gateway.ts';

const declarations = {
  'events.graphql': `
type Event @stream(topic: "events", key: ["id"], partitions: 2, plural: "events") { id: ID! number: Int! }
`,
};
const count = 20;

const calls: readonly { readonly query: string; readonly answer: unknown }[] = [
  { query: '{ sql(statement: "SHOW TABLES") { rows } }', answer: { sql: { rows: [{ 'table name': 'events' }] } } },
  {
    query: '{ sql(statement: "SELECT COUNT(*) AS cnt FROM events") { rows } }',
    answer: { sql: { rows: [{ cnt: String(count) }] } },
  },
  {
    query: `{ sql(statement: "CREATE TEMPORARY VIEW few AS SELECT number FROM events WHERE number < 3; SELECT COUNT(*) AS cnt FROM few") { rows } }`,
    answer: { sql: { rows: [{ cnt: '3' }] } },
  },
  {
    query: '{ explain(sql: "SELECT number FROM events") { nodes { parallelism } } }',
    answer: { explain: { nodes: expect.arrayContaining([{ parallelism: 1 }]) } },
  },
];

describe('a SQL Gateway that is killed and comes back', () => {
  it('costs those who use it a retryable error and no job', async () => {
    await using stack = await openFlinkStack();
    const clusters = { kafka: stack.broker.address, ...stack.flink };
    await using declared = await declare(declarations);
    const env = { SLUICE_SQL: 'all', SLUICE_SQL_QUERIES_PER_CLIENT: '20', SLUICE_SQL_QUERIES: '20' };
    await using gateway = await openOwnGateway({ schema: declared.folder, clusters, env });
    const events = Array.from({ length: count }, (_, number) => ({ id: String(number), number }));
    const produce = 'mutation ($events: [EventInput!]!) { produceEvents(events: $events) { records { outcome } } }';
    expect((await post(gateway.url, produce, { events })).errors).toBeUndefined();

    const subscription = `subscription { sql(startFrom: EARLIEST, statement: "SELECT number FROM events") { jobId rows { values } } }`;
    await using listener = listen(gateway.webSocketUrl, subscription);
    const { jobId } = (await listener.next()).data.sql;
    expect((await listener.next()).data.sql.rows).not.toHaveLength(0);

    const refusals: Answer[] = [];
    let isBack = false;
    /** Calls again and again until the gateway has been back for one whole call. */
    const insist = async ({ query, answer }: (typeof calls)[number]) => {
      for (let isLast = false; !isLast; ) {
        isLast = isBack;
        const given = await post(gateway.url, query);
        if (!given.errors) expect(given.data).toEqual(answer);
        else refusals.push(given);
        // Afterwards a lost session is opened anew unseen.
        if (isLast) expect(given.errors).toBeUndefined();
      }
    };
    const insisting = Promise.all(calls.map(insist));
    const back = stack.killSqlGateway().then(() => {
      isBack = true;
    });
    await expect(listener.next()).rejects.toMatchObject([
      { extensions: { code: 'FLINK_UNAVAILABLE', retryable: true } },
    ]);
    await Promise.all([back, insisting]);

    const codes = new Set(refusals.map(({ errors }) => errors?.[0]?.extensions?.['code']));
    expect([...codes]).toEqual(['FLINK_UNAVAILABLE']);
    const running = async () => {
      const response = await fetch(`${clusters.flinkRest}/jobs`);
      const { jobs } = (await response.json()) as { jobs: readonly { id: string; status: string }[] };
      return jobs.filter(({ status }) => !['CANCELED', 'FINISHED', 'FAILED'].includes(status)).map(({ id }) => id);
    };
    expect(jobId).toMatch(/^[0-9a-f]{32}$/);
    await expect.poll(running).toEqual([]);
  });
});
