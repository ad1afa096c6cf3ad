import { SluiceError } from '#errors';
import { isSign, keyword, type SqlToken, tokenize } from '#model';
import { readStatement } from './read-statement.ts';
import { toPosition } from './sql-fragment.ts';
import type { Statement } from './statement.ts';

const maxBytes = 64 * 1024;
const maxStatements = 50;

/**
 * Divides a text into its statements. A statement set is one statement, with its INSERTs inside. Throws BAD_INPUT for a
 * text that is empty or too long, and SQL_REJECTED (details: line, column) for one that cannot be divided.
 */
export function splitStatements(sql: string): readonly Statement[] {
  if (Buffer.byteLength(sql) > maxBytes) {
    throw new SluiceError('BAD_INPUT', `The SQL is longer than ${maxBytes / 1024} KiB. Send it in smaller parts.`);
  }
  const { tokens, fault } = tokenize(sql);
  if (fault) throw reject(sql, fault.offset, fault.message);
  const groups = divide(sql, tokens);
  if (groups.length === 0) throw new SluiceError('BAD_INPUT', 'The SQL is empty. Write at least one statement.');
  const statements = groups.map((group, index) => readStatement({ text: sql, number: index + 1 }, group));
  const count = statements.reduce((sum, { inserts }) => sum + Math.max(1, inserts.length), 0);
  if (count > maxStatements) {
    const message = `The SQL has ${count} statements; ${maxStatements} are allowed. Send them in several calls.`;
    throw new SluiceError('BAD_INPUT', message);
  }
  return statements;
}

function reject(sql: string, offset: number, message: string): SluiceError {
  const { line, column } = toPosition(sql, offset);
  return new SluiceError('SQL_REJECTED', `Line ${line}, column ${column}: ${message}`, { details: { line, column } });
}

/** Statements end with `;`, but within a statement set only with the one behind its END. */
function divide(sql: string, tokens: readonly SqlToken[]): readonly (readonly SqlToken[])[] {
  const groups: SqlToken[][] = [];
  let group: SqlToken[] = [];
  let setAt: number | null = null;
  for (const token of tokens) {
    if (setAt === null && isSign(token, ';') && !beginsSet(group)) {
      if (group.length > 0) groups.push(group);
      group = [];
      continue;
    }
    const last = group.at(-1);
    group.push(token);
    if (setAt === null && opensSet(group)) setAt = group[0]?.start ?? 0;
    else if (setAt !== null && keyword(token) === 'END' && (isSign(last, ';') || keyword(last) === 'BEGIN'))
      setAt = null;
  }
  if (setAt !== null)
    throw reject(sql, setAt, 'This statement set is never ended. Write END behind the ";" of its last INSERT.');
  if (group.length > 0) groups.push(group);
  return groups;
}

function opensSet(group: readonly SqlToken[]): boolean {
  if (isSign(group.at(-1), ';')) return beginsSet(group.slice(0, -1));
  const begins = ['EXECUTE', 'EXPLAIN'].includes(keyword(group[0]));
  return begins && ['STATEMENT', 'SET', 'BEGIN'].every((word, index) => keyword(group.at(index - 3)) === word);
}

/** The older form: `BEGIN STATEMENT SET; … END;`. */
function beginsSet(group: readonly SqlToken[]): boolean {
  return group.length === 3 && ['BEGIN', 'STATEMENT', 'SET'].every((word, index) => keyword(group[index]) === word);
}
