import { joinSql, type SqlFragment } from './sql-fragment.ts';
import type { Statement } from './statement.ts';

/** Several INSERTs of one text as one job. Their places stay known. One alone may be given, too. */
export function toStatementSet(inserts: readonly Statement[]): Statement {
  const [first] = inserts;
  if (!first) throw new Error('a statement set needs an INSERT');
  return {
    ...joinSql(['EXECUTE ', setOf(inserts)]),
    kind: 'STATEMENT_SET',
    title: 'EXECUTE STATEMENT SET',
    start: first.start,
    number: first.number,
    source: first.source,
    creates: null,
    target: null,
    inserts,
    explained: null,
    hints: inserts.flatMap(({ hints }) => hints),
  };
}

function setOf(inserts: readonly Statement[]): SqlFragment {
  return joinSql(['STATEMENT SET BEGIN\n', ...inserts.flatMap((insert) => [insert, ';\n']), 'END']);
}

/** The statement that explains another one. An EXPLAIN comes back as it is. */
export function toExplain(statement: Statement, words: SqlFragment | string = 'EXPLAIN'): Statement {
  if (statement.kind === 'EXPLAIN') return statement;
  const body = statement.kind === 'STATEMENT_SET' ? setOf(statement.inserts) : statement;
  return {
    ...statement,
    ...joinSql([words, ' ', body]),
    kind: 'EXPLAIN',
    title: 'EXPLAIN',
    target: null,
    inserts: [],
    explained: statement,
  };
}
