import {
  type ExecutionArgs,
  execute,
  GraphQLError,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  parse,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { ProduceLane } from '../../../src/graphql/produce-lane.ts';

const event = new GraphQLInputObjectType({
  name: 'EventInput',
  fields: { id: { type: new GraphQLNonNull(GraphQLString) }, size: { type: GraphQLInt } },
});
const record = new GraphQLObjectType<{ id: string; size?: number }>({
  name: 'Record',
  fields: { outcome: { type: GraphQLString, resolve: ({ id }) => `ACKED ${id}` }, size: { type: GraphQLInt } },
});
const payload = new GraphQLObjectType({
  name: 'Payload',
  fields: { records: { type: new GraphQLNonNull(new GraphQLList(record)) } },
});
const produce = {
  type: new GraphQLNonNull(payload),
  args: { events: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(event))) } },
  resolve: async (_root: unknown, { events }: Record<string, { id: string }[]>) => {
    if (events?.some(({ id }) => id === 'bad')) throw new GraphQLError('bad', { extensions: { code: 'BAD_EVENT' } });
    return { records: events };
  },
};
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { a: { type: GraphQLInt } } }),
  mutation: new GraphQLObjectType({ name: 'Mutation', fields: { produceEvents: produce, other: produce } }),
});

const variableValues = { events: [{ id: 'a', size: 1 }, { id: '"\n' }] };
const usual = 'mutation M($events: [EventInput!]!) { produceEvents(events: $events) { records { outcome size } } }';

function argsOf(text: string, rest: Partial<ExecutionArgs> = {}): ExecutionArgs {
  return { schema, document: parse(text), variableValues, ...rest };
}

const lane = () => new ProduceLane((field) => field.startsWith('produce'));

describe('the short way of a produce mutation', () => {
  it.each([
    ['variables', usual],
    ['an alias', 'mutation ($events: [EventInput!]!) { x: produceEvents(events: $events) { y: records { outcome } } }'],
    [
      'fragments',
      'mutation ($events: [EventInput!]!) { produceEvents(events: $events) { ...P __typename } } fragment P on Payload { records { ... { size } } }',
    ],
    ['literals', 'mutation { produceEvents(events: { id: "b", size: 2 }) { records { outcome size } } }'],
  ])('answers as GraphQL does, with %s', async (_what, text) => {
    const args = argsOf(text);
    const result = await lane().take(args)?.();
    const expected = JSON.stringify(await execute(args));
    expect(JSON.stringify(result)).toBe(expected);
    expect((result as { stringify?: () => string }).stringify?.()).toBe(expected);
  });

  it('tells of an error as GraphQL does', async () => {
    const args = argsOf(usual, { variableValues: { events: [{ id: 'bad' }] } });
    expect(JSON.stringify(await lane().take(args)?.())).toBe(JSON.stringify(await execute(args)));
  });

  it.each([
    ['has another field', 'mutation ($events: [EventInput!]!) { other(events: $events) { records { size } } }'],
    [
      'has several fields',
      'mutation { a: produceEvents(events: []) { records { size } } b: produceEvents(events: []) { records { size } } }',
    ],
    ['has a directive', 'mutation { produceEvents(events: []) { records { size @skip(if: true) } } }'],
    ['is a query', '{ a }'],
    ['lacks a variable', usual.replaceAll('$events', '$others')],
    ['has a variable with a default', usual.replace('!]!)', '!]! = [])')],
    ['is one of several', `${usual} query Q { a }`],
  ])('is not for an operation that %s', (_what, text) => {
    expect(lane().take(argsOf(text))).toBeNull();
  });

  it('is not for variables that only GraphQL can coerce, or refuse', () => {
    for (const events of [{ id: 'a' }, [{ id: 1 }], [{ id: 'a', other: 1 }], null]) {
      expect(lane().take(argsOf(usual, { variableValues: { events } }))).toBeNull();
    }
  });
});
