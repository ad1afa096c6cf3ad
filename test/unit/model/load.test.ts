import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { SluiceError } from '#errors';
import { checkViewColumns, loadModel, printDirectives, readDeclarations } from '#model';

const schema = join(import.meta.dirname, '../../../schema');

/** A folder with files, deleted at the end. */
async function folderOf(files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-model-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

async function refusalOf(folder: string): Promise<SluiceError> {
  const thrown = await loadModel(folder).then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof SluiceError)) throw new Error('was not refused');
  return thrown;
}

describe('a schema folder', () => {
  it('is read in the order of names, without directives.graphql and other files', async () => {
    await using made = await folderOf({ 'b.sql': 'b', 'a.graphql': 'a', 'directives.graphql': 'd', 'README.md': 'r' });
    const files = await readDeclarations(made.folder);
    expect(files).toEqual([
      { file: join(made.folder, 'a.graphql'), text: 'a' },
      { file: join(made.folder, 'b.sql'), text: 'b' },
    ]);
  });

  it('with faults is refused with all of them in the message and the details', async () => {
    await using made = await folderOf({
      'a.graphql': 'type A @stream(partitions: 0) { a: Int }',
      'b.graphql': 'type B @streem { b: Int',
    });
    const refusal = await refusalOf(made.folder);
    expect(refusal.code).toBe('BAD_DECLARATION');
    expect(refusal.message).toMatch(
      /^2 faults in the declarations:\n.*a\.graphql:1:28 {2}Argument .*\n.*b\.graphql:1:24 {2}Syntax Error/,
    );
    expect(refusal.details).toMatchObject({
      faults: [
        { file: join(made.folder, 'a.graphql'), line: 1, column: 28 },
        { line: 1, column: 24 },
      ],
    });
  });

  it('that is missing or has no declaration is refused in words', async () => {
    await using made = await folderOf({ 'README.md': '' });
    expect((await refusalOf(made.folder)).message).toContain('holds no .graphql file');
    expect((await refusalOf(join(made.folder, 'none'))).message).toContain('cannot be read');
  });
});

describe('the examples', () => {
  it('make a model', async () => {
    const model = await loadModel(schema);
    expect(model.sources.map(({ topic }) => topic)).toEqual(
      expect.arrayContaining(['user_clicks', 'top_users', 'sensor_data', 'log_lines', 'conversions']),
    );
    for (const source of model.sources) {
      expect(source.description).not.toBeNull();
      for (const field of source.fields) expect(field.description).not.toBeNull();
    }
  });

  it('have views whose columns can be missed', async () => {
    const { sources } = await loadModel(schema);
    for (const view of sources.filter((source) => source.kind === 'view')) {
      expect(checkViewColumns(view, [])).toHaveLength(view.fields.length);
    }
  });
});

describe('schema/directives.graphql', () => {
  it('is what the code understands', async () => {
    expect(await readFile(join(schema, 'directives.graphql'), 'utf8')).toBe(printDirectives());
  });

  it('is SDL', () => {
    expect(() => parse(printDirectives())).not.toThrow();
  });
});
