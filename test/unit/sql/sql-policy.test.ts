import { describe, expect, test } from 'vitest';
import { SluiceError } from '#errors';
import { createSqlPolicy, type SqlUse, splitStatements, sqlSettings } from '#sql';
import type { SqlMode } from '../../../src/sql/options.ts';
import { clicksModel } from '../flink/models.ts';

const model = clicksModel();

/** What the policy says; an empty text when it has nothing against it. */
function judge(
  sql: string,
  how: {
    readonly use?: SqlUse;
    readonly mode?: SqlMode;
    readonly paths?: readonly string[];
    readonly connectors?: readonly string[];
  } = {},
): string {
  const { use = 'SUBMIT', mode = 'all', paths = [], connectors } = how;
  const settings = sqlSettings.parse({ sql: mode, sqlPaths: paths, sqlConnectors: connectors });
  try {
    createSqlPolicy(settings, model, '127.0.0.1:9092,kafka:9092').check(splitStatements(sql), use);
    return '';
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    expect(thrown.code).toBe('SQL_NOT_ALLOWED');
    const { line, column } = thrown.details;
    expect(thrown.message).toMatch(`Line ${line}, column ${column}: `);
    return thrown.message;
  }
}

const own = "CREATE TEMPORARY TABLE t (a INT) WITH ('connector'='datagen');";

describe('what may be sent', () => {
  test.each<[SqlUse, string]>([
    ['QUERY', 'SELECT 1'],
    ['QUERY', '(VALUES 1);'],
    ['QUERY', 'SHOW TABLES'],
    ['QUERY', 'SHOW CREATE VIEW user_clicks'],
    ['QUERY', 'DESCRIBE user_clicks'],
    ['QUERY', 'DESCRIBE catalog'],
    ['QUERY', 'EXPLAIN INSERT INTO user_clicks SELECT 1'],
    ['SUBSCRIBE', "SELECT * FROM user_clicks /*+ OPTIONS('scan.startup.mode'='latest-offset') */"],
    ['EXPLAIN', 'SELECT 1'],
    ['EXPLAIN', 'INSERT INTO user_clicks SELECT 1; INSERT INTO user_clicks SELECT 2'],
    ['EXPLAIN', 'EXPLAIN SELECT 1'],
  ])('with SLUICE_SQL=read for %s: %s', (use, sql) => {
    expect(judge(sql, { use, mode: 'read' })).toBe('');
    expect(judge(sql, { use, mode: 'all' })).toBe('');
    expect(judge(sql, { use, mode: 'off' })).toContain('SLUICE_SQL is "off"');
  });

  test.each<[SqlUse, string]>([
    ['SUBMIT', 'INSERT INTO user_clicks SELECT 1'],
    ['SUBMIT', `${own} INSERT INTO user_clicks SELECT 1; INSERT INTO user_clicks SELECT 2`],
    ['SUBMIT', 'BEGIN STATEMENT SET; INSERT INTO user_clicks SELECT 1; END;'],
    ['SUBMIT', `CREATE TEMPORARY VIEW v AS SELECT 1; ${own} INSERT INTO t SELECT * FROM v`],
    ['QUERY', `${own} SELECT * FROM t`],
    ['SUBSCRIBE', `${own} SELECT * FROM t`],
    ['EXPLAIN', `${own} SELECT * FROM t`],
  ])('with SLUICE_SQL=all alone for %s: %s', (use, sql) => {
    expect(judge(sql, { use })).toBe('');
    expect(judge(sql, { use, mode: 'read' })).toContain('SLUICE_SQL is "read"; "all" would allow it');
  });

  test.each<[SqlUse, string, RegExp]>([
    ['QUERY', 'INSERT INTO user_clicks SELECT 1', /INSERT INTO is not allowed here\. A query runs/],
    ['QUERY', 'SELECT 1;\nSELECT 2', /^Line 2, column 1: Another statement begins here/],
    ['SUBSCRIBE', 'SHOW TABLES', /A subscription runs one SELECT/],
    ['SUBMIT', 'SELECT 1', /A job runs INSERTs/],
    ['SUBMIT', "SET 'a'='b'; INSERT INTO user_clicks SELECT 1", /SET is not allowed.* "settings" of submitJob/],
    ['SUBMIT', 'INSERT INTO user_clicks SELECT 1; SELECT 1', /^Line 1, column 35: Another statement begins here/],
    ['SUBMIT', `INSERT INTO user_clicks SELECT 1; ${own}`, /Another statement begins here/],
    ['SUBMIT', own, /Nothing follows that uses the table/],
    ['QUERY', "STOP JOB 'a'", /STOP JOB is not allowed.*stopJob/],
    ['QUERY', "ADD JAR '/x.jar'", /ADD JAR is not allowed/],
    ['QUERY', "CREATE FUNCTION f AS 'x.Y' USING JAR '/x.jar'", /CREATE FUNCTION is not allowed/],
    ['QUERY', "CREATE TEMPORARY FUNCTION f AS 'x.Y'", /CREATE TEMPORARY FUNCTION is not allowed/],
    ['QUERY', 'DROP TABLE user_clicks', /DROP TABLE is not allowed/],
    ['QUERY', 'USE source', /in full/],
    ['QUERY', 'SHOW CREATE TABLE `source`.user_clicks', /SHOW CREATE TABLE may show credentials/],
    ['QUERY', 'DESC CATALOG EXTENDED c', /DESC CATALOG may show credentials/],
    ['QUERY', 'EXPLAIN CREATE TABLE a AS SELECT 1', /EXPLAIN of CREATE TABLE/],
    ['QUERY', 'MERGE INTO a', /MERGE is not allowed here/],
  ])('nowhere or not there, for %s: %s', (use, sql, reason) => {
    expect(judge(sql, { use })).toMatch(reason);
  });
});

describe('a table of a client', () => {
  const judgeTable = (parts: string, how = {}) =>
    judge(`CREATE TEMPORARY TABLE t (a INT) ${parts}; INSERT INTO t SELECT 1`, how);

  test.each([
    "WITH ('connector'='datagen', 'fields.a.min'='1')",
    "WITH ('connector'='kafka', 'topic'='x', 'format'='json', 'properties.bootstrap.servers'='localhost:9092', 'properties.group.id'='g')",
    "WITH ('connector'='upsert-kafka', 'properties.bootstrap.servers'='KAFKA:9092, 127.0.0.1:9092')",
    'LIKE `source`.user_clicks (EXCLUDING ALL)',
    "WITH ('topic'='other') LIKE sink.top_users",
  ])('may be: %s', (parts) => {
    expect(judgeTable(parts)).toBe('');
  });

  test.each<[string, RegExp]>([
    ['', /has no 'connector'\. Allowed are kafka/],
    ["WITH ('connector'='filesystem','path'='/etc')", /'filesystem' is not allowed.*SLUICE_SQL_CONNECTORS/],
    ["WITH ('connector'='print','sink.transactional-id-prefix'='sluice-top_users')", /could be that of a view/],
    ["WITH ('connector'='upsert-kafka')", /names no brokers\. Add 'properties/],
    ["WITH ('connector'='KAFKA')", /'KAFKA' is not allowed/],
    ["WITH ('connector'='print','connector'='jdbc')", /'jdbc' is not allowed/],
    ["WITH ('connector'='kafka','properties.bootstrap.servers'='evil:9092')", /not the brokers of this gateway/],
    ["WITH ('connector'='kafka','properties.bootstrap.servers'='kafka:9092,evil:9092')", /not the brokers/],
    [
      "WITH ('connector'='kafka','properties.bootstrap.servers'='kafka:9092','properties.sasl.jaas.config'='com.sun.security.auth.module.JndiLoginModule required;')",
      /LIKE `source`/,
    ],
    [
      "WITH ('connector'='kafka','properties.bootstrap.servers'='kafka:9092','properties.ssl.truststore.location'='/x')",
      /not allowed in a table/,
    ],
    [
      "WITH ('connector'='kafka','properties.bootstrap.servers'='kafka:9092','sink.partitioner'='x.Y')",
      /names a class/,
    ],
    [
      "WITH ('connector'='kafka','properties.bootstrap.servers'='kafka:9092','value.avro-confluent.url'='http://169.254.169.254/')",
      /a path or an address/,
    ],
    [
      "WITH ('connector'='kafka','properties.bootstrap.servers'='kafka:9092','value.avro-confluent.ssl.keystore.password'='x')",
      /may name code/,
    ],
    ["WITH ('connector'='print','x.class'='y')", /may name code/],
    ["WITH ('connector'='print','anything'='file:/etc/passwd')", /SLUICE_SQL_PATHS/],
    ["WITH ('connector'='print','anything'='S3://bucket')", /SLUICE_SQL_PATHS/],
    ["WITH ('connector'='print','path'='x')", /SLUICE_SQL_PATHS/],
    ["WITH ('connector'=U&'print')", /plain text/],
    ["WITH ('connector'='print') AS SELECT 1", /and nothing else/],
    ['LIKE user_clicks', /LIKE takes over the options/],
    ['LIKE other.secret.t', /LIKE takes over the options/],
    ['LIKE `source`.missing', /LIKE takes over the options/],
    ["WITH ('properties.bootstrap.servers'='evil:9092') LIKE `source`.user_clicks", /not the brokers/],
  ])('may not be: %s', (parts, reason) => {
    expect(judgeTable(parts)).toMatch(reason);
  });

  test.each([
    ['/data/in', '/data/in/a', true],
    ['/data/in', '/data/in', true],
    ['/data/in', '/data/inner', false],
    ['/data/in', '/data/in/../x', false],
    ['/data/in', '/data/in/%2e%2e/x', false],
    ['/data/in', '/data/in/..', false],
    ['s3://bucket/', 's3://bucket/a', true],
    ['s3://bucket/', 's3://bucket/a,s3://other/', false],
    ['s3://bucket/', 's3://bucket', false],
  ])('with SLUICE_SQL_PATHS=%s and the path %s', (prefix, path, isAllowed) => {
    const how = { connectors: ['filesystem'], paths: [prefix] };
    expect(judgeTable(`WITH ('connector'='filesystem','path'='${path}')`, how) === '').toBe(isAllowed);
  });

  test.each<[string, RegExp]>([
    [
      "CREATE TEMPORARY TABLE IF NOT EXISTS user_clicks WITH ('connector'='print')",
      /"user_clicks" is a declared topic/,
    ],
    ['CREATE TEMPORARY VIEW top_users AS SELECT 1', /"top_users" is a declared topic/],
    ['CREATE TEMPORARY VIEW `source`.user_clicks AS SELECT 1', /without catalog and database/],
    ["CREATE OR REPLACE TEMPORARY TABLE t (a INT) WITH ('connector'='print')", /OR REPLACE/],
    ['CREATE TEMPORARY VIEW v AS SELECT 1; CREATE TEMPORARY VIEW v AS SELECT 2', /made twice/],
    ["CREATE TEMPORARY VIEW v AS SELECT * FROM user_clicks /*+ OPTIONS('topic'='x') */", /hint sets 'topic'/],
    ['CREATE TEMPORARY TABLE', /name of the table is missing/],
    [`${own} CREATE TEMPORARY TABLE u WITH ('path'='/x') LIKE t`, /SLUICE_SQL_PATHS/],
  ])('may not be made by %s', (sql, reason) => {
    expect(judge(`${sql}; INSERT INTO user_clicks SELECT 1`)).toMatch(reason);
  });

  test('may be like a declared one only if it might have that connector itself', () => {
    expect(judgeTable('LIKE `source`.user_clicks', { connectors: ['print'] })).toMatch(/'kafka' is not allowed/);
  });

  test('may be like one made before', () => {
    expect(judge(`${own} CREATE TEMPORARY TABLE u LIKE t; INSERT INTO u SELECT 1`)).toBe('');
  });
});

describe('a hint', () => {
  test.each([
    ["OPTIONS('scan.startup.mode'='latest-offset', 'sink.parallelism'='2')", /^$/],
    ["STATE_TTL('user_clicks'='1d'), BROADCAST(a)", /^$/],
    ["OPTIONS('properties.bootstrap.servers'='evil:9092')", /hint sets/],
    ["options ('path'='/etc')", /hint sets/],
    ["`OPTIONS`('topic'='x')", /hint sets/],
    ["OPTIONS(U&'p\\0061th'='x')", /plain text/],
    ["OPTIONS('scan.x'='file:///etc')", /SLUICE_SQL_PATHS/],
    ["x(OPTIONS('topic'='x'))", /hint sets/],
  ])('%s', (hint, reason) => {
    const sql = `SELECT * FROM user_clicks /*+ ${hint} */`;
    expect(judge(sql, { use: 'QUERY' })).toMatch(reason);
    expect(judge(`INSERT INTO user_clicks ${sql}`)).toMatch(reason);
    expect(judge(`EXPLAIN ${sql}`, { use: 'QUERY' })).toMatch(reason);
    expect(judge(`BEGIN STATEMENT SET; INSERT INTO user_clicks SELECT 1; INSERT INTO user_clicks ${sql}; END`)).toMatch(
      reason,
    );
  });
});

test('nobody but its own job writes to a view that writes in transactions', () => {
  const exact = clicksModel({ arguments: 'guarantee: EXACTLY_ONCE,' });
  const policy = createSqlPolicy(sqlSettings.parse({ sql: 'all' }), exact, 'kafka:9092');
  const refused = [
    'INSERT INTO top_users SELECT 1',
    'BEGIN STATEMENT SET; INSERT INTO `sink`.top_users SELECT 1; END',
    'CREATE TEMPORARY TABLE t LIKE `sink`.top_users; INSERT INTO t SELECT 1',
  ];
  for (const sql of refused) expect(() => policy.check(splitStatements(sql), 'SUBMIT')).toThrow('EXACTLY_ONCE');
  expect(() => policy.check(splitStatements('SELECT * FROM top_users'), 'QUERY')).not.toThrow();
});
