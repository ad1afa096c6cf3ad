import { isInputObjectType, isObjectType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { parseModel } from '#model';
import { refuseFieldName, refuseRootField, refuseTypeName } from '../../../src/model/reserved.ts';
import { schemaOf } from '../../support/schema-of.ts';

/** Names that no type of the API contains, used in every way in which a declaration can use a name. */
const declaration = `
  type Zebra @stream(plural: "zebras") {
    stripe: Stripe stripes: [Stripe!] coat: Coat coats: [[Coat]]
    id: ID string: String int: Int float: Float boolean: Boolean bigInt: BigInt decimal: Decimal
    dateTime: DateTime date: Date time: Time bytes: Bytes json: JSON
    ints: [Int] lists: [[Int]]
  }
  type Herd @view(plural: "herds", sql: "SELECT stripe FROM zebras") { stripe: Stripe }
  type Stripe { width: Int }
  enum Coat { PLAIN }
`;
const declared = ['Zebra', 'Herd', 'Stripe', 'Coat'];

function modelOf(text: string) {
  const parsed = parseModel([{ file: 'zebra.graphql', text }]);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.model;
}

const schema = schemaOf(modelOf(declaration));
const typeNames = Object.keys(schema.getTypeMap()).filter((name) => !name.startsWith('__'));
const fixed = typeNames.filter((name) => !declared.some((own) => name.startsWith(own)));
/** What the API appends to declared names to name types of its own. */
const suffixes = [
  ...new Set(
    typeNames.flatMap((name) => declared.flatMap((own) => (name.startsWith(own) ? [name.slice(own.length)] : []))),
  ),
].filter((suffix) => suffix !== '');

describe('the names that declarations may not use', () => {
  it('are looked for in a schema that has all kinds of them', () => {
    expect(fixed).toEqual(expect.arrayContaining(['Query', 'Cursor', 'Job', 'StartPosition', 'IntComparisonListList']));
    expect(suffixes).toEqual(
      expect.arrayContaining([
        'Connection',
        'Edge',
        'Input',
        'Filter',
        'FilterList',
        'Comparison',
        'ComparisonListList',
      ]),
    );
    for (const name of declared) expect(refuseTypeName(name)).toBeNull();
  });

  it.each(fixed)('cover the type %s', (name) => {
    expect(refuseTypeName(name)).toMatch(/reserved/);
  });

  it.each(suffixes)('cover every type whose name ends in %s', (suffix) => {
    expect(refuseTypeName(`Lion${suffix}`)).toMatch(/reserved/);
  });

  it('cover those of which the API would make a name that it has already', () => {
    const makers = fixed.flatMap((name) =>
      suffixes.flatMap((suffix) => (name.endsWith(suffix) ? [name.slice(0, -suffix.length)] : [])),
    );
    expect(makers).toEqual(expect.arrayContaining(['Record', 'Header', 'RecordHeader']));
    expect(makers.filter((name) => refuseTypeName(name) === null)).toEqual([]);
  });

  it('cover every root field', () => {
    const roots = [schema.getQueryType(), schema.getSubscriptionType()];
    const names = new Set(roots.flatMap((root) => Object.keys(root?.getFields() ?? {})));
    const own = [...names].filter((name) => !['zebras', 'herds'].includes(name));
    expect(own).toEqual(expect.arrayContaining(['jobs', 'streams']));
    expect(own.filter((name) => refuseRootField(name) === null)).toEqual([]);
  });

  it.each([
    ['Zebra', false],
    ['Stripe', true],
  ])('cover every operator that stands beside the fields of %s in its filter', (name, nested) => {
    const type = schema.getType(name);
    const filter = schema.getType(`${name}Filter`);
    if (!isObjectType(type) || !isInputObjectType(filter)) throw new Error(`no ${name} with a filter`);
    const operators = Object.keys(filter.getFields()).filter((field) => !(field in type.getFields()));
    expect(operators).toContain('and');
    expect(operators.filter((operator) => refuseFieldName(operator, nested) === null)).toEqual([]);
  });

  it('do not include isNull for a field of a stream', () => {
    expect(refuseFieldName('isNull', false)).toBeNull();
    expect(() => schemaOf(modelOf('type Zebra @stream { isNull: Boolean }'))).not.toThrow();
  });
});
