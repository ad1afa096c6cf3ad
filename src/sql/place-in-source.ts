import { type SqlPosition, toOffset, toPosition, toSourceOffset } from './sql-fragment.ts';
import type { Statement } from './statement.ts';

/** From a place in the statement as it is sent to the place in the text that the client wrote. */
export function placeInSource(statement: Statement, position: SqlPosition): SqlPosition {
  return toPosition(statement.source, toSourceOffset(statement, toOffset(statement.text, position)));
}
