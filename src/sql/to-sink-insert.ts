import { kafkaSourcesOf, type Model } from '#model';
import { toExplain, toStatementSet } from './compose-statements.ts';
import { joinSql, sliceSql } from './sql-fragment.ts';
import type { Statement } from './statement.ts';

const database = '`sink`';

/**
 * Lets an INSERT into a declared topic write to the table that writes (`sink.<topic>`); what it reads goes on being the
 * views under the topics' names. Works within a statement set and an EXPLAIN, too; every other statement comes back as it is.
 */
export function toSinkInsert(statement: Statement, model: Model): Statement {
  const { target, inserts, explained } = statement;
  if (statement.kind === 'STATEMENT_SET') {
    return { ...toStatementSet(inserts.map((insert) => toSinkInsert(insert, model))), start: statement.start };
  }
  if (explained) {
    const changed = toSinkInsert(explained, model);
    return changed === explained ? statement : { ...toExplain(changed, wordsOf(statement)), start: statement.start };
  }
  const [topic, ...more] = target?.parts ?? [];
  if (!target || more.length > 0 || !kafkaSourcesOf(model).some((source) => source.topic === topic)) return statement;
  // The statement is as it was read: one piece of the client's text.
  const at = target.offset - (statement.pieces[0]?.from ?? 0);
  const written = joinSql([sliceSql(statement, 0, at), `${database}.`, sliceSql(statement, at)]);
  return { ...statement, ...written, target: { ...target, parts: ['sink', ...target.parts] } };
}

/** What stands before the statement that an EXPLAIN explains. */
function wordsOf(statement: Statement) {
  const words = sliceSql(statement, 0, statement.pieces.find(({ at, from }) => at > 0 && from === null)?.at ?? 0);
  return words.text === '' ? 'EXPLAIN' : words;
}
