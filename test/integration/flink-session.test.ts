import { afterAll, describe, expect, inject, test } from 'vitest';
import { sessionProperties, sessionStatements, toDdl } from '#model';
import { RestClient } from '../../src/flink/rest-client.ts';
import { SqlGateway } from '../../src/flink/sql-gateway.ts';
import { SqlSession } from '../../src/flink/sql-session.ts';
import { uniqueName } from '../support/declarations.ts';
import { clicksModel } from '../unit/flink/models.ts';

/** Remembers the sessions that were opened, so that a test can close them behind the back of their owner. */
class WatchedGateway extends SqlGateway {
  readonly handles: string[] = [];

  override async openSession(...given: Parameters<SqlGateway['openSession']>): Promise<string> {
    const handle = await super.openSession(...given);
    this.handles.push(handle);
    return handle;
  }
}

describe('a session on the real SQL Gateway', () => {
  const { kafka, sqlGateway } = inject('endpoints');
  const rest = new RestClient({ baseUrl: sqlGateway, peer: 'The Flink SQL Gateway', timeoutMs: 30_000 });
  const gateway = new WatchedGateway(rest);
  const tables = toDdl(clicksModel(), { bootstrapServers: kafka });
  const session = new SqlSession({
    gateway,
    name: uniqueName('test'),
    properties: sessionProperties(),
    prelude: sessionStatements,
    tables: () => tables,
    heartbeatIntervalMs: 60_000,
    idleMs: 60_000,
    statementTimeoutMs: 60_000,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });

  afterAll(async () => {
    await session.close();
    await rest.close();
  });

  test('knows the declared tables', async () => {
    const { rows } = await session.execute('SHOW TABLES');
    expect(rows.map((row) => row.fields[0])).toEqual(['top_users', 'user_clicks']);
    expect(session.refusedTables.size).toBe(0);
  });

  test('is opened again, with all its tables, after somebody has closed it', async () => {
    await session.open();
    const before = gateway.handles.length;
    await gateway.closeSession(gateway.handles.at(-1) ?? '');
    const results = await Promise.all([session.execute('SHOW TABLES'), session.execute('DESCRIBE user_clicks')]);
    expect(results.map((result) => result.rows.length > 0)).toEqual([true, true]);
    expect(gateway.handles).toHaveLength(before + 1);
  });

  test('tells the line and column of what Flink does not accept, in its own words', async () => {
    const statement = 'SELECT user_id,\n  nonsense\nFROM user_clicks';
    await expect(session.execute(statement)).rejects.toMatchObject({
      code: 'SQL_REJECTED',
      message: "Column 'nonsense' not found in any table",
      details: { line: 2, column: 3 },
    });
    await expect(session.execute('SELECT FROM')).rejects.toMatchObject({
      code: 'SQL_REJECTED',
      details: { line: 1, column: 8 },
    });
  });

  test('answers a bounded SELECT with typed columns and exact numbers', async () => {
    const statement = 'SELECT CAST(9007199254740993 AS BIGINT) AS big, CAST(NULL AS STRING) AS nothing';
    const { columns, rows } = await session.execute(statement, { config: { 'execution.runtime-mode': 'batch' } });
    expect(columns).toMatchObject([
      { name: 'big', type: 'BIGINT', nullable: false },
      { name: 'nothing', type: 'STRING', nullable: true },
    ]);
    expect(rows).toEqual([{ kind: 'INSERT', fields: [9007199254740993n, null] }]);
  });

  test('gives up a statement at its deadline', async () => {
    await expect(session.execute('SELECT * FROM user_clicks', { deadlineMs: 200 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
  });
});
