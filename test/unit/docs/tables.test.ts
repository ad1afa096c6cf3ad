import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeOptions } from '#config';
import { codes } from '#errors';
import { scalarNames } from '#model';

/** The rows of the table that begins with this column, without its head: the cells' text, backticks taken off. */
function tableOf(page: string, column: string): readonly (readonly string[])[] {
  const lines = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8').split('\n');
  const head = lines.findIndex((line) => line.startsWith(`| ${column} |`));
  expect(head, `a table with the column ${column} in ${page}`).toBeGreaterThan(0);
  const end = lines.findIndex((line, at) => at > head && !line.startsWith('|'));
  return lines.slice(head + 2, end).map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('`', '').replaceAll('\\|', '|')),
  );
}

describe('docs/configuration.md', () => {
  it('lists every setting as the code has it', () => {
    expect(tableOf('configuration.md', 'Environment')).toEqual(
      describeOptions().map((row) => [row.env, row.flag, row.default, row.unit, row.meaning]),
    );
  });
});

describe('docs/errors.md', () => {
  it('lists every code as the code has it', () => {
    expect(tableOf('errors.md', 'Code')).toEqual(
      Object.entries(codes).map(([code, { retryable, meaning }]) => [
        code,
        retryable ? 'yes' : 'no',
        meaning.replaceAll('`', ''),
      ]),
    );
  });
});

describe('docs/declaring.md', () => {
  it('lists every scalar', () => {
    expect(tableOf('declaring.md', 'Scalar').map(([scalar]) => scalar)).toEqual([...scalarNames]);
  });
});
