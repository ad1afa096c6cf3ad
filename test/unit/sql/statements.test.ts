import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SluiceError } from '#errors';
import { splitStatements, toExplain, toSinkInsert, toStatementSet } from '#sql';
import { clicksModel } from '../flink/models.ts';

function kinds(sql: string): readonly string[] {
  return splitStatements(sql).map(({ kind }) => kind);
}

function only(sql: string) {
  const [statement, ...more] = splitStatements(sql);
  if (!statement || more.length > 0) throw new Error(`${sql} is not one statement`);
  return statement;
}

function refusal(sql: string): SluiceError {
  try {
    splitStatements(sql);
  } catch (thrown) {
    if (thrown instanceof SluiceError) return thrown;
  }
  throw new Error('it was not refused');
}

describe('the kind of a statement', () => {
  test.each([
    ['SELECT 1', 'SELECT'],
    ['/* INSERT */ select 1', 'SELECT'],
    ['-- DROP TABLE x\n// DROP TABLE y\nSELECT 1', 'SELECT'],
    ['(SELECT 1) UNION (SELECT 2)', 'SELECT'],
    ['((VALUES 1))', 'SELECT'],
    ['WITH a AS (SELECT 1) SELECT * FROM a', 'SELECT'],
    ['WITH a AS (SELECT 1) INSERT INTO b SELECT * FROM a', 'OTHER'],
    ['TABLE a', 'SELECT'],
    ["SELECT /*+ STATE_TTL('a'='1d') */ * FROM a", 'SELECT'],
    ['EXECUTE SELECT 1', 'SELECT'],
    ['EXECUTE INSERT INTO a SELECT 1', 'INSERT'],
    ['EXECUTE EXECUTE INSERT INTO a SELECT 1', 'OTHER'],
    ['SHOW TABLES', 'SHOW'],
    ['SHOW JOBS', 'SHOW'],
    ['DESC a', 'DESCRIBE'],
    ['DESCRIBE EXTENDED a', 'DESCRIBE'],
    ['EXPLAIN SELECT 1', 'EXPLAIN'],
    ['EXPLAIN PLAN FOR INSERT INTO a SELECT 1', 'EXPLAIN'],
    ['EXPLAIN ESTIMATED_COST, CHANGELOG_MODE SELECT 1', 'EXPLAIN'],
    ['EXPLAIN STATEMENT SET BEGIN INSERT INTO a SELECT 1; END', 'EXPLAIN'],
    ['EXPLAIN', 'OTHER'],
    ['INSERT INTO a SELECT 1', 'INSERT'],
    ['INSERT OVERWRITE a SELECT 1', 'INSERT'],
    ['UPSERT INTO a SELECT 1', 'OTHER'],
    ['INSERT a SELECT 1', 'OTHER'],
    [
      'EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; INSERT INTO b SELECT CASE x WHEN 1 THEN 2 END; END',
      'STATEMENT_SET',
    ],
    ['BEGIN STATEMENT SET; INSERT INTO a SELECT 1; END;', 'STATEMENT_SET'],
    ['EXECUTE STATEMENT SET BEGIN DROP TABLE a; END', 'OTHER'],
    ['EXECUTE STATEMENT SET BEGIN END', 'OTHER'],
    ['EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; END DROP TABLE a', 'OTHER'],
    ['CREATE TABLE a (b INT)', 'CREATE'],
    ['CREATE TEMPORARY TABLE a (b INT)', 'CREATE_TEMPORARY_TABLE'],
    ['CREATE OR REPLACE TEMPORARY TABLE a (b INT)', 'CREATE_TEMPORARY_TABLE'],
    ['CREATE TEMPORARY VIEW a AS SELECT 1', 'CREATE_TEMPORARY_VIEW'],
    ['CREATE VIEW a AS SELECT 1', 'CREATE'],
    ["CREATE TEMPORARY FUNCTION a AS 'x.Y'", 'CREATE'],
    ["CREATE TEMPORARY SYSTEM FUNCTION a AS 'x.Y'", 'CREATE'],
    ['CREATE OR ALTER MATERIALIZED TABLE a AS SELECT 1', 'CREATE'],
    ["CREATE CATALOG a WITH ('type'='jdbc')", 'CREATE'],
    ['DROP TEMPORARY VIEW a', 'DROP'],
    ['ALTER TABLE a RENAME TO b', 'ALTER'],
    ["SET 'a' = 'b'", 'SET'],
    ['RESET', 'RESET'],
    ['USE CATALOG a', 'USE'],
    ["ADD JAR '/a.jar'", 'ADD_JAR'],
    ["REMOVE JAR '/a.jar'", 'REMOVE_JAR'],
    ['LOAD MODULE hive', 'LOAD_MODULE'],
    ['UNLOAD MODULE core', 'UNLOAD_MODULE'],
    ['CALL a.b()', 'CALL'],
    ['UPDATE a SET b = 1', 'UPDATE'],
    ['DELETE FROM a', 'DELETE'],
    ['TRUNCATE TABLE a', 'TRUNCATE'],
    ['ANALYZE TABLE a COMPUTE STATISTICS', 'ANALYZE'],
    ["STOP JOB 'a'", 'STOP_JOB'],
    ["EXECUTE PLAN 'a'", 'PLAN'],
    ["COMPILE PLAN 'a' FOR INSERT INTO b SELECT 1", 'PLAN'],
    ['MERGE INTO a USING b ON TRUE', 'OTHER'],
    ['QUIT', 'OTHER'],
    ['`SELECT` 1', 'OTHER'],
    ["'SELECT' 1", 'OTHER'],
    ['(', 'OTHER'],
  ])('of %s is %s', (sql, kind) => {
    expect(kinds(sql)).toEqual([kind]);
  });
});

describe('a text', () => {
  test('is divided at semicolons that are no part of text, names, comments, hints or statement sets', () => {
    const sql =
      "SELECT ';' AS `;` /* ; */ -- ;\n/*+ o('a'=';') */ ; ;\nBEGIN STATEMENT SET; INSERT INTO a SELECT 1; END; SHOW TABLES;";
    expect(kinds(sql)).toEqual(['SELECT', 'STATEMENT_SET', 'SHOW']);
    expect(splitStatements(sql).map(({ start, number }) => [start.line, start.column, number])).toEqual([
      [1, 1, 1],
      [3, 1, 2],
      [3, 51, 3],
    ]);
  });

  test('goes to Flink without its comments, each other character where it was', () => {
    const { text } = only("/* a */SELECT/* b\n*/ 1 // c\n , '/* d */' /*+ o( /* e */ ) */ -- f");
    expect(text).toBe("SELECT    \n   1     \n , '/* d */' /*+ o(         ) */");
  });

  test('goes to Flink as it is when it has no comments', () => {
    const piece = fc.constantFrom("'a;b'", '`c;d`', 'SELECT', 'x', '\n', ',', '(', ')', '1.5', "E'\\';'");
    const statement = fc.array(piece, { minLength: 1, maxLength: 20 }).map((pieces) => `a ${pieces.join(' ')}`);
    fc.assert(
      fc.property(fc.array(statement, { minLength: 1, maxLength: 5 }), (written) => {
        const statements = splitStatements(written.join(';'));
        expect(statements.map(({ text }) => text)).toEqual(written.map((text) => text.trim()));
        for (const { source, start, text } of statements) {
          const lines = source.split('\n').slice(start.line - 1);
          expect(
            lines
              .join('\n')
              .slice(start.column - 1)
              .startsWith(text),
          ).toBe(true);
        }
      }),
    );
  });

  test('is never a cause for anything but a SluiceError', () => {
    const piece = fc.constantFrom(
      'EXPLAIN ',
      'EXECUTE ',
      'STATEMENT SET ',
      'BEGIN ',
      'END',
      ';',
      'INSERT INTO ',
      'a',
      'CREATE ',
      'TEMPORARY ',
      'TABLE ',
      'WITH ',
      '(',
      ')',
      "'k'",
      '=',
      ',',
      'LIKE ',
      'OR REPLACE ',
      '/*+',
      '*/',
      '.',
      "'",
      '`',
      'SELECT ',
      'PLAN FOR ',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 25 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (sql) => {
        try {
          expect(splitStatements(sql).length).toBeGreaterThan(0);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(SluiceError);
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['', 'BAD_INPUT'],
    [' ; -- nothing', 'BAD_INPUT'],
    ['x'.repeat(70_000), 'BAD_INPUT'],
    ['SELECT 1;'.repeat(51), 'BAD_INPUT'],
    [`BEGIN STATEMENT SET; ${'INSERT INTO a SELECT 1;'.repeat(51)} END`, 'BAD_INPUT'],
  ])('that is empty, too long or of too many statements is refused: %#', (sql, code) => {
    expect(refusal(sql).code).toBe(code);
  });

  test.each([
    ["SELECT 1;\n SELECT 'x", 2, 9],
    ['SELECT 1 /* x', 1, 10],
    ['SELECT\r\n"x"', 2, 1],
    ['SHOW TABLES;\nEXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1;', 2, 1],
    ['SELECT\u00a01', 1, 7],
  ])('that cannot be divided is refused with its place: %j', (sql, line, column) => {
    const { code, details, message } = refusal(sql);
    expect({ code, details }).toEqual({ code: 'SQL_REJECTED', details: { line, column } });
    expect(message).toMatch(`Line ${line}, column ${column}: `);
  });
});

describe('what is told of a statement', () => {
  test('the name, options and base of a table of its own', () => {
    const sql =
      "CREATE TEMPORARY TABLE IF NOT EXISTS `a``b` (c TIMESTAMP(3) WITH LOCAL TIME ZONE) COMMENT 'x' WITH ('connector' = 'it''s', 'k'='v') LIKE `source`.d (EXCLUDING ALL)";
    expect(only(sql).creates).toMatchObject({
      name: { parts: ['a`b'], offset: 37 },
      orReplace: false,
      options: {
        entries: [
          { key: 'connector', value: "it's" },
          { key: 'k', value: 'v' },
        ],
        oddAt: null,
      },
      like: { parts: ['source', 'd'] },
      oddAt: null,
    });
  });

  test.each([
    "WITH ('a' 'b' = 'c')",
    "WITH (N'a' = 'c')",
    "WITH ('a' = U&'c')",
    "WITH ('a' = 'c' 'd')",
    "WITH ('a' = 'b') WITH ('c' = 'd')",
    "WITH ('a' = 'b') AS SELECT 1",
    "WITH ('a' = 'b',)",
    'WITH 1',
    'USING CONNECTION c',
    'LIKE (a)',
  ])('what is odd about %s', (parts) => {
    const sql = `CREATE TEMPORARY TABLE a (b INT) ${parts}`;
    expect(only(sql).creates?.oddAt).toBeGreaterThanOrEqual(sql.indexOf(parts));
  });

  test('its hints, wherever they are', () => {
    const sql =
      "EXPLAIN INSERT INTO a /*+ Options('b'='c') */ SELECT /*+ x(d), `OPTIONS` (e=1) */ * FROM (SELECT 1 FROM f /*+ y */)";
    const [first, second, third, fourth, ...more] = only(sql).explained?.hints ?? [];
    expect(first).toMatchObject({ name: 'OPTIONS', options: { entries: [{ key: 'b', value: 'c' }], oddAt: null } });
    expect([second?.name, fourth?.name, more]).toEqual(['X', 'Y', []]);
    expect(third).toMatchObject({ name: 'OPTIONS', options: { oddAt: sql.indexOf('e=1') } });
  });
});

describe('an INSERT into a declared topic', () => {
  const model = clicksModel();
  test.each([
    ['INSERT INTO user_clicks SELECT 1', 'INSERT INTO `sink`.user_clicks SELECT 1'],
    [
      '/* x */insert into `user_clicks` /* y */ (a) SELECT * FROM user_clicks',
      'insert into `sink`.`user_clicks`         (a) SELECT * FROM user_clicks',
    ],
    ['INSERT INTO other SELECT 1', 'INSERT INTO other SELECT 1'],
    ['INSERT INTO `sink`.user_clicks SELECT 1', 'INSERT INTO `sink`.user_clicks SELECT 1'],
    [
      'EXPLAIN CHANGELOG_MODE INSERT INTO user_clicks SELECT 1',
      'EXPLAIN CHANGELOG_MODE INSERT INTO `sink`.user_clicks SELECT 1',
    ],
    [
      'BEGIN STATEMENT SET; INSERT INTO user_clicks SELECT 1; INSERT INTO b SELECT 2; END',
      'EXECUTE STATEMENT SET BEGIN\nINSERT INTO `sink`.user_clicks SELECT 1;\nINSERT INTO b SELECT 2;\nEND',
    ],
    ['SELECT * FROM user_clicks', 'SELECT * FROM user_clicks'],
  ])('writes to the table that writes: %s', (sql, text) => {
    const written = toSinkInsert(only(sql), model);
    expect(written.text).toBe(text);
    expect(toSinkInsert(written, model).text).toBe(text);
  });
});

describe('several INSERTs', () => {
  test('are one statement set, and can be explained', () => {
    const set = toStatementSet(splitStatements('INSERT INTO a SELECT 1; INSERT INTO b SELECT 2'));
    expect(set.text).toBe('EXECUTE STATEMENT SET BEGIN\nINSERT INTO a SELECT 1;\nINSERT INTO b SELECT 2;\nEND');
    expect(kinds(set.text)).toEqual(['STATEMENT_SET']);
    expect(toExplain(set).text).toBe(
      'EXPLAIN STATEMENT SET BEGIN\nINSERT INTO a SELECT 1;\nINSERT INTO b SELECT 2;\nEND',
    );
    expect(toExplain(only('EXPLAIN SELECT 1')).text).toBe('EXPLAIN SELECT 1');
  });
});
