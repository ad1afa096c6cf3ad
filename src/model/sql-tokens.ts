/** One token of SQL text. Comments and white space are left out. Offsets count UTF-16 units of the text. */
export interface SqlToken {
  /** `text` is `'…'` alone; `prefixed` one with a letter before it: `U&'…'`, `E'…'`, `N'…'`, `X'…'`, `_UTF8'…'`. */
  readonly kind: 'word' | 'quoted' | 'text' | 'prefixed' | 'number' | 'sign' | 'hint';
  /** A word, number or text as written, an identifier without its backticks, a sign's one character. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
  /** What stands between `/*+` and the end of a hint; empty for all others. */
  readonly inner: readonly SqlToken[];
}

/** What was opened and never closed, or is no SQL at all. */
interface SqlTokenFault {
  readonly offset: number;
  readonly message: string;
}

/** What a text consists of, up to the first fault. */
export interface SqlTokens {
  readonly tokens: readonly SqlToken[];
  readonly fault: SqlTokenFault | null;
}

/*
 * The rules of Flink's own lexer (flink-sql-parser, Parser.jj, state BTID), character class by character class: a text
 * that is divided otherwise here than there could hide a statement from whoever judges it by these tokens.
 */
const digits =
  '0-9\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0a66-\u0a6f\u0ae6-\u0aef\u0b66-\u0b6f\u0be7-\u0bef\u0c66-\u0c6f\u0ce6-\u0cef\u0d66-\u0d6f\u0e50-\u0e59\u0ed0-\u0ed9\u1040-\u1049';
const letters =
  '$A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u1fff\u3040-\u318f\u3300-\u337f\u3400-\u3d2d\u4e00-\u9fff\uf900-\ufaff';
/** Flink takes `a-b$c` for one word, the name of a collation, and says so to nobody. */
const wordEnd = new RegExp(`[${letters}${digits}]`);
const collationName = new RegExp(`\\$[${letters}]`);
const quoted = "'[^']*(?:''[^']*)*'";
const patterns: readonly (readonly [Exclude<SqlToken['kind'], 'sign' | 'hint'> | 'skip', RegExp])[] = [
  ['skip', /[ \t\n\r\f]+|(?:--|\/\/)[^\n\r]*|\/\*(?!\+)[\s\S]*?\*\//y],
  // Before the words: `E'it\'s'` is one token, and so is `_latin-E'x'`.
  ['prefixed', /E'[^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*'/iy],
  ['prefixed', new RegExp(`(?:[NX]|U&|_[a-z0-9][a-z0-9:._-]{0,64})${quoted}`, 'iy')],
  ['word', new RegExp(`[${letters}][${letters}${digits}]*`, 'y')],
  ['number', /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['text', new RegExp(quoted, 'y')],
  ['quoted', /`(?:[^`\n\r]|``)[^`\n\r]*(?:``[^`\n\r]*)*`/y],
];
const openings: Readonly<Record<string, string>> = {
  "'": "A text that begins here is never closed. Close it with '.",
  '`': 'An identifier that begins here is not closed on its line. Close it with `.',
  '"': "Flink's SQL has no double quotes. Put text between '…', and names between `…`.",
};

/** Splits Flink SQL into tokens: enough to find statements and tables, not to parse expressions. */
export function tokenize(sql: string): SqlTokens {
  const { tokens, at, fault } = read(sql, 0, false);
  return { tokens, fault: fault ?? (at < sql.length ? { offset: at, message: 'This "*/" closes nothing.' } : null) };
}

/** Reads to the end of the text, or to the end of the hint that it stands in. */
function read(sql: string, from: number, inHint: boolean): SqlTokens & { readonly at: number } {
  const tokens: SqlToken[] = [];
  let at = from;
  while (at < sql.length && !sql.startsWith('*/', at)) {
    if (!inHint && sql.startsWith('/*+', at)) {
      const hint = read(sql, at + 3, true);
      if (hint.fault) return { tokens, at, fault: hint.fault };
      if (hint.at >= sql.length) return { tokens, at, fault: unclosed('hint', at) };
      const end = hint.at + 2;
      tokens.push({ kind: 'hint', value: sql.slice(at, end), start: at, end, inner: hint.tokens });
      at = end;
      continue;
    }
    const { kind, end } = match(sql, at);
    const raw = sql.slice(at, end);
    const fault = kind === 'sign' ? faultOf(sql, at) : kind === 'word' ? faultOfWord(sql, at, raw) : null;
    if (fault) return { tokens, at, fault };
    if (kind !== 'skip') {
      const value = kind === 'quoted' ? raw.slice(1, -1).replaceAll('``', '`') : raw;
      tokens.push({ kind, value, start: at, end, inner: [] });
    }
    at = end;
  }
  return { tokens, at, fault: null };
}

function faultOf(sql: string, at: number): SqlTokenFault | null {
  const character = sql.charAt(at);
  if (sql.startsWith('/*', at)) return unclosed('comment', at);
  if (/\s/.test(character)) {
    const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    return { offset: at, message: `This white space (U+${code}) is none in SQL. Write a plain space.` };
  }
  const message = openings[character];
  return message === undefined ? null : { offset: at, message };
}

function faultOfWord(sql: string, at: number, word: string): SqlTokenFault | null {
  if (!collationName.test(word)) return null;
  let before = at - 1;
  while (':.-'.includes(sql[before] ?? ' ')) before -= 1;
  if (!wordEnd.test(sql[before] ?? '')) return null;
  return { offset: at, message: `Flink does not see where "${word}" begins. Put it between \`…\`.` };
}

function unclosed(what: string, offset: number): SqlTokenFault {
  return { offset, message: `A ${what} that begins here is never closed. Close it with */.` };
}

function match(sql: string, at: number) {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    if (pattern.test(sql)) return { kind, end: pattern.lastIndex };
  }
  return { kind: 'sign' as const, end: at + 1 };
}

/** The upper-case keyword a token may be; an empty text for all but words. */
export function keyword(token: SqlToken | undefined): string {
  return token?.kind === 'word' ? token.value.toUpperCase() : '';
}

/** Whether the token is this sign. */
export function isSign(token: SqlToken | undefined, sign: string): boolean {
  return token?.kind === 'sign' && token.value === sign;
}

/** A name of one or several parts, such as `a.b`, from the token at `from` on; `next` is the first token behind it. */
export function readName(
  tokens: readonly SqlToken[],
  from: number,
): { readonly parts: readonly string[]; readonly next: number } {
  const parts: string[] = [];
  let next = from;
  for (;;) {
    const token = tokens[next];
    if (token === undefined || (token.kind !== 'word' && token.kind !== 'quoted')) break;
    parts.push(token.value);
    next++;
    if (!isSign(tokens[next], '.')) break;
    next++;
  }
  return { parts, next };
}
