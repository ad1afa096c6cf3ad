import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeclarationFile, type Model, parseModel, printFault, type Source } from '#model';

function modelOf(...files: readonly (string | DeclarationFile)[]): Model {
  const named = files.map((file, index) =>
    typeof file === 'string' ? { file: `${index}.graphql`, text: file } : file,
  );
  const parsed = parseModel(named);
  if (!parsed.ok) throw new Error(parsed.faults.map(printFault).join('\n'));
  return parsed.model;
}

function sourceOf(model: Model, typeName: string): Source {
  const source = model.sources.find((one) => one.typeName === typeName);
  if (source === undefined) throw new Error(`no ${typeName}`);
  return source;
}

describe('the model', () => {
  it('has the defaults of a stream', () => {
    const stream = sourceOf(modelOf('"Seen." type PageView @stream { userId: ID! }'), 'PageView');
    expect(stream).toMatchObject({
      kind: 'stream',
      description: 'Seen.',
      topic: 'page_views',
      plural: 'pageViews',
      key: [],
      keyFormat: 'STRING',
      partitions: 4,
      retentionMs: 604_800_000,
      cleanup: 'DELETE',
      format: 'JSON',
      source: 'KAFKA',
      redis: null,
      into: null,
      onBadRecord: 'REPORT',
      deadLetterTopic: null,
      eventTime: { field: null, delayMs: 0 },
      place: { file: '0.graphql', line: 1, column: 14 },
    });
  });

  it('has what a stream says of itself', () => {
    const text = `type Box @stream(topic: "b.x", key: ["id", "at"], partitions: 8, retention: "P1DT2H", cleanup: COMPACT, plural: "crates") {
      id: ID! at: DateTime! @eventTime(delay: "PT1.5S") @column(name: "AT")
    }`;
    const box = sourceOf(modelOf(text), 'Box');
    expect(box).toMatchObject({
      topic: 'b.x',
      plural: 'crates',
      partitions: 8,
      retentionMs: 93_600_000,
      cleanup: 'COMPACT',
    });
    expect(box.key.map(({ column }) => column)).toEqual(['id', 'AT']);
    expect(box).toMatchObject({ eventTime: { delayMs: 1500, field: { name: 'at', column: 'AT', required: true } } });
  });

  it('names the dead letter topic after the stream, unless it is named', () => {
    const declare = (more: string) => modelOf(`type A @stream(onBadRecord: DEAD_LETTER${more}) { a: Int }`);
    expect(sourceOf(declare(''), 'A')).toMatchObject({ deadLetterTopic: 'as.dlq' });
    expect(sourceOf(declare(', deadLetterTopic: "bad"'), 'A')).toMatchObject({ deadLetterTopic: 'bad' });
  });

  it('has the defaults of a view, and takes the semicolon off its SQL', () => {
    const model = modelOf('type A @stream { a: Int }', 'type Sum @view(sql: "SELECT a FROM `as` ; -- all") { a: Int }');
    expect(sourceOf(model, 'Sum')).toMatchObject({
      kind: 'view',
      topic: 'sums',
      sql: 'SELECT a FROM `as`',
      sqlPlace: { file: '1.graphql', line: 1, column: 22 },
      reads: ['as'],
      cleanup: 'DELETE',
      format: 'JSON',
      parallelism: null,
      stateTtlMs: null,
      from: 'EARLIEST',
      guarantee: 'AT_LEAST_ONCE',
      run: 'ALWAYS',
    });
  });

  it('makes a table of a view with a key', () => {
    const text =
      'type A @stream { a: Int }\ntype V @view(key: "a", stateTtl: "PT1H", from: LATEST, run: ON_DEMAND, parallelism: 2, sql: "SELECT a FROM as") { a: Int! }';
    expect(sourceOf(modelOf(text), 'V')).toMatchObject({
      cleanup: 'COMPACT',
      stateTtlMs: 3_600_000,
      from: 'LATEST',
      run: 'ON_DEMAND',
      parallelism: 2,
      key: [{ name: 'a' }],
    });
  });

  it('reads SQL from a file beside', () => {
    const view = 'type A @stream { a: Int }\ntype V @view(file: "v.sql") { a: Int }';
    const model = modelOf(
      { file: 'schema/a.graphql', text: view },
      { file: 'schema/v.sql', text: '-- all\nSELECT a FROM as;\n' },
    );
    expect(sourceOf(model, 'V')).toMatchObject({
      sql: '-- all\nSELECT a FROM as',
      sqlPlace: { file: 'schema/v.sql', line: 1, column: 1 },
    });
  });

  it('tells where a block of SQL begins, once its indent is gone', () => {
    const text =
      'type A @stream { a: Int }\ntype V @view(sql: """\n\n      SELECT a\n        FROM as\n    """) { a: Int }';
    expect(sourceOf(modelOf(text), 'V')).toMatchObject({
      sql: 'SELECT a\n  FROM as',
      sqlPlace: { file: '0.graphql', line: 4, column: 7 },
    });
  });

  it('puts a view after everything it reads, and leaves the rest as declared', () => {
    const model = modelOf(
      'type C @view(sql: "SELECT a FROM bs, as") { a: Int }',
      'type B @view(sql: "SELECT a FROM as") { a: Int }\ntype Z @stream { a: Int }\ntype A @stream { a: Int }',
    );
    expect(model.sources.map(({ typeName }) => typeName)).toEqual(['A', 'B', 'C', 'Z']);
  });

  it('shares nested types and enums among the fields that use them', () => {
    const model = modelOf('type A @stream { n: N! ns: [N!]! e: [E] } type N { e: E } "Kinds." enum E { "First." X Y }');
    const [n, ns, e] = sourceOf(model, 'A').fields;
    expect(n?.type).toEqual({ kind: 'object', type: model.objects[0] });
    expect(ns?.type).toEqual({ kind: 'list', itemRequired: true, of: n?.type });
    expect(e?.type).toEqual({ kind: 'list', itemRequired: false, of: { kind: 'enum', type: model.enums[0] } });
    expect(model.enums).toEqual([
      {
        name: 'E',
        description: 'Kinds.',
        values: [
          { name: 'X', description: 'First.' },
          { name: 'Y', description: null },
        ],
      },
    ]);
  });

  it('is empty for files of comments', () => {
    expect(modelOf('# nothing yet\n')).toEqual({ sources: [], enums: [], objects: [] });
  });

  it('or faults come of any text, and no exception', () => {
    const word = fc.constantFrom(...'type enum A @stream @view ( ) { } : sql """ " Int ! [ ] #'.split(' '));
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 30 }), (words) => {
        parseModel([{ file: 'a.graphql', text: words.join(' ') }]);
      }),
    );
    const sqlWord = fc.constantFrom(..."SELECT FROM JOIN WITH TABLE UNION a b AS ( ) , . ` ' -- /* */ ;".split(' '));
    fc.assert(
      fc.property(fc.array(sqlWord, { maxLength: 30 }), (words) => {
        const sql = JSON.stringify(words.join(' '));
        const text = `type A @stream(topic: "a") { a: Int } type V @view(sql: ${sql}) { a: Int }`;
        const parsed = parseModel([{ file: 'a.graphql', text }]);
        if (parsed.ok) expect(parsed.model.sources[1]).toMatchObject({ reads: ['a'] });
      }),
    );
  });
});
