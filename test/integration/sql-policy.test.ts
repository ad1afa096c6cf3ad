import { afterAll, describe, expect, inject, test } from 'vitest';
import { SluiceError } from '#errors';
import { sessionProperties, sessionStatements, toDdl } from '#model';
import {
  createSqlPolicy,
  type Statement,
  splitStatements,
  sqlSettings,
  toExplain,
  toSinkInsert,
  toStatementSet,
} from '#sql';
import { withOwnTables } from '../../src/flink/own-tables.ts';
import { RestClient } from '../../src/flink/rest-client.ts';
import { SqlGateway } from '../../src/flink/sql-gateway.ts';
import { SqlSession } from '../../src/flink/sql-session.ts';
import { locate } from '../../src/flink/statement-place.ts';
import { uniqueName } from '../support/declarations.ts';
import { clicksModel } from '../unit/flink/models.ts';

/** Remembers the session that was opened last, so that a test can close it behind the back of its owner. */
class WatchedGateway extends SqlGateway {
  handle = '';

  override async openSession(...given: Parameters<SqlGateway['openSession']>): Promise<string> {
    this.handle = await super.openSession(...given);
    return this.handle;
  }
}

const { kafka, sqlGateway } = inject('endpoints');
const rest = new RestClient({ baseUrl: sqlGateway, peer: 'The Flink SQL Gateway', timeoutMs: 30_000 });
const gateway = new WatchedGateway(rest);
const model = clicksModel();
const tables = toDdl(model, { bootstrapServers: kafka });
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

/** Lets Flink compile it, and gives its plan; nothing is run. */
async function explain(statement: Statement): Promise<string> {
  const explained = toExplain(statement);
  try {
    const { rows } = await session.execute(explained.text, { repeatable: true });
    return String(rows[0]?.fields[0]);
  } catch (thrown) {
    throw locate(explained, thrown);
  }
}

function only(sql: string): Statement {
  const [statement, ...more] = splitStatements(sql);
  if (!statement || more.length > 0) throw new Error(`${sql} is not one statement`);
  return statement;
}

/** What Flink says of a text as it was sent: nothing when it takes it for one statement. */
async function refusalOf(sql: string): Promise<string> {
  const refusal = await session.execute(sql, { repeatable: true, maxRows: 1 }).then(
    () => '',
    (thrown: unknown) => (thrown instanceof SluiceError ? thrown.message : String(thrown)),
  );
  return refusal;
}

describe('SQL is read here as Flink reads it', () => {
  test.each([
    ["'--' || '/*' || ';' || '''' || '//'", "'x--/*;''//'"],
    ["E'a\\'; b' /* ' */", "'xa''; b'"],
    ["U&'\\0041;' -- '", "'xA;'"],
    ["'a' /* ; */ || /** ; **/ 'b' // ;", "'xab'"],
    ["CAST(CHAR_LENGTH(N'x;y') AS STRING)", "'x3'"],
    ['`a;``b` || `--c`', '||(a;`b, --c)'],
    ["CASE WHEN TRUE THEN 'END;' END", "'xEND;'"],
    ["'1' /*/ ; */ || '2'", "'x12'"],
  ])('SELECT %s', async (expression, computed) => {
    const sql = `SELECT ${expression}\n AS c FROM (VALUES ('p', 'r')) AS t (\`a;\`\`b\`, \`--c\`)`;
    await expect(refusalOf(`EXPLAIN ${sql}`)).resolves.toBe('');
    const [statement, second] = splitStatements(`SELECT 'x' || c FROM (${sql}\n); SHOW TABLES`);
    if (!statement) throw new Error('a statement');
    expect([statement.kind, second?.kind]).toEqual(['SELECT', 'SHOW']);
    // The constant that Flink computed shows what it took for the expression.
    expect((await explain(statement)).replaceAll('_UTF-16LE', '')).toContain(computed);
  });

  test.each([
    'SELECT "a"',
    "SELECT 'a",
    'SELECT `a\nb`',
    'SELECT 1 /* a',
    'SELECT\u00a01',
    '\ufeffSELECT 1',
    "SELECT 1 /*+ a('*/",
  ])('and what is no SQL here is none there: %j', async (sql) => {
    expect(() => splitStatements(sql)).toThrow(expect.objectContaining({ code: 'SQL_REJECTED' }));
    await expect(refusalOf(sql)).resolves.not.toBe('');
  });

  test.each([
    'EXPLAIN SELECT 1; EXPLAIN SELECT 2',
    'SHOW TABLES /* ; */ ; SHOW DATABASES',
    "SHOW TABLES LIKE ';' ;; SHOW TABLES",
  ])('and several statements are several there: %s', async (sql) => {
    const statements = splitStatements(sql);
    expect(statements).toHaveLength(2);
    await expect(refusalOf(sql)).resolves.toMatch(/only single statement supported|Encountered/);
    for (const { text } of statements) await expect(refusalOf(text)).resolves.toBe('');
  });

  test.each([
    'UPSERT INTO a SELECT 1',
    'WITH a AS (SELECT 1) INSERT INTO b SELECT * FROM a',
    'EXECUTE STATEMENT SET BEGIN END',
    'HELP',
    'QUIT',
  ])('and what has no kind here is refused there: %s', async (sql) => {
    expect(only(sql).kind).toBe('OTHER');
    await expect(refusalOf(sql)).resolves.not.toBe('');
  });
});

describe('a text of several statements', () => {
  const sql = `CREATE TEMPORARY TABLE recent (user_id STRING, clicked_at TIMESTAMP_LTZ(3)) WITH ('connector' = 'datagen', 'number-of-rows' = '1');
CREATE TEMPORARY TABLE copied WITH ('topic' = 'copied') LIKE \`sink\`.user_clicks; -- as declared
/* é */ INSERT INTO user_clicks SELECT user_id, clicked_at FROM recent;
INSERT INTO copied SELECT user_id, clicked_at FROM user_clicks`;
  const policy = createSqlPolicy(sqlSettings.parse({ sql: 'all' }), model, kafka);

  function prepare(text: string) {
    const statements = splitStatements(text);
    policy.check(statements, 'SUBMIT');
    const creates = statements.filter(({ kind }) => kind === 'CREATE_TEMPORARY_TABLE');
    const inserts = statements.filter(({ kind }) => kind === 'INSERT').map((insert) => toSinkInsert(insert, model));
    return { creates, set: toStatementSet(inserts) };
  }

  test('runs as one set over its own tables, also when the session is lost in between, and leaves none of them', async () => {
    const { creates, set } = prepare(sql);
    let tries = 0;
    const plan = await withOwnTables(session, creates, async () => {
      tries += 1;
      if (tries === 1) await gateway.closeSession(gateway.handle);
      return await explain(set);
    });
    expect(tries).toBe(2);
    expect(plan).toContain('Sink(table=[default_catalog.sink.user_clicks]');
    expect(plan).toContain('Sink(table=[default_catalog.default_database.copied]');
    const { rows } = await session.execute('SHOW TABLES', { repeatable: true });
    expect(rows.map((row) => row.fields[0])).toEqual(['top_users', 'user_clicks']);
  });

  test.each([
    ['user_id, clicked_at FROM recent', 'user_id, nonsense FROM recent', { line: 3, column: 49 }],
    ['clicked_at FROM user_clicks', 'clicked_at FRM user_clicks', { line: 4, column: 51 }],
    ['SELECT user_id, clicked_at FROM recent', 'SELECT user_id FROM recent', { line: 3, column: 9 }],
    ["'datagen', ", "'datagen' ", { line: 1, column: 107 }],
    ['INSERT INTO copied', 'INSERT INTO other', { line: 3, column: 9 }],
  ])('is refused with the place in it: %s → %s', async (right, wrong, place) => {
    const text = sql.replace(right, wrong);
    const work = async () => {
      const { creates, set } = prepare(text);
      return await withOwnTables(session, creates, () => explain(set));
    };
    await expect(work()).rejects.toMatchObject({ details: place });
  });
});
