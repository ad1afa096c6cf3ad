import { didYouMean } from './names.ts';
import type { Report } from './place.ts';
import { findTables, type TableReference } from './sql-tables.ts';
import { isSign, keyword, type SqlToken, tokenize } from './sql-tokens.ts';
import type { Place } from './types.ts';

/** SQL text and where it begins in its file. */
export interface SqlText {
  readonly sql: string;
  readonly place: Place;
  /** Where a place in the text lies in its file; its first character when the text was written with escapes. */
  readonly exact: boolean;
}

/** What a view's SQL says of itself. */
export interface ViewSql {
  /** The SELECT without its closing semicolon. */
  readonly sql: string;
  readonly tables: readonly TableReference[];
}

/** The place in the file of an offset in the SQL. */
function placeInSql({ sql, place, exact }: SqlText, offset: number): Place {
  if (!exact) return place;
  const before = sql.slice(0, offset).split('\n');
  const column = (before.at(-1) ?? '').length;
  return { file: place.file, line: place.line + before.length - 1, column: place.column + column };
}

/** Checks that the text is one SELECT (or WITH … SELECT) and finds the tables it reads; null when it is not. */
export function readViewSql(text: SqlText, report: Report): ViewSql | null {
  const { tokens: all, fault } = tokenize(text.sql);
  if (fault !== null) {
    report(placeInSql(text, fault.offset), fault.message);
    return null;
  }
  // Hints go to Flink with the text; they name nothing that is read.
  const tokens = all.filter((token) => token.kind !== 'hint');
  const closing = tokens.findIndex((token) => isSign(token, ';'));
  const body = closing === -1 ? tokens : tokens.slice(0, closing);
  const refusal = refuseStatement(tokens, body);
  if (refusal !== null) {
    report(placeInSql(text, refusal.token?.start ?? 0), refusal.message);
    return null;
  }
  const end = tokens[closing]?.start ?? text.sql.length;
  const sql = text.sql.slice(0, all.findLast((token) => token.start < end)?.end ?? 0);
  return { sql, tables: findTables(body) };
}

interface Refusal {
  readonly token: SqlToken | undefined;
  readonly message: string;
}

function refuseStatement(tokens: readonly SqlToken[], body: readonly SqlToken[]): Refusal | null {
  const first = body.find((token) => !isSign(token, '('));
  if (first === undefined)
    return { token: first, message: 'The SQL is empty. A view is one SELECT (WITH … SELECT is allowed).' };
  if (!['SELECT', 'WITH'].includes(keyword(first))) {
    const message = `The SQL begins with "${first.value}". A view is one SELECT (WITH … SELECT is allowed); Sluice itself writes the INSERT around it.`;
    return { token: first, message };
  }
  const second = tokens.slice(body.length).find((token) => !isSign(token, ';'));
  if (second !== undefined) {
    return {
      token: second,
      message: 'A second statement begins here. A view is one SELECT; declare a second view for another.',
    };
  }
  if (!body.some((token) => keyword(token) === 'SELECT'))
    return { token: first, message: 'The WITH has no SELECT. Write WITH … AS (…) SELECT ….' };
  return refuseParentheses(body);
}

/** The SQL is put between parentheses later; it must not close them itself. */
function refuseParentheses(body: readonly SqlToken[]): Refusal | null {
  const open: SqlToken[] = [];
  for (const token of body) {
    if (isSign(token, '(')) open.push(token);
    else if (isSign(token, ')') && open.pop() === undefined) {
      return { token, message: 'This ")" closes nothing. Remove it, or open it before.' };
    }
  }
  const last = open.pop();
  return last === undefined ? null : { token: last, message: 'This "(" is never closed. Close it with ")".' };
}

/** Resolves the tables of a view among the declared topics; every other name is reported. */
export function resolveTables(
  { text, tables }: { readonly text: SqlText; readonly tables: readonly TableReference[] },
  {
    topics,
    redisNames,
  }: { readonly topics: ReadonlySet<string>; readonly redisNames: ReadonlyMap<string, string | null> },
  report: Report,
): readonly string[] {
  if (tables.length === 0) {
    report(text.place, 'The SQL reads no stream. Name at least one declared topic after FROM.');
  }
  const reads = new Set<string>();
  for (const { parts, offset } of tables) {
    const name = parts.join('.');
    if (parts.length === 1 && topics.has(name)) reads.add(name);
    else if (redisNames.has(name)) report(placeInSql(text, offset), refuseRedis(name, redisNames.get(name)));
    else report(placeInSql(text, offset), refuseTable(parts, name, topics));
  }
  return [...reads];
}

function refuseRedis(name: string, into: string | null = null): string {
  if (into !== null)
    return `"${name}" lies in Redis, and Flink reads Kafka alone. It is copied to "${into}": name that.`;
  return `"${name}" is declared with source: REDIS, and Flink reads Kafka alone. Let it be copied to a topic with into: "…", and name that here.`;
}

function refuseTable(parts: readonly string[], name: string, topics: ReadonlySet<string>): string {
  const known = `Declared are ${[...topics].join(', ')}.`;
  if (parts.length === 1) return `No stream or view has the topic "${name}".${didYouMean(name, topics)} ${known}`;
  if (topics.has(name))
    return `"${name}" is read as a table "${parts.at(-1)}" in "${parts[0]}". Put the topic between backticks: \`${name}\`.`;
  return `"${name}" names a catalog or database. Write a declared topic alone. ${known}`;
}
