import { afterEach, describe, expect, test } from 'vitest';
import { dropStatements, type SourceDdl } from '#model';
import { RestClient } from '../../../src/flink/rest-client.ts';
import { SqlGateway } from '../../../src/flink/sql-gateway.ts';
import { SqlSession } from '../../../src/flink/sql-session.ts';
import { type FakeAnswer, fakeFlink, type SeenRequest } from './fake-flink.ts';
import { recorded } from './recorded.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

function gone(): FakeAnswer {
  const { status, errors } = recorded('session-gone');
  return { status, body: { errors } };
}

/** A SQL Gateway of which sessions can be taken away. */
async function fakeGateway(onStatement: (statement: string) => FakeAnswer = () => null) {
  const sessions = new Set<string>();
  let opened = 0;
  const server = await fakeFlink((request) => {
    if (request.path === '/v2/sessions') {
      opened += 1;
      sessions.add(`s${opened}`);
      return { body: { sessionHandle: `s${opened}` } };
    }
    const session = /^\/v2\/sessions\/([^/]+)/.exec(request.path)?.[1] ?? '';
    if (!sessions.has(session)) return gone();
    const statement = statementOf(request);
    const special = statement === null ? null : onStatement(statement);
    if (special) return special;
    if (request.path.endsWith('/statements')) return { body: { operationHandle: 'op' } };
    if (request.path.includes('/result/')) return { body: resultOf('SHOW') };
    return { body: {} };
  });
  return { server, sessions, opened: () => opened };
}

function statementOf({ body }: SeenRequest): string | null {
  return typeof body === 'object' && body !== null && 'statement' in body ? String(body.statement) : null;
}

function resultOf(value: string) {
  const columns = [{ name: 'table name', logicalType: { type: 'VARCHAR', nullable: true, length: 2_147_483_647 } }];
  return { resultType: 'EOS', results: { columns, data: [{ kind: 'INSERT', fields: [value] }] } };
}

const tableA = { topic: 'a', statements: ['CREATE TABLE a', 'CREATE VIEW a'] };
const tableB = { topic: 'b', statements: ['CREATE TABLE b', 'CREATE VIEW b'] };
const tablesAB: readonly SourceDdl[] = [tableA, tableB];
let declared = tablesAB;
afterEach(() => {
  declared = tablesAB;
});

function sessionOn(url: string, times: { readonly heartbeatIntervalMs?: number; readonly idleMs?: number } = {}) {
  const rest = new RestClient({ baseUrl: url, peer: 'The Flink SQL Gateway', timeoutMs: 2_000 });
  const session = new SqlSession({
    gateway: new SqlGateway(rest),
    name: 'test',
    properties: { 'table.local-time-zone': 'UTC' },
    prelude: ['CREATE DATABASE source'],
    tables: () => declared,
    heartbeatIntervalMs: 60_000,
    idleMs: 60_000,
    ...times,
    statementTimeoutMs: 2_000,
    logger: silent,
  });
  return {
    session,
    async [Symbol.asyncDispose]() {
      await session.close();
      await rest.close();
    },
  };
}

function setups(seen: readonly SeenRequest[], session: string): readonly string[] {
  return seen
    .filter(({ path }) => path === `/v2/sessions/${session}/configure-session`)
    .map((request) => statementOf(request) ?? '');
}

describe('a session', () => {
  test('is opened once for statements that come at the same time, and declares everything first', async () => {
    const { server, opened } = await fakeGateway();
    await using _server = server;
    await using opening = sessionOn(server.url);
    const results = await Promise.all(['SHOW 1', 'SHOW 2', 'SHOW 3'].map((sql) => opening.session.execute(sql)));
    expect(opened()).toBe(1);
    expect(results[0]).toEqual({
      columns: [{ name: 'table name', type: 'STRING', nullable: true, logicalType: expect.anything() }],
      rows: [{ kind: 'INSERT', fields: ['SHOW'] }],
      truncated: false,
      jobId: null,
    });
    const statements = setups(server.seen, 's1');
    expect(statements[0]).toBe('CREATE DATABASE source');
    expect(statements).toHaveLength(5);
    expect(statements.indexOf('CREATE TABLE b')).toBeLessThan(statements.indexOf('CREATE VIEW b'));
    const first = server.seen.findIndex(({ path }) => path.endsWith('/statements'));
    expect(server.seen.slice(first).some(({ path }) => path.endsWith('/configure-session'))).toBe(false);
  });

  test('that the gateway has forgotten is opened again unseen, once, with everything declared anew', async () => {
    const { server, sessions, opened } = await fakeGateway();
    await using _server = server;
    await using opening = sessionOn(server.url);
    await opening.session.execute('SHOW');
    sessions.clear();
    const results = await Promise.all(['SHOW 1', 'SHOW 2', 'SHOW 3'].map((sql) => opening.session.execute(sql)));
    expect(results.map((result) => result.rows.length)).toEqual([1, 1, 1]);
    expect(opened()).toBe(2);
    expect(setups(server.seen, 's2')).toHaveLength(5);
  });

  test('that is lost while a statement runs repeats it only when that does no harm', async () => {
    const { server, sessions } = await fakeGateway((statement) => {
      if (!statement.startsWith('LOSE')) return null;
      queueMicrotask(() => sessions.clear());
      return { body: { operationHandle: 'op' } };
    });
    await using _server = server;
    await using opening = sessionOn(server.url);
    await expect(opening.session.execute('LOSE')).rejects.toMatchObject({ code: 'FLINK_UNAVAILABLE' });
    expect(server.seen.filter((request) => statementOf(request) === 'LOSE')).toHaveLength(1);
  });

  test('that is lost while its tables are declared is opened anew', async () => {
    let losses = 1;
    const { server, sessions, opened } = await fakeGateway((statement) => {
      if (statement !== 'CREATE TABLE b' || losses === 0) return null;
      losses -= 1;
      sessions.clear();
      return gone();
    });
    await using _server = server;
    await using opening = sessionOn(server.url);
    expect((await opening.session.execute('SHOW')).rows).toHaveLength(1);
    expect(opened()).toBe(2);
  });

  test('is not closed for idleness while an operation is open, and is afterwards', async () => {
    const { server } = await fakeGateway();
    await using _server = server;
    await using opening = sessionOn(server.url, { heartbeatIntervalMs: 5, idleMs: 1 });
    const operation = await opening.session.start('SHOW');
    const heartbeats = () => server.seen.filter(({ path }) => path.endsWith('/heartbeat')).length;
    await expect.poll(heartbeats).toBeGreaterThan(3);
    expect(server.seen.some(({ method, path }) => method === 'DELETE' && path === '/v2/sessions/s1')).toBe(false);
    await operation.close();
    await expect.poll(() => server.seen.at(-1)).toMatchObject({ method: 'DELETE', path: '/v2/sessions/s1' });
  });

  test('does without a table that Flink refuses, and tells why', async () => {
    const { status, errors } = recorded('syntax-error');
    const { server } = await fakeGateway((statement) =>
      statement === 'CREATE TABLE a' ? { status, body: { errors } } : null,
    );
    await using _server = server;
    await using opening = sessionOn(server.url);
    await opening.session.execute('SHOW');
    expect([...opening.session.refusedTables.keys()]).toEqual(['a']);
    expect(setups(server.seen, 's1')).toContain('CREATE VIEW b');
  });

  test('declares a table anew as Flink 1.20 takes it when that does not know an option', async () => {
    const option = 'scan.topic-partition-discovery.interval';
    const options = `Unsupported options:\n\n${option}\n\nSupported options:\n\nconnector\ntopic`;
    const thrown = `org.apache.flink.table.api.ValidationException: Unsupported options found for 'upsert-kafka'.\n\n${options}`;
    const create = `CREATE TABLE source.a ('${option}' = '10 s', 'topic' = 'a')`;
    const tables = new Map([['a', create]]);
    const { server } = await fakeGateway((statement) => {
      const [, created] = /^CREATE TABLE source\.(\w+)/.exec(statement) ?? [];
      if (created) tables.set(created, statement);
      // Flink looks at the options of a table when it is used.
      const isRefused = statement === 'CREATE VIEW a' && tables.get('a')?.includes(option);
      return isRefused ? { status: 500, body: { errors: [thrown] } } : null;
    });
    await using _server = server;
    declared = [{ topic: 'a', statements: [create, 'CREATE VIEW a', 'CREATE TABLE sink.a'] }];
    await using opening = sessionOn(server.url);
    await opening.session.execute('SHOW');
    expect(opening.session.refusedTables.size).toBe(0);
    expect(setups(server.seen, 's1').slice(-5)).toEqual([
      ...dropStatements('a'),
      "CREATE TABLE source.a ('properties.partition.discovery.interval.ms' = '10000', 'topic' = 'a')",
      'CREATE VIEW a',
      'CREATE TABLE sink.a',
    ]);
  });

  test('declares anew what is to be otherwise, and leaves the rest', async () => {
    const { server, opened } = await fakeGateway();
    await using _server = server;
    await using opening = sessionOn(server.url);
    const missing = { reason: 'the registry is away', mayCome: true };
    declared = [tableA, { topic: 'b', statements: [], missing }];
    await opening.session.execute('SHOW');
    expect([...opening.session.awaitedTables]).toEqual([['b', 'the registry is away']]);
    const before = setups(server.seen, 's1').length;
    declared = [...tablesAB];
    await Promise.all(['SHOW 1', 'SHOW 2'].map((sql) => opening.session.execute(sql)));
    expect(opened()).toBe(1);
    expect(setups(server.seen, 's1').slice(before)).toEqual([...dropStatements('b'), ...tableB.statements]);
    expect(opening.session.awaitedTables.size).toBe(0);
  });

  test('says why there is no table where Flink only says that there is none', async () => {
    const errors = ["org.apache.calcite.sql.validate.SqlValidatorException: Object 'b' not found"];
    const { server } = await fakeGateway((statement) =>
      statement === 'SELECT' ? { status: 500, body: { errors } } : null,
    );
    await using _server = server;
    await using opening = sessionOn(server.url);
    declared = [tableA, { topic: 'b', statements: [], missing: { reason: 'nobody can read it', mayCome: false } }];
    await expect(opening.session.execute('SELECT')).rejects.toMatchObject({
      code: 'SQL_REJECTED',
      message: expect.stringMatching(/^Object 'b' not found\. "b" has no table in SQL: nobody can read it\. Declare/),
    });
  });

  test('fetches no more rows than asked for and says that there were more', async () => {
    const { server } = await fakeGateway();
    await using _server = server;
    await using opening = sessionOn(server.url);
    const result = await opening.session.execute('SHOW', { maxRows: 0 });
    expect(result).toMatchObject({ rows: [], truncated: true });
  });

  test('is closed on the gateway with its owner', async () => {
    const { server } = await fakeGateway();
    await using _server = server;
    const opening = sessionOn(server.url);
    await opening.session.open();
    await opening[Symbol.asyncDispose]();
    expect(server.seen.at(-1)).toMatchObject({ method: 'DELETE', path: '/v2/sessions/s1' });
  });
});
