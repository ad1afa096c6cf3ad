import { isSign, keyword, readName, type SqlToken } from './sql-tokens.ts';

/** A table that a SELECT reads, as written. */
export interface TableReference {
  /** The parts of the name: `a.b` has two, `` `a.b` `` one. */
  readonly parts: readonly string[];
  readonly offset: number;
}

/** One pair of parentheses, or the whole text. */
interface Frame {
  /** `call`: arguments, or any expression; `tables`: a parenthesised join. */
  kind: 'query' | 'call' | 'tables';
  /** In its FROM clause: a comma separates tables. */
  inFrom: boolean;
  /** The next name is a table. */
  expectsTable: boolean;
  /** In its WITH clause: the next name is a common table expression. */
  expectsName: boolean;
  inWith: boolean;
}

const clauses = new Set([
  'SELECT',
  'WHERE',
  'GROUP',
  'HAVING',
  'ORDER',
  'WINDOW',
  'UNION',
  'EXCEPT',
  'INTERSECT',
  'LIMIT',
  'QUALIFY',
]);
const queryStarts = new Set(['SELECT', 'WITH', 'VALUES']);

function frame(kind: Frame['kind']): Frame {
  return { kind, inFrom: kind === 'tables', expectsTable: kind === 'tables', expectsName: false, inWith: false };
}

/**
 * The tables that a SELECT reads: the names after FROM, JOIN, a comma in FROM, and TABLE; without table functions and
 * the names that its WITH clauses define. FROM inside a call (`EXTRACT(YEAR FROM t)`) and `IS DISTINCT FROM` are none.
 */
export function findTables(tokens: readonly SqlToken[]): readonly TableReference[] {
  const stack: Frame[] = [frame('query')];
  const named = new Set<string>();
  const found: TableReference[] = [];
  let index = 0;
  while (index < tokens.length) {
    const token = tokens[index];
    const top = stack.at(-1) ?? frame('query');
    if (token === undefined) break;
    if (isSign(token, '(')) stack.push(open(top, tokens, index));
    else if (isSign(token, ')')) close(stack);
    else if (isSign(token, ',')) {
      if (top.inWith) top.expectsName = true;
      else top.expectsTable = top.inFrom;
    } else if (token.kind === 'quoted' || token.kind === 'word') {
      if (top.expectsName && keyword(token) !== 'RECURSIVE') {
        named.add(token.value);
        top.expectsName = false;
      } else if (token.kind === 'word' && readKeyword(top, tokens, index)) {
        // The keyword has set what is expected next.
      } else if (top.expectsTable) {
        top.expectsTable = false;
        const { parts, next } = readName(tokens, index);
        // A name with arguments is a table function.
        if (!isSign(tokens[next], '(')) found.push({ parts, offset: token.start });
        index = next;
        continue;
      }
    }
    index++;
  }
  return found.filter(({ parts }) => parts.length > 1 || !named.has(parts[0] ?? ''));
}

/** Takes a keyword into account; false when the word is none that matters here. */
function readKeyword(top: Frame, tokens: readonly SqlToken[], index: number): boolean {
  const word = keyword(tokens[index]);
  if (word === 'WITH' && top.kind === 'query' && !top.inFrom) {
    top.inWith = true;
    top.expectsName = true;
  } else if (word === 'FROM' && top.kind === 'query' && keyword(tokens[index - 1]) !== 'DISTINCT') {
    top.inFrom = true;
    top.expectsTable = true;
  } else if (word === 'JOIN' && top.kind !== 'call') {
    top.expectsTable = true;
  } else if (word === 'TABLE') {
    top.expectsTable = !isSign(tokens[index + 1], '(');
  } else if (word === 'UNNEST' && isSign(tokens[index + 1], '(')) {
    top.expectsTable = false;
  } else if (word === 'LATERAL') {
    return true;
  } else if (clauses.has(word)) {
    top.inFrom = false;
    top.expectsTable = false;
    if (word === 'SELECT') {
      top.inWith = false;
      // `FROM ((SELECT …) UNION SELECT …)` turns out to be no join.
      if (top.kind === 'tables') top.kind = 'query';
    }
  } else return false;
  return true;
}

function open(top: Frame, tokens: readonly SqlToken[], index: number): Frame {
  const expected = top.expectsTable;
  top.expectsTable = false;
  if (queryStarts.has(keyword(tokens[index + 1]))) return frame('query');
  // `FROM (a JOIN b …)` and `FROM ((SELECT …) …)`.
  if (expected) return frame('tables');
  // `((SELECT …) UNION …)`, but not `TRIM((a) FROM b)`.
  const before = tokens[index - 1];
  const begins =
    before === undefined || isSign(before, '(') || ['UNION', 'ALL', 'EXCEPT', 'INTERSECT'].includes(keyword(before));
  return frame(begins && isSign(tokens[index + 1], '(') && top.kind === 'query' ? 'query' : 'call');
}

function close(stack: Frame[]): void {
  if (stack.length > 1) stack.pop();
}
