import { SluiceError } from '#errors';
import { toPosition } from './sql-fragment.ts';
import type { Statement } from './statement.ts';

/** SQL_NOT_ALLOWED for what stands at an offset of the client's text; the beginning of the statement without one. */
export function refuseSql(statement: Statement, reason: string, offset?: number): SluiceError {
  const { line, column } = offset === undefined ? statement.start : toPosition(statement.source, offset);
  return new SluiceError('SQL_NOT_ALLOWED', `Line ${line}, column ${column}: ${reason}`, {
    details: { line, column, statement: statement.title },
  });
}
