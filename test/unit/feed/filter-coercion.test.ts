import fc from 'fast-check';
import {
  astFromValue,
  type ExecutionResult,
  executeSync,
  type GraphQLInputType,
  parse,
  print,
  typeFromAST,
  validate,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { compileFilter, type Where } from '../../../src/feed/filter.ts';
import { createBuilder } from '../../../src/graphql/builder.ts';
import { DeclaredTypes } from '../../../src/graphql/declared-types.ts';
import { anyRecord, anyWhere, filterFields } from './filter-samples.ts';

/** A schema with one field, which notes the filter that it is given. */
function open() {
  const seen: { where: Where | null } = { where: null };
  const builder = createBuilder();
  const declared = new DeclaredTypes(builder);
  const filter = declared.filter({ name: 'Sample', fields: filterFields }, declared.recordFilter());
  builder.queryField('samples', (t) =>
    t.boolean({
      args: { where: t.arg({ type: filter }) },
      resolve: (_root, { where }) => {
        seen.where = where ?? null;
        return true;
      },
    }),
  );
  builder.mutationField('nothing', (t) => t.boolean({ resolve: () => true }));
  builder.subscriptionField('nothing', (t) => t.boolean({ subscribe: async function* () {}, resolve: () => true }));
  const schema = builder.toSchema();
  const whereType = typeFromAST(schema, parse('query ($w: SampleFilter) { a }').definitions[0] as never);
  const run = (text: string, variableValues: Record<string, unknown> = {}): Where | string => {
    seen.where = null;
    const document = parse(text);
    const result: ExecutionResult = { errors: validate(schema, document) };
    const { errors } = result.errors?.length ? result : executeSync({ schema, document, variableValues });
    return errors?.[0]?.message ?? seen.where ?? 'no filter';
  };
  return {
    schema,
    whereType,
    asLiteral: (literal: string) => run(`{ samples(where: ${literal}) }`),
    asVariable: (where: unknown) => run('query ($where: SampleFilter) { samples(where: $where) }', { where }),
  };
}

const api = open();
const filterType = api.schema.getType('SampleFilter') as GraphQLInputType;
const toLiteral = (where: Where) => print(astFromValue(where, filterType) ?? { kind: 'NullValue' as never });
const toJson = (where: Where): Where =>
  JSON.parse(JSON.stringify(where, (_name, value) => (typeof value === 'bigint' ? String(value) : value)));

describe('a filter that GraphQL coerces', () => {
  it('means the same as a literal, as a variable, and as it was meant', () => {
    // What no client can write: half a character, a year beyond 9999, and a time with one decimal (three are wanted).
    const unwritable = /\\ud800|\+010000|:00\.5"/;
    const writable = anyWhere.filter((where) => !unwritable.test(JSON.stringify(toJson(where))));
    fc.assert(
      fc.property(writable, fc.array(anyRecord, { minLength: 1, maxLength: 5 }), (where, records) => {
        const forms = [where, api.asLiteral(toLiteral(where)), api.asVariable(toJson(where))];
        const outcomes = forms.map((form) => {
          if (typeof form === 'string') return form;
          return records.map(compileFilter(filterFields, form));
        });
        expect(outcomes[1]).toEqual(outcomes[0]);
        expect(outcomes[2]).toEqual(outcomes[0]);
      }),
    );
  });

  it.each<[string, string, object]>([
    ['a Decimal as a number', '{ price: { eq: 1.50 } }', { price: { eq: 1.5 } }],
    ['a BigInt as a number', '{ views: { in: [1, "2"] } }', { views: { in: ['1', 2] } }],
    ['an Int for an ID', '{ userId: { eq: 1 } }', { userId: { eq: 1 } }],
    ['an Int for a Float', '{ score: { eq: 1 } }', { score: { eq: 1.0 } }],
    ['one value for a list', '{ tags: { any: { in: "a" } } }', { tags: { any: { in: 'a' } } }],
    ['one object for and', '{ and: { age: { eq: 1 } } }', { and: { age: { eq: 1 } } }],
    ['a moment with an offset', '{ at: { gt: "2026-01-31T13:00:00+01:00" } }', { at: { gt: '2026-01-31T12:00:00Z' } }],
  ])('takes %s in both forms alike', (_title, literal, variable) => {
    const where = api.asLiteral(literal);
    expect(where).toBeTypeOf('object');
    const fits = (form: Where | string) => compileFilter(filterFields, form as Where);
    fc.assert(
      fc.property(anyRecord, (record) => {
        expect(fits(where)(record)).toBe(fits(api.asVariable(variable))(record));
      }),
    );
  });

  it.each<[string, string, object]>([
    ['an operator that there is not', '{ age: { like: 1 } }', { age: { like: 1 } }],
    ['an operator of another type', '{ age: { startsWith: "1" } }', { age: { startsWith: '1' } }],
    ['an order of values without one', '{ active: { gt: true } }', { active: { gt: true } }],
    ['a field that there is not', '{ nope: { eq: 1 } }', { nope: { eq: 1 } }],
    ['a value of another type', '{ age: { eq: "x" } }', { age: { eq: 'x' } }],
    ['a value that the enum does not have', '{ level: { eq: NOPE } }', { level: { eq: 'NOPE' } }],
    ['null in a list', '{ age: { in: [null] } }', { age: { in: [null] } }],
    ['null under or', '{ or: [null] }', { or: [null] }],
    ['equality of lists', '{ tags: { eq: ["a"] } }', { tags: { eq: ['a'] } }],
    ['equality of JSON', '{ extra: { eq: 1 } }', { extra: { eq: 1 } }],
    ['a header without a name', '{ record: { header: { eq: "a" } } }', { record: { header: { eq: 'a' } } }],
    ['the record of a nested type', '{ address: { record: {} } }', { address: { record: {} } }],
  ])('is refused in both forms: %s', (_title, literal, variable) => {
    expect(api.asLiteral(literal)).toMatch(
      /is not defined|cannot represent|does not exist|found null|was not provided|not to be null|Expected value/,
    );
    expect(api.asVariable(variable)).toMatch(/^Variable "\$where" got invalid value/);
  });

  it('costs an error, not the process, when it is nested without end', () => {
    let where: Where = {};
    for (let depth = 0; depth < 100_000; depth++) where = { not: where };
    expect(api.asVariable(where)).toMatch(/Maximum call stack/);
  });
});
