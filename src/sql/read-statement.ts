import { isSign, keyword, type SqlToken } from '#model';
import { toExplain, toStatementSet } from './compose-statements.ts';
import { type SqlFragment, toPosition } from './sql-fragment.ts';
import type { Statement } from './statement.ts';
import { kindOf, titleOf } from './statement-kind.ts';
import { nameAt, readCreated, readHints } from './statement-parts.ts';

/** The text that a statement is read from, and which of its statements it is. */
export interface StatementSource {
  readonly text: string;
  readonly number: number;
}

/** Reads one statement from its tokens, of which there is at least one. */
export function readStatement(source: StatementSource, tokens: readonly SqlToken[]): Statement {
  const plain = tokens.filter((token) => token.kind !== 'hint');
  if (isExecute(plain)) return readStatement(source, tokens.slice(1));
  const kind = kindOf(plain);
  const statement: Statement = {
    ...toFragment(source.text, tokens),
    kind,
    title: titleOf(plain),
    start: toPosition(source.text, tokens[0]?.start ?? 0),
    number: source.number,
    source: source.text,
    creates: null,
    target: kind === 'INSERT' ? nameAt(plain, 2) : null,
    inserts: [],
    explained: null,
    hints: readHints(tokens),
  };
  switch (kind) {
    case 'STATEMENT_SET': {
      const inserts = readInserts(source, tokens);
      return inserts ? { ...toStatementSet(inserts), start: statement.start } : { ...statement, kind: 'OTHER' };
    }
    case 'EXPLAIN':
      return readExplain(source, tokens, statement);
    case 'CREATE_TEMPORARY_TABLE':
    case 'CREATE_TEMPORARY_VIEW':
      return { ...statement, creates: readCreated(plain) };
    default:
      return statement;
  }
}

/** `EXECUTE INSERT …` and `EXECUTE SELECT …` are the same without the word. */
function isExecute(tokens: readonly SqlToken[]): boolean {
  const rest = tokens.slice(1);
  return keyword(tokens[0]) === 'EXECUTE' && rest.length > 0 && ['INSERT', 'SELECT'].includes(kindOf(rest));
}

/** The text from the first token to the last with its comments blanked out: the places of all others stay. */
function toFragment(text: string, tokens: readonly SqlToken[]): SqlFragment {
  const start = tokens[0]?.start ?? 0;
  return { text: blank(text, { tokens, start, end: tokens.at(-1)?.end ?? start }), pieces: [{ at: 0, from: start }] };
}

function blank(
  text: string,
  part: { readonly tokens: readonly SqlToken[]; readonly start: number; readonly end: number },
) {
  let blanked = '';
  let at = part.start;
  const blankTo = (end: number) => {
    blanked += text.slice(at, end).replace(/[^\n\r]/g, ' ');
    at = end;
  };
  for (const token of part.tokens) {
    blankTo(token.start);
    if (token.kind === 'hint') {
      blanked += `/*+${blank(text, { tokens: token.inner, start: token.start + 3, end: token.end - 2 })}*/`;
    } else blanked += text.slice(token.start, token.end);
    at = token.end;
  }
  blankTo(part.end);
  return blanked;
}

/** The INSERTs of a set, of whichever of its forms; null when it holds none, or something else, too. */
function readInserts(source: StatementSource, tokens: readonly SqlToken[]): readonly Statement[] | null {
  const end = tokens.at(-1);
  const [first] = tokens;
  const body = tokens.slice(4, -1);
  if (first === undefined || keyword(end) !== 'END' || !isSign(body.at(-1), ';')) return null;
  const groups: SqlToken[][] = [];
  let group: SqlToken[] = [];
  for (const token of body) {
    if (isSign(token, ';')) {
      groups.push(group);
      group = [];
    } else group.push(token);
  }
  if (groups.some((each) => each.length === 0)) return null;
  const inserts = groups.map((each) => readStatement(source, each));
  return inserts.every((each) => each.kind === 'INSERT') ? inserts : null;
}

const explainDetails = new Set(['ESTIMATED_COST', 'CHANGELOG_MODE', 'JSON_EXECUTION_PLAN', 'PLAN_ADVICE']);

/** `EXPLAIN [PLAN FOR | detail, …]`, then what is explained. */
function readExplain(source: StatementSource, tokens: readonly SqlToken[], statement: Statement): Statement {
  let index = 1;
  if (keyword(tokens[1]) === 'PLAN' && keyword(tokens[2]) === 'FOR') index = 3;
  else {
    while (explainDetails.has(keyword(tokens[index]))) index += isSign(tokens[index + 1], ',') ? 2 : 1;
  }
  const rest = tokens.slice(index);
  // Flink explains no EXPLAIN; told here, so that a text of nothing else costs nothing.
  if (keyword(rest[0]) === 'EXPLAIN') return { ...statement, kind: 'OTHER' };
  // A set is explained without the word EXECUTE before it.
  const isSet = keyword(rest[0]) === 'STATEMENT';
  const inner = isSet ? readSet(source, rest) : rest.length > 0 ? readStatement(source, rest) : null;
  if (!inner) return { ...statement, kind: 'OTHER' };
  return { ...toExplain(inner, toFragment(source.text, tokens.slice(0, index))), start: statement.start };
}

/** `STATEMENT SET BEGIN … END` as it stands behind EXPLAIN. */
function readSet(source: StatementSource, tokens: readonly SqlToken[]): Statement | null {
  const [first] = tokens;
  if (first === undefined) return null;
  const inserts = readInserts(source, [first, ...tokens]);
  return inserts && toStatementSet(inserts);
}
