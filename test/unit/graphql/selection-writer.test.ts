import fc from 'fast-check';
import {
  buildSchema,
  type DocumentNode,
  execute,
  type FragmentDefinitionNode,
  GraphQLObjectType,
  type GraphQLSchema,
  Kind,
  parse,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { compileSelection, Unusual } from '../../../src/graphql/selection-writer.ts';

const schema = buildSchema(`
  enum Color { RED GREEN }
  type Nested { text: String  number: Int!  list: [Int!]  deep: Nested }
  type Page { id: ID!  name: String  colors: [Color!]!  matrix: [[Float]]  nested: Nested!  maybe: Nested  items: [Nested]!  withArgument(n: Int): Int }
  interface Face { id: ID! }
  type Query { unused: Int }
  type Subscription { page: Page!  other: Page  face: Face }
`);

const nested = { text: 'a "quoted" ü\n', number: 7, list: [1, 2], deep: { number: 1 } };
const page = {
  id: 12,
  name: null,
  colors: ['RED', 'GREEN'],
  matrix: [[1.5, null], null, []],
  nested,
  items: [nested, null, { number: 0 }],
};

function write(query: string, root: object, variableValues: Record<string, unknown> = {}): string {
  const document = parse(query);
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('Not an operation.');
  const type = schema.getSubscriptionType();
  if (!(type instanceof GraphQLObjectType)) throw new Error('No subscription type.');
  const fragments = Object.fromEntries(fragmentsOf(document).map((fragment) => [fragment.name.value, fragment]));
  return compileSelection(type, { operation, fragments, variableValues })(root);
}

const fragmentsOf = (document: DocumentNode): FragmentDefinitionNode[] =>
  document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);

const executed = (of: GraphQLSchema, query: string, rootValue: object, variableValues: Record<string, unknown>) =>
  JSON.stringify(
    (execute({ schema: of, document: parse(query), rootValue, variableValues }) as { readonly data: unknown }).data,
  );

describe('the writer of a selection', () => {
  it('quotes any text as JSON.stringify does', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), (text) => {
        const root = { page: { name: text } };
        expect(write('subscription { page { name } }', root)).toBe(JSON.stringify(root));
      }),
    );
  });

  it.each([
    ['plain fields', 'subscription { page { id name colors matrix } }', {}],
    ['aliases', 'subscription { p: page { b: id a: name id } }', {}],
    [
      'nested objects and lists',
      'subscription { page { nested { text list deep { number text } } items { number } maybe { text } } }',
      {},
    ],
    ['names of types', 'subscription { __typename page { __typename nested { t: __typename } } }', {}],
    ['fields selected twice', 'subscription { page { nested { text } id nested { number text } } }', {}],
    [
      'fragments',
      'subscription { ...S } fragment S on Subscription { page { ...P nested { ...N } ...P } } fragment P on Page { id nested { number } } fragment N on Nested { text }',
      {},
    ],
    ['fragments without a condition', 'subscription { page { ... { id } ... on Page { name } } }', {}],
    [
      'what is skipped and included',
      'subscription ($yes: Boolean!, $no: Boolean!) { page { id @skip(if: $yes) name @include(if: $yes) colors @include(if: $no) ... @skip(if: $yes) { matrix } nested { text @skip(if: false) number @include(if: true) } } }',
      { yes: true, no: false },
    ],
    ['a field that is null', 'subscription { other { id } page { id } }', {}],
    ['nothing that is left', 'subscription { page { id @skip(if: true) } }', {}],
  ])('writes %s as GraphQL executes them', (_title, query, variables) => {
    const root = { page, other: null };
    expect(write(query, root, variables)).toBe(executed(schema, query, root, variables));
  });

  it.each([
    ['a null that may not be', 'subscription { page { id } }', { page: { id: null } }],
    ['a null in a list that may not be', 'subscription { page { colors } }', { page: { colors: [null] } }],
    ['a value that is none of its enum', 'subscription { page { colors } }', { page: { colors: ['BLUE'] } }],
    ['a promise', 'subscription { page { id } }', { page: Promise.resolve(page) }],
    ['a promise of a leaf', 'subscription { page { name } }', { page: { name: Promise.resolve('a') } }],
    ['an error', 'subscription { page { nested { text } } }', { page: { nested: new Error('broken') } }],
    ['no list', 'subscription { page { items { text } } }', { page: { items: nested } }],
    ['a field with an argument', 'subscription { page { withArgument(n: 1) } }', { page }],
    ['an abstract type', 'subscription { face { id } }', { face: { id: 1 } }],
  ])('leaves %s to GraphQL', (_title, query, root) => {
    expect(() => write(query, root)).toThrow();
  });

  it('says by its error that it is no fault', () => {
    expect(() => write('subscription { page { id } }', { page: { id: null } })).toThrow(Unusual);
  });
});
