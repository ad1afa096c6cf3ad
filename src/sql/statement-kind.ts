import { isSign, keyword, type SqlToken } from '#model';
import type { StatementKind } from './statement.ts';

const byFirstWord: Readonly<Record<string, StatementKind>> = {
  SHOW: 'SHOW',
  DESCRIBE: 'DESCRIBE',
  DESC: 'DESCRIBE',
  EXPLAIN: 'EXPLAIN',
  CREATE: 'CREATE',
  REPLACE: 'CREATE',
  DROP: 'DROP',
  ALTER: 'ALTER',
  SET: 'SET',
  RESET: 'RESET',
  USE: 'USE',
  CALL: 'CALL',
  UPDATE: 'UPDATE',
  DELETE: 'DELETE',
  TRUNCATE: 'TRUNCATE',
  ANALYZE: 'ANALYZE',
  COMPILE: 'PLAN',
};

const byTwoWords: Readonly<Record<string, StatementKind>> = {
  'ADD JAR': 'ADD_JAR',
  'REMOVE JAR': 'REMOVE_JAR',
  'LOAD MODULE': 'LOAD_MODULE',
  'UNLOAD MODULE': 'UNLOAD_MODULE',
  'STOP JOB': 'STOP_JOB',
  'EXECUTE PLAN': 'PLAN',
  'INSERT INTO': 'INSERT',
  'INSERT OVERWRITE': 'INSERT',
};

const queryStarts = new Set(['SELECT', 'WITH', 'VALUES', 'TABLE']);

/** The kind of a statement, from its tokens without hints. */
export function kindOf(tokens: readonly SqlToken[]): StatementKind {
  const words = tokens.slice(0, 4).map(keyword);
  const [first = '', second = ''] = words;
  if (queryStarts.has(keyword(tokens.find((token) => !isSign(token, '('))))) return isRead(tokens) ? 'SELECT' : 'OTHER';
  if (['EXECUTE STATEMENT SET BEGIN', 'BEGIN STATEMENT SET '].includes(words.join(' '))) return 'STATEMENT_SET';
  if (first === 'CREATE' && second === 'TEMPORARY') return ofTemporary(words[2]);
  if (words.join(' ') === 'CREATE OR REPLACE TEMPORARY') return ofTemporary(keyword(tokens[4]));
  return byTwoWords[`${first} ${second}`] ?? byFirstWord[first] ?? 'OTHER';
}

function ofTemporary(object: string | undefined): StatementKind {
  if (object === 'TABLE') return 'CREATE_TEMPORARY_TABLE';
  return object === 'VIEW' ? 'CREATE_TEMPORARY_VIEW' : 'CREATE';
}

/** `WITH … INSERT INTO` is no SQL of Flink's now; should it become some, it is no query. */
function isRead(tokens: readonly SqlToken[]): boolean {
  return !tokens.some((token, index) => {
    return keyword(token) === 'INSERT' && ['INTO', 'OVERWRITE'].includes(keyword(tokens[index + 1]));
  });
}

const wordsInFront = new Set(['CREATE', 'OR', 'REPLACE', 'TEMPORARY', 'SYSTEM', 'MATERIALIZED', 'DROP', 'ALTER']);
const pairs = new Set([
  'INSERT',
  'ADD',
  'REMOVE',
  'LOAD',
  'UNLOAD',
  'STOP',
  'EXECUTE',
  'COMPILE',
  'BEGIN',
  'TRUNCATE',
  'ANALYZE',
  'SHOW',
  'DELETE',
]);

const described = new Set(['CATALOG', 'DATABASE', 'FUNCTION', 'JOB', 'MODEL', 'CONNECTION']);

/** The words that say what it is, for people: `CREATE TEMPORARY FUNCTION`, `STOP JOB`, `SET`. */
export function titleOf(tokens: readonly SqlToken[]): string {
  const words = tokens.slice(0, wordsInTitle(tokens)).map((token) => keyword(token));
  return words.every((word) => word !== '') ? words.join(' ') : (tokens[0]?.value ?? '');
}

function wordsInTitle(tokens: readonly SqlToken[]): number {
  const [first, second, third] = tokens.slice(0, 3).map(keyword);
  if (first === 'SHOW' && second === 'CREATE') return 3;
  if (first === 'DESCRIBE' || first === 'DESC') return described.has(second ?? '') && third !== undefined ? 2 : 1;
  if (pairs.has(first ?? '') && second) return 2;
  return (
    1 +
    Math.max(
      0,
      tokens.findIndex((token) => !wordsInFront.has(keyword(token))),
    )
  );
}
