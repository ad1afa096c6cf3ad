import { describe, expect, test } from 'vitest';
import { SluiceError } from '#errors';
import { type Statement, splitStatements, toExplain, toSinkInsert, toStatementSet } from '#sql';
import { FlinkFault } from '../../../src/flink/fault.ts';
import { toSluiceError } from '../../../src/flink/flink-errors.ts';
import { locate } from '../../../src/flink/statement-place.ts';
import { toPosition } from '../../../src/sql/sql-fragment.ts';
import { clicksModel } from './models.ts';

const model = clicksModel();
const sql =
  'CREATE TEMPORARY VIEW v AS\n  SELECT 1;\n/* é */ INSERT INTO user_clicks SELECT x1\n  FROM v;\r\nINSERT INTO user_clicks SELECT y2 FROM v';

/** Where a word of the statement as sent is told to stand when Flink complains of it. */
function told(statement: Statement, word: string) {
  const { line, column } = toPosition(statement.text, statement.text.indexOf(word));
  const text = `org.apache.flink.table.api.ValidationException: SQL validation failed.\nCaused by: org.apache.calcite.runtime.CalciteContextException: From line ${line}, column ${column} to line ${line}, column ${column + 1}: Column '${word}' not found`;
  const located = locate(statement, toSluiceError(new FlinkFault(500, [text])));
  if (!(located instanceof SluiceError)) throw new Error('no SluiceError');
  return located;
}

function placeOf(word: string) {
  return toPosition(sql, sql.indexOf(word));
}

describe('a refusal by Flink', () => {
  const [view, first, second] = splitStatements(sql);
  if (!view || !first || !second) throw new Error('three statements');

  test('is told where the client wrote it, in message and details', () => {
    const error = told(first, 'x1');
    expect(error.code).toBe('SQL_REJECTED');
    expect(error.message).toBe("Line 3, column 40: Column 'x1' not found");
    expect(error.details).toMatchObject({ line: 3, column: 40, flink: "Column 'x1' not found" });
  });

  test.each<[string, Statement]>([
    ['an INSERT into the writing table', toSinkInsert(second, model)],
    ['a statement set', toStatementSet([toSinkInsert(first, model), toSinkInsert(second, model)])],
    ['an EXPLAIN', toSinkInsert(toExplain(second), model)],
    ['an EXPLAIN of a statement set', toExplain(toSinkInsert(toStatementSet([first, second]), model))],
  ])('is told where the client wrote it, through %s', (_, statement) => {
    expect(told(statement, 'y2').details).toMatchObject(placeOf('y2'));
    // Which of the two it is depends on what the statement consists of.
    const from = statement.text.includes('x1') ? 0 : sql.indexOf('\r\n');
    const target = toPosition(sql, sql.indexOf('user_clicks', from));
    expect(told(statement, 'user_clicks').details).toMatchObject(target);
    expect(told(statement, '`sink`').details).toMatchObject(target);
  });

  test('without a place is told with the beginning of the statement, when there are several', () => {
    const refused = new SluiceError('FLINK_REFUSED', 'No.', { cause: new FlinkFault(500, ['x.AnException: No.']) });
    expect(locate(second, refused)).toMatchObject({ message: 'Line 5, column 1: No.' });
    expect(locate(view, refused)).toBe(refused);
  });

  test('of another kind comes back as it is', () => {
    const away = new SluiceError('FLINK_UNAVAILABLE', 'x');
    expect(locate(first, away)).toBe(away);
    expect(locate(first, 'x')).toBe('x');
  });
});
