import { describe, expect, test } from 'vitest';
import { SluiceError } from '#errors';
import type { SourceDdl } from '#model';
import { splitStatements } from '#sql';
import { FlinkFault } from '../../../src/flink/fault.ts';
import { withOwnTables } from '../../../src/flink/own-tables.ts';
import { RestClient } from '../../../src/flink/rest-client.ts';
import { SqlGateway } from '../../../src/flink/sql-gateway.ts';
import { SqlSession } from '../../../src/flink/sql-session.ts';
import { type FakeAnswer, fakeFlink } from './fake-flink.ts';
import { recorded } from './recorded.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const creates = splitStatements(
  "CREATE TEMPORARY TABLE `a b` (x INT) WITH ('connector'='print');\nCREATE TEMPORARY VIEW v AS SELECT 1",
);

/** A session on a SQL Gateway that does what it is told, and what it was told. */
async function openSession(
  onStatement: (statement: string, session: string) => FakeAnswer | undefined = () => undefined,
) {
  let opened = 0;
  const log: string[] = [];
  const server = await fakeFlink(({ method, path, body }) => {
    if (path === '/v2/sessions') {
      opened += 1;
      return { body: { sessionHandle: `s${opened}` } };
    }
    const session = /^\/v2\/sessions\/([^/]+)/.exec(path)?.[1] ?? '';
    if (method === 'DELETE') log.push(`close ${session}`);
    const statement = typeof body === 'object' && body !== null && 'statement' in body ? String(body.statement) : null;
    if (statement === null) return { body: {} };
    const special = onStatement(statement, session);
    if (special !== undefined) return special;
    log.push(`${session} ${statement.split(' ').slice(0, 3).join(' ')}`);
    return { body: {} };
  });
  const tables: readonly SourceDdl[] = [];
  const session = new SqlSession({
    gateway: new SqlGateway(new RestClient({ baseUrl: server.url, peer: 'The SQL Gateway', timeoutMs: 2_000 })),
    name: 'test',
    properties: {},
    prelude: [],
    tables: () => tables,
    heartbeatIntervalMs: 60_000,
    idleMs: 60_000,
    statementTimeoutMs: 2_000,
    logger: silent,
  });
  const dispose = async () => {
    await session.close();
    await server[Symbol.asyncDispose]();
  };
  return { session, log, [Symbol.asyncDispose]: dispose };
}

const made = ['s1 CREATE TEMPORARY TABLE', 's1 CREATE TEMPORARY VIEW'];
const dropped = ['s1 DROP TEMPORARY VIEW', 's1 DROP TEMPORARY TABLE'];

describe('tables of a client', () => {
  test('are there for the work, and dropped in reverse order', async () => {
    await using gateway = await openSession();
    const result = await withOwnTables(gateway.session, creates, async () => gateway.log.push('work'));
    expect(result).toBe(3);
    expect(gateway.log).toEqual([...made, 'work', ...dropped]);
  });

  test('are dropped when the work fails, which is told', async () => {
    await using gateway = await openSession();
    const failing = withOwnTables(gateway.session, creates, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(gateway.log).toEqual([...made, ...dropped]);
  });

  test('are dropped as far as they were made, and the refusal names the place', async () => {
    const { status, errors } = recorded('syntax-error');
    await using gateway = await openSession((statement) =>
      statement.includes('VIEW v') ? { status, body: { errors } } : undefined,
    );
    const failing = withOwnTables(gateway.session, creates, () => Promise.resolve());
    await expect(failing).rejects.toMatchObject({ code: 'SQL_REJECTED', details: { line: 2 } });
    expect(gateway.log).toEqual([made[0], dropped[1]]);
  });

  test('are made once more, with the work, when the session is lost in between', async () => {
    const { status, errors } = recorded('session-gone');
    await using gateway = await openSession((statement, session) => {
      return session === 's1' && statement === 'SHOW x' ? { status, body: { errors } } : undefined;
    });
    let tries = 0;
    await withOwnTables(gateway.session, creates, async () => {
      tries += 1;
      await gateway.session.configure('SHOW x');
      if (tries === 1) throw new SluiceError('SQL_REJECTED', 'no such table', { cause: new FlinkFault(400, []) });
    });
    expect(tries).toBe(2);
    expect(gateway.log.filter((line) => line.includes('CREATE TEMPORARY TABLE'))).toEqual([
      's1 CREATE TEMPORARY TABLE',
      's2 CREATE TEMPORARY TABLE',
    ]);
  });

  test('end with their session when they cannot be dropped', async () => {
    await using gateway = await openSession((statement) =>
      statement.startsWith('DROP') ? { status: 500, body: { errors: ['no'] } } : undefined,
    );
    await withOwnTables(gateway.session, creates, () => Promise.resolve());
    expect(gateway.log).toEqual([...made, 'close s1']);
  });
});
