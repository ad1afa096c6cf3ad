import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SqlToken, tokenize } from '../../../src/model/sql-tokens.ts';

function told(sql: string): readonly string[] {
  const { tokens, fault } = tokenize(sql);
  expect(fault).toBeNull();
  return tokens.map((token) => `${token.kind}:${sql.slice(token.start, token.end)}`);
}

describe('the tokens of SQL', () => {
  it('know doubled quotes and where each token lies', () => {
    const { tokens } = tokenize("a'it''s'`x``y`1.5e3;");
    const inner: readonly SqlToken[] = [];
    expect(tokens).toEqual([
      { kind: 'word', value: 'a', start: 0, end: 1, inner },
      { kind: 'text', value: "'it''s'", start: 1, end: 8, inner },
      { kind: 'quoted', value: 'x`y', start: 8, end: 14, inner },
      { kind: 'number', value: '1.5e3', start: 14, end: 19, inner },
      { kind: 'sign', value: ';', start: 19, end: 20, inner },
    ]);
  });

  it.each([
    ["E'it\\'s;' x", ["prefixed:E'it\\'s;'", 'word:x']],
    ["e'a''b\\\\' x", ["prefixed:e'a''b\\\\'", 'word:x']],
    ["aE'\\' x", ['word:aE', "text:'\\'", 'word:x']],
    ["_x-E'\\' y", ["prefixed:_x-E'\\'", 'word:y']],
    [
      "N'a' X'41' U&'d!0061' _UTF16'x'",
      ["prefixed:N'a'", "prefixed:X'41'", "prefixed:U&'d!0061'", "prefixed:_UTF16'x'"],
    ],
    ['\u1680a', ['word:\u1680a']],
    ['1E', ['number:1', 'word:E']],
    ['t.EXPR$0 -a$b', ['word:t', 'sign:.', 'word:EXPR$0', 'sign:-', 'word:a$b']],
  ])('are divided as by Flink: %s', (sql, tokens) => {
    expect(told(sql)).toEqual(tokens);
  });

  it.each(['a -- ; b\nc', 'a // ; b\rc', "a /* ; ' */ c", 'a /***/ c', 'a /**/ c', 'a /*/ b */ c', 'a //*\nc'])(
    'have no comments among them: %s',
    (sql) => {
      expect(told(sql)).toEqual(['word:a', 'word:c']);
    },
  );

  it('have a hint as one, with its own tokens inside', () => {
    const { tokens } = tokenize("a /*+ o('*/' = ';') /* x */ */ b");
    expect(tokens.map((token) => token.kind)).toEqual(['word', 'hint', 'word']);
    expect(tokens[1]?.inner.map((token) => token.value)).toEqual(['o', '(', "'*/'", '=', "';'", ')']);
  });

  it.each([
    ['a `b', 2],
    ['a `b\n`', 2],
    ['a "b"', 2],
    ["a 'b", 2],
    ['a /* b', 2],
    ['a /*+ b', 2],
    ["a /*+ b('c */", 8],
    ['a */ b', 2],
    ['a\u00a0b', 1],
    ['\ufeffa', 0],
    ['a-b$c', 2],
    ['a...:...:...b$c', 12],
    ["1E$c1E'\\''", 1],
  ])('end where something is never closed, or is no SQL: %s', (sql, offset) => {
    expect(tokenize(sql).fault?.offset).toBe(offset);
  });

  it('leave nothing out but white space and comments, whatever the text', () => {
    const piece = fc.constantFrom(
      "'",
      '`',
      '/*',
      '/*+',
      '*/',
      '--',
      '//',
      '\n',
      '\\',
      'E',
      '_',
      '-',
      ';',
      ' ',
      'x',
      "''",
      '"',
      '1',
      '.',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 30 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (sql) => {
        const { tokens, fault } = tokenize(sql);
        let at = 0;
        for (const { start, end } of tokens) {
          expect(start).toBeGreaterThanOrEqual(at);
          expect(end).toBeGreaterThan(start);
          expect(sql.slice(at, start)).toMatch(/^(?:[ \t\n\r\f]+|(?:--|\/\/)[^\n\r]*|\/\*(?!\+)[\s\S]*?\*\/)*$/);
          at = end;
        }
        if (fault) expect(fault.offset).toBeGreaterThanOrEqual(at);
      }),
    );
  });
});
