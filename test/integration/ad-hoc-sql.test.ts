import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openEvents } from '../support/body-stream.ts';
import { type Answer, type Listener, listen, post, until } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { type OwnGateway, openOwnGateway, startGateway } from '../support/gateway.ts';

const { flinkRest } = inject('endpoints');
const name = uniqueName('adhoc');
const clicks = `${name}_clicks`;
const users = `${name}_users`;
const declarations = {
  'adhoc.graphql': `
type Click @stream(topic: "${clicks}", key: ["userId"], partitions: 2, plural: "clicks") {
  userId: ID!
  number: Int!
  big: BigInt!
  price: Decimal!
  clickedAt: DateTime! @eventTime
}
type User @stream(topic: "${users}", key: ["userId"], partitions: 1, cleanup: COMPACT, plural: "users") {
  userId: ID!
  name: String!
}
`,
};
const count = 40;
const minute = Date.parse('2026-01-01T00:00:00Z');

/** All that is opened for the whole file. */
const opened = new AsyncDisposableStack();
let gateway: OwnGateway;
let schema: string;

const sqlQuery = `query ($statement: String!, $maxRows: Int! = 1000, $timeoutMs: Int! = 30000) {
  sql(statement: $statement, maxRows: $maxRows, timeoutMs: $timeoutMs) {
    columns { name type nullable } rows truncated reason
  }
}`;
const sqlSubscription = `subscription ($statement: String!, $maxRows: Int, $startFrom: SqlStart! = EARLIEST) {
  sql(statement: $statement, maxRows: $maxRows, startFrom: $startFrom) {
    columns { name type } rows { operation values } jobId
  }
}`;

async function ask(statement: string, more: object = {}): Promise<Answer> {
  return await post(gateway.url, sqlQuery, { statement, ...more });
}

async function rowsOf(statement: string, more: object = {}): Promise<readonly Record<string, unknown>[]> {
  const { data, errors } = await ask(statement, more);
  expect(errors).toBeUndefined();
  return data.sql.rows;
}

function follow(statement: string, more: object = {}, webSocketUrl = gateway.webSocketUrl): Listener {
  return listen(webSocketUrl, sqlSubscription, { statement, ...more });
}

async function firstPageOf(listener: Listener): Promise<{ readonly jobId: string; readonly columns: unknown }> {
  const { data, errors } = await listener.next();
  expect(errors).toBeUndefined();
  return data.sql;
}

/** The state of a job now, past the cache of the JobManager. */
async function stateOf(jobId: string): Promise<string> {
  const response = await fetch(`${flinkRest}/jobs/${jobId}/status`);
  return ((await response.json()) as { status: string }).status;
}

async function untilCancelled(jobId: string): Promise<void> {
  await expect.poll(() => stateOf(jobId), { interval: 50 }).toBe('CANCELED');
}

beforeAll(async () => {
  const declared = opened.use(await declare(declarations));
  schema = declared.folder;
  gateway = opened.use(await openOwnGateway({ schema, env: { SLUICE_SQL: 'all', SLUICE_SQL_QUERIES: '6' } }));
  const events = Array.from({ length: count }, (_, number) => ({
    userId: `u${number % 4}`,
    number,
    big: '9007199254740993',
    price: '1234567890123456.125',
    clickedAt: new Date(minute + number * 1000).toISOString(),
  }));
  const named = ['u0', 'u1', 'u2', 'u3', 'u1'].map((userId, at) => ({ userId, name: `name ${at}` }));
  const produced = await post(
    gateway.url,
    `mutation ($clicks: [ClickInput!]!, $users: [UserInput!]!) {
      produceClicks(events: $clicks) { records { outcome } }
      produceUsers(events: $users) { records { outcome } }
    }`,
    { clicks: events, users: named },
  );
  expect(produced.errors).toBeUndefined();
});

afterAll(async () => {
  await opened.disposeAsync();
});

describe('the query sql', () => {
  test('answers SHOW, DESCRIBE and EXPLAIN', async () => {
    expect(await rowsOf('SHOW TABLES')).toEqual([{ 'table name': clicks }, { 'table name': users }]);
    expect(await rowsOf(`DESCRIBE ${clicks}`)).toContainEqual(expect.objectContaining({ name: 'big', type: 'BIGINT' }));
    expect((await rowsOf(`EXPLAIN SELECT number FROM ${clicks}`))[0]?.['result']).toContain('Optimized Execution Plan');
  });

  test('reads what is there now, with exact numbers and moments in UTC', async () => {
    const { data, errors } = await ask(
      `SELECT user_id, \`number\`, big, price, clicked_at FROM ${clicks} WHERE \`number\` = 7`,
    );
    expect(errors).toBeUndefined();
    expect(data.sql).toMatchObject({ truncated: false, reason: null });
    expect(data.sql.columns.map((column: { type: string }) => column.type)).toEqual([
      'STRING',
      'INT',
      'BIGINT',
      'DECIMAL(38, 9)',
      'TIMESTAMP_LTZ(3)',
    ]);
    expect(data.sql.rows).toEqual([
      {
        user_id: 'u3',
        number: 7,
        big: '9007199254740993',
        price: '1234567890123456.125',
        clicked_at: '2026-01-01T00:00:07.000Z',
      },
    ]);
  });

  test('gives the finished result of what changes on the way: counts, joins, Top-N and keyed tables', async () => {
    const [total, joined, top, present] = await Promise.all([
      rowsOf(`SELECT COUNT(*) AS cnt, SUM(\`number\`) AS total FROM ${clicks}`),
      rowsOf(
        `SELECT u.name, COUNT(*) AS cnt FROM ${clicks} c JOIN ${users} u ON c.user_id = u.user_id GROUP BY u.name`,
      ),
      rowsOf(`SELECT * FROM (
        SELECT \`number\`, ROW_NUMBER() OVER (ORDER BY \`number\` DESC) AS place FROM ${clicks}
      ) WHERE place <= 2`),
      rowsOf(`SELECT * FROM ${users}`),
    ]);
    expect(total).toEqual([{ cnt: String(count), total: (count * (count - 1)) / 2 }]);
    const names = ['name 0', 'name 2', 'name 3', 'name 4'];
    expect(joined.toSorted(by('name'))).toEqual(names.map((each) => ({ name: each, cnt: '10' })));
    expect(top.toSorted(by('place'))).toEqual([
      { number: count - 1, place: '1' },
      { number: count - 2, place: '2' },
    ]);
    expect(present.map((row) => row['name']).toSorted()).toEqual(names);
  });

  test('closes windows that are open at the end', async () => {
    const windows = await rowsOf(`SELECT window_start, COUNT(*) AS cnt
      FROM TABLE(TUMBLE(TABLE ${clicks}, DESCRIPTOR(clicked_at), INTERVAL '30' SECOND)) GROUP BY window_start, window_end`);
    expect(windows).toEqual([
      { window_start: '2026-01-01T00:00:00.000Z', cnt: '30' },
      { window_start: '2026-01-01T00:00:30.000Z', cnt: '10' },
    ]);
  });

  test('says that rows are missing and why, and rows that are there are finished ones', async () => {
    const more = await ask(`SELECT user_id, COUNT(*) AS cnt FROM ${clicks} GROUP BY user_id`, { maxRows: 3 });
    expect(more.data.sql).toMatchObject({ truncated: true, reason: 'MAX_ROWS' });
    expect(more.data.sql.rows.map((row: { cnt: string }) => row.cnt)).toEqual(['10', '10', '10']);
    const endless = `CREATE TEMPORARY TABLE endless (id INT) WITH ('connector' = 'datagen', 'rows-per-second' = '10');`;
    const many = await ask(`${endless} SELECT id FROM endless`, { maxRows: 5 });
    expect(many.data.sql).toMatchObject({ truncated: true, reason: 'MAX_ROWS', rows: { length: 5 } });
    // As long as its job is not even there, that is a time-out.
    const askFor = async (timeoutMs: number): Promise<Answer> => {
      const answer = await ask(`${endless} SELECT COUNT(*) AS cnt FROM endless`, { timeoutMs });
      return answer.errors?.[0]?.extensions?.['code'] === 'TIMEOUT' ? await askFor(2 * timeoutMs) : answer;
    };
    const late = await askFor(1500);
    expect(late.data.sql).toMatchObject({ truncated: true, reason: 'DEADLINE' });
  });

  test('refuses wrong SQL with line, column and the words of Flink', async () => {
    const { errors } = await ask(`SELECT user_id,\n  nope\nFROM ${clicks}`);
    expect(errors?.[0]).toMatchObject({
      message: expect.stringContaining("Column 'nope' not found in any table"),
      extensions: { code: 'SQL_REJECTED', line: 2, column: 3 },
    });
    const own = await ask(`CREATE TEMPORARY VIEW v AS SELECT 1 AS a;\nSELECT b FROM v`);
    expect(own.errors?.[0]?.extensions).toMatchObject({ code: 'SQL_REJECTED', line: 2, column: 8 });
    expect((await ask('DROP TABLE x')).errors?.[0]?.extensions).toMatchObject({ code: 'SQL_NOT_ALLOWED' });
    expect((await ask('SHOW TABLES', { maxRows: 0 })).errors?.[0]?.extensions).toMatchObject({ code: 'BAD_INPUT' });
  });

  test('knows tables of the statement, and forgets them', async () => {
    const own = `CREATE TEMPORARY VIEW late AS SELECT \`number\` FROM ${clicks} WHERE \`number\` > 37;`;
    expect(await rowsOf(`${own}\nSELECT \`number\` FROM late`)).toHaveLength(2);
    const { errors } = await ask('SELECT * FROM late');
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'SQL_REJECTED' });
  });
});

test('explain gives the plan as text and as a tree', async () => {
  const explain = '{ text nodes { id operator description parallelism inputs { id shipStrategy } } }';
  const { data } = await post(
    gateway.url,
    `query ($a: String!, $b: String!) { a: explain(sql: $a) ${explain} b: explain(sql: $b) ${explain} }`,
    {
      a: `SELECT user_id, COUNT(*) FROM ${clicks} GROUP BY user_id`,
      b: `INSERT INTO ${users} SELECT user_id, 'x' FROM ${clicks}`,
    },
  );
  expect(data.a.text).toContain('GroupAggregate(groupBy=[user_id]');
  const ids = data.a.nodes.map((node: { id: string }) => node.id);
  expect(data.a.nodes[0]).toMatchObject({ operator: expect.stringContaining('Source'), inputs: [] });
  expect(data.a.nodes.at(-1)).toMatchObject({
    description: expect.stringContaining('GroupAggregate'),
    parallelism: 1,
    inputs: [{ id: ids.at(-2), shipStrategy: 'HASH' }],
  });
  expect(data.b.nodes.at(-1).operator).toContain(users);
});

describe('the subscription sql', () => {
  test('gives the columns at once, then changes, and its job ends when the client leaves', async () => {
    let jobId = '';
    {
      await using listener = follow(`SELECT user_id, COUNT(*) AS cnt FROM ${clicks} GROUP BY user_id`);
      const first = await firstPageOf(listener);
      jobId = first.jobId;
      expect(first).toMatchObject({ rows: [], columns: [{ name: 'user_id' }, { name: 'cnt', type: 'BIGINT' }] });
      const found = await until(listener, ({ data }) =>
        data.sql.rows.find((row: { values: object }) => JSON.stringify(row.values) === '{"user_id":"u1","cnt":"10"}'),
      );
      expect(found.operation).toBe('UPDATE_AFTER');
      expect(await stateOf(jobId)).toBe('RUNNING');
    }
    await untilCancelled(jobId);
  });

  test('completes after maxRows', async () => {
    await using listener = follow(`SELECT \`number\` FROM ${clicks}`, { maxRows: 7 });
    const { jobId } = await firstPageOf(listener);
    let seen = 0;
    await expect(
      until(listener, ({ data }) => {
        seen += data.sql.rows.length;
        return undefined;
      }),
    ).rejects.toThrow('The subscription ended');
    expect(seen).toBe(7);
    await untilCancelled(jobId);
  });

  test('over SSE ends its job when the client leaves', async () => {
    const stream = await openEvents(gateway.url, {
      query: sqlSubscription,
      variables: { statement: `SELECT \`number\` FROM ${clicks}` },
    });
    const first = await stream.next();
    const second = await stream.next();
    expect(second?.answer?.data.sql.rows).not.toHaveLength(0);
    stream.drop();
    await untilCancelled(first?.answer?.data.sql.jobId);
  });

  test('is refused when the client, or the gateway, runs as many as it may', async () => {
    const statement = `SELECT \`number\` FROM ${clicks}`;
    await using many = new AsyncDisposableStack();
    // Over HTTP an address is one client.
    const streams = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const stream = await openEvents(gateway.url, { query: sqlSubscription, variables: { statement } });
        many.defer(() => stream.drop());
        await stream.next();
        return stream;
      }),
    );
    expect(streams).toHaveLength(4);
    expect((await ask('SHOW TABLES')).errors?.[0]?.extensions).toMatchObject({ code: 'OVERLOADED', retryable: true });
    // Each WebSocket is a client of its own; in all there may be six.
    for (let more = 0; more < 2; more += 1) await firstPageOf(many.use(follow(statement)));
    const refused = many.use(follow(statement));
    await expect(refused.next()).rejects.toMatchObject([{ extensions: { code: 'OVERLOADED' } }]);
  });

  test('whose gateway is killed leaves a job that the next gateway cancels', async () => {
    const settings = { schema, env: { SLUICE_SQL: 'read' } };
    await using killed = await startGateway(settings);
    await using listener = follow(`SELECT \`number\` FROM ${clicks}`, {}, killed.webSocketUrl);
    const { jobId } = await firstPageOf(listener);
    await killed.kill();
    await expect.poll(() => stateOf(jobId)).toBe('RUNNING');
    await using _next = await startGateway(settings);
    await untilCancelled(jobId);
  });
});

function by(column: string) {
  return (a: Record<string, unknown>, b: Record<string, unknown>) => String(a[column]).localeCompare(String(b[column]));
}
