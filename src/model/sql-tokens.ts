/** One token of SQL text. Comments and white space are left out. Offsets count UTF-16 units of the text. */
export interface SqlToken {
  readonly kind: 'word' | 'quoted' | 'text' | 'number' | 'sign';
  /** A word as written, an identifier without its backticks, a sign's one character. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** What was opened and never closed. */
export interface SqlTokenFault {
  readonly offset: number;
  readonly message: string;
}

const patterns: readonly (readonly [SqlToken['kind'] | 'skip', RegExp])[] = [
  ['skip', /\s+|--[^\n\r]*|\/\*[\s\S]*?\*\//y],
  ['word', /[\p{L}_$][\p{L}\p{N}_$]*/uy],
  ['number', /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y],
  ['text', /'(?:[^']|'')*'|"(?:[^"]|"")*"/y],
  ['quoted', /`(?:[^`]|``)*`/y],
];
const openings: Readonly<Record<string, string>> = {
  "'": "A text that begins here is never closed. Close it with '.",
  '"': 'A text that begins here is never closed. Close it with ".',
  '`': 'An identifier that begins here is never closed. Close it with `.',
};

/** Splits Flink SQL into tokens: enough to find statements and tables, not to parse expressions. */
export function tokenize(sql: string): { readonly tokens: readonly SqlToken[]; readonly fault: SqlTokenFault | null } {
  const tokens: SqlToken[] = [];
  let at = 0;
  while (at < sql.length) {
    const { kind, end } = match(sql, at);
    const raw = sql.slice(at, end);
    if (kind === 'sign') {
      const message =
        raw === '/' && sql[at + 1] === '*'
          ? 'A comment that begins here is never closed. Close it with */.'
          : openings[raw];
      if (message !== undefined) return { tokens, fault: { offset: at, message } };
    }
    if (kind !== 'skip') {
      const value = kind === 'quoted' ? raw.slice(1, -1).replaceAll('``', '`') : raw;
      tokens.push({ kind, value, start: at, end });
    }
    at = end;
  }
  return { tokens, fault: null };
}

function match(sql: string, at: number): { readonly kind: SqlToken['kind'] | 'skip'; readonly end: number } {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    if (pattern.test(sql)) return { kind, end: pattern.lastIndex };
  }
  return { kind: 'sign', end: at + 1 };
}

/** The upper-case keyword a token may be; an empty text for all but words. */
export function keyword(token: SqlToken | undefined): string {
  return token?.kind === 'word' ? token.value.toUpperCase() : '';
}

/** Whether the token is this sign. */
export function isSign(token: SqlToken | undefined, sign: string): boolean {
  return token?.kind === 'sign' && token.value === sign;
}
