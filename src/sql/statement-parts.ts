import { isSign, keyword, readName, type SqlToken } from '#model';
import type { CreatedTable, SqlHint, SqlName, SqlOption, SqlOptions } from './statement.ts';

/** The name that begins at a token; null when none does. */
export function nameAt(tokens: readonly SqlToken[], index: number): SqlName | null {
  const { parts } = readName(tokens, index);
  return parts.length === 0 ? null : { parts, offset: tokens[index]?.start ?? 0 };
}

/** All hints of a statement: each name that has arguments, and each that stands alone. */
export function readHints(tokens: readonly SqlToken[]): readonly SqlHint[] {
  return tokens.flatMap(({ inner }) => {
    let depth = 0;
    return inner.flatMap((token, index) => {
      depth += isSign(token, '(') ? 1 : isSign(token, ')') ? -1 : 0;
      const hasArguments = isSign(inner[index + 1], '(');
      if ((token.kind !== 'word' && token.kind !== 'quoted') || (depth > 0 && !hasArguments)) return [];
      const options = hasArguments ? readOptions(inner, index + 1).options : { entries: [], oddAt: null };
      return [{ name: token.value.toUpperCase(), options, offset: token.start }];
    });
  });
}

/** The options between the parentheses that open at `from`; `next` is the first token behind them. */
function readOptions(
  tokens: readonly SqlToken[],
  from: number,
): { readonly options: SqlOptions; readonly next: number } {
  const entries: SqlOption[] = [];
  let index = from + 1;
  const end = (oddAt: number | null) => ({ options: { entries, oddAt }, next: index + 1 });
  if (isSign(tokens[index], ')')) return end(null);
  for (;;) {
    const [key, equals, value, then] = tokens.slice(index, index + 4);
    if (key?.kind !== 'text' || !isSign(equals, '=') || value?.kind !== 'text') return end(key?.start ?? 0);
    entries.push({ key: textOf(key), value: textOf(value), offset: key.start });
    index += 3;
    if (isSign(then, ')')) return end(null);
    if (!isSign(then, ',')) return end(then?.start ?? key.start);
    index += 1;
  }
}

function textOf(token: SqlToken): string {
  return token.value.slice(1, -1).replaceAll("''", "'");
}

/** Reads `CREATE [OR REPLACE] TEMPORARY TABLE|VIEW [IF NOT EXISTS] …`; null when it is none. */
export function readCreated(tokens: readonly SqlToken[]): CreatedTable | null {
  const orReplace = keyword(tokens[1]) === 'OR' && keyword(tokens[2]) === 'REPLACE';
  let index = orReplace ? 3 : 1;
  const object = keyword(tokens[index + 1]);
  if (keyword(tokens[index]) !== 'TEMPORARY' || (object !== 'TABLE' && object !== 'VIEW')) return null;
  index += 2;
  if (['IF', 'NOT', 'EXISTS'].every((word, at) => keyword(tokens[index + at]) === word)) index += 3;
  const name = nameAt(tokens, index);
  if (!name) return null;
  const { next } = readName(tokens, index);
  return { name, orReplace, ...(object === 'TABLE' ? readTableParts(tokens, next) : noParts) };
}

const noParts = { options: null, like: null, oddAt: null };

/** What follows the name of a table, outside of parentheses. */
function readTableParts(tokens: readonly SqlToken[], from: number) {
  let options: SqlOptions | null = null;
  let like: SqlName | null = null;
  let depth = 0;
  for (let index = from; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === undefined) break;
    if (isSign(token, '(')) depth += 1;
    else if (isSign(token, ')')) depth -= 1;
    if (depth !== 0) continue;
    const word = keyword(token);
    if (word === 'WITH' && options === null && isSign(tokens[index + 1], '(')) {
      const read = readOptions(tokens, index + 1);
      options = read.options;
      if (options.oddAt !== null) return { options, like, oddAt: options.oddAt };
      index = read.next - 1;
    } else if (word === 'LIKE' && like === null) {
      like = nameAt(tokens, index + 1);
      if (like === null) return { options, like, oddAt: token.start };
    } else if (['WITH', 'LIKE', 'AS', 'USING'].includes(word)) return { options, like, oddAt: token.start };
  }
  return { options, like, oddAt: null };
}
