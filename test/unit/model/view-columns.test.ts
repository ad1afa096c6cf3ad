import { describe, expect, it } from 'vitest';
import { checkViewColumns, parseModel, type View } from '#model';
import { parseColumnType } from '../../../src/model/column-types.ts';

function viewOf(fields: string): View {
  const text = `type S @stream(topic: "s") { a: Int e: E n: N }\nenum E { X }\ntype N { userId: ID at: DateTime }\ntype V @view(sql: "SELECT * FROM s") { ${fields} }`;
  const parsed = parseModel([{ file: 'a.graphql', text }]);
  const view = parsed.ok ? parsed.model.sources.find((source) => source.kind === 'view') : undefined;
  if (view === undefined) throw new Error('no view');
  return view;
}

const check = (fieldType: string, columnType: string) =>
  checkViewColumns(viewOf(`f: ${fieldType}`), [{ name: 'f', type: columnType, nullable: true }]);

describe('the columns of a view', () => {
  it.each([
    ['ID', 'CHAR(3)'],
    ['String', 'VARCHAR(2147483647)'],
    ['String', 'STRING NOT NULL'],
    ['E', 'STRING'],
    ['JSON', 'STRING'],
    ['Int', 'TINYINT'],
    ['Int!', 'INT NOT NULL'],
    ['BigInt', 'INT'],
    ['BigInt!', 'BIGINT NOT NULL'],
    ['Float', 'FLOAT'],
    ['Float', 'DOUBLE'],
    ['Float', 'DECIMAL(10, 2)'],
    ['Decimal', 'DECIMAL(38, 9)'],
    ['Decimal', 'BIGINT'],
    ['Boolean', 'BOOLEAN'],
    ['DateTime', 'TIMESTAMP(3)'],
    ['DateTime', 'TIMESTAMP_LTZ(3) *ROWTIME*'],
    ['DateTime', 'TIMESTAMP_LTZ(3) NOT NULL *PROCTIME*'],
    ['Date', 'DATE'],
    ['Time', 'TIME(0)'],
    ['Bytes', 'VARBINARY(2147483647)'],
    ['Bytes', 'BYTES'],
    ['[BigInt!]!', 'ARRAY<INT NOT NULL> NOT NULL'],
    ['[[String]]', 'ARRAY<ARRAY<STRING>>'],
    ['N', 'ROW<`user_id` STRING, `at` TIMESTAMP(3)>'],
    ['N', 'ROW<`EXPR$0` VARCHAR(5) NOT NULL, `EXPR$1` TIMESTAMP_LTZ(3)> NOT NULL'],
    ['[N]', "ARRAY<ROW<`user_id` STRING 'who', `at` TIMESTAMP(3)>>"],
  ])('%s takes %s', (fieldType, columnType) => {
    expect(check(fieldType, columnType)).toEqual([]);
  });

  it.each([
    ['Int', 'BIGINT'],
    ['BigInt', 'DOUBLE'],
    ['String', 'INT'],
    ['Decimal', 'DECIMAL(38, 18)'],
    ['Decimal', 'DOUBLE'],
    ['DateTime', 'DATE'],
    ['Date', 'TIMESTAMP(3)'],
    ['Boolean', 'STRING'],
    ['E', 'INT'],
    ['String', 'MAP<STRING, INT>'],
    ['[Int]', 'ARRAY<STRING>'],
    ['[Int]', 'INT'],
    ['N', 'ROW<`at` TIMESTAMP(3), `user_id` STRING>'],
    ['N', 'ROW<`user_id` STRING>'],
  ])('%s does not take %s', (fieldType, columnType) => {
    expect(check(fieldType, columnType)).toHaveLength(1);
  });

  it('are told with the field, the column and both types when they do not fit', () => {
    expect(check('Int!', 'BIGINT NOT NULL')).toEqual([
      'V.f: the column "f" is BIGINT NOT NULL, but the field is declared as Int!, which is INT in SQL. Change the field\'s type, or CAST the column.',
    ]);
  });

  it('are suggested for one that is missing; those that no field names are fine', () => {
    const columns = [
      { name: 'count', type: 'BIGINT', nullable: false },
      { name: 'EXPR$1', type: 'INT', nullable: true },
    ];
    expect(checkViewColumns(viewOf('counts: BigInt'), columns)).toEqual([
      'V.counts: the SQL yields no column "counts". Did you mean "count"? It yields "count" and "EXPR$1".',
    ]);
  });
});

describe('a printed type', () => {
  it('is taken apart, however deep', () => {
    const type = parseColumnType(
      "ROW<`a``b` DECIMAL(10, 2) NOT NULL 'it''s', `m` MAP<STRING NOT NULL, ARRAY<INT>>> NOT NULL",
    );
    expect(type.root).toBe('ROW');
    expect(type.fields.map(({ name }) => name)).toEqual(['a`b', 'm']);
    expect(type.fields[0]?.type).toMatchObject({ root: 'DECIMAL', parameters: [10, 2] });
    expect(type.fields[1]?.type.elements.map(({ root }) => root)).toEqual(['VARCHAR', 'ARRAY']);
  });
});
