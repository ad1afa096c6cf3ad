import { getVariableValues } from '@graphql-tools/executor';
import fc from 'fast-check';
import {
  buildSchema,
  extendSchema,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
  typeFromAST,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { compileCoercer, unsure } from '../../../src/graphql/input-coercer.ts';
import * as scalars from '../../../src/graphql/scalars.ts';

const sdl = `
  scalar BigInt scalar DateTime scalar Date scalar Time scalar Decimal scalar Bytes scalar JSON
  enum Mode { ON OFF }
  input Inner { id: ID! again: Inner tags: [String!] }
  input Event {
    id: ID! text: String int: Int float: Float flag: Boolean big: BigInt at: DateTime day: Date time: Time
    price: Decimal bytes: Bytes json: JSON mode: Mode! inner: Inner list: [[Int]!] size: Int = 3
  }
  input Odd { constructor: String }
  type Query { a(events: [Event!]!, odd: Odd): Int }
`;

/** The schema with our scalars in place of those that the text names. */
function schemaOfEvents(): GraphQLSchema {
  const schema = extendSchema(buildSchema(sdl), parse('scalar Unused'));
  for (const scalar of Object.values(scalars)) {
    const named = schema.getType(scalar.name);
    if (named && 'parseValue' in named) Object.assign(named, { parseValue: scalar.parseValue });
  }
  return schema;
}

const schema = schemaOfEvents();
const [operation] = parse('query ($events: [Event!]!) { a(events: $events) }').definitions as OperationDefinitionNode[];
const definition = operation?.variableDefinitions?.[0];
if (definition?.type.kind !== Kind.NON_NULL_TYPE) throw new Error('The variable is a list.');
const coerce = compileCoercer(typeFromAST(schema, definition.type) as never);

/** What the server's own coercion makes of it: a value, or errors. */
function reference(events: unknown): { value: unknown } | { errors: unknown } {
  const { variableValues, errors } = getVariableValues(schema, [definition as never], { events }) as never as {
    variableValues?: { coerced: { events: unknown } };
    errors?: unknown;
  };
  return variableValues ? { value: variableValues.coerced.events } : { errors };
}

const odd = fc.oneof(fc.jsonValue(), fc.constantFrom('', 'ON', '2026-02-30T00:00:00Z', 2 ** 31, 1e308, '9'.repeat(25)));
const or = <T>(usual: fc.Arbitrary<T>) => fc.oneof({ weight: 40, arbitrary: usual }, { weight: 1, arbitrary: odd });
const digits = (most: number) => fc.integer({ min: 0, max: most });
const time = fc
  .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((at) => at.toISOString());
const inner = fc.letrec((tie) => ({
  inner: fc.record(
    { id: or(fc.string()), again: fc.option(tie('inner'), { maxDepth: 2 }), tags: or(fc.array(fc.string())) },
    { requiredKeys: ['id'] },
  ),
})).inner;
const event = fc.record(
  {
    id: or(fc.oneof(fc.string(), fc.integer())),
    text: or(fc.option(fc.string())),
    int: or(fc.integer()),
    float: or(fc.double({ noNaN: true, noDefaultInfinity: true })),
    flag: or(fc.boolean()),
    big: or(fc.oneof(fc.integer(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String))),
    at: or(
      fc.oneof(
        time,
        time.map((text) => text.replace(/\.\d+Z/, '+01:00')),
      ),
    ),
    day: or(time.map((text) => text.slice(0, 10))),
    time: or(time.map((text) => text.slice(11, 23))),
    price: or(fc.tuple(digits(99999), digits(99)).map(([whole, cents]) => `${whole}.${cents}`)),
    bytes: or(fc.base64String()),
    json: fc.jsonValue(),
    mode: or(fc.constantFrom('ON', 'OFF')),
    inner: or(inner),
    list: or(fc.array(fc.array(fc.option(fc.integer())))),
    size: or(fc.integer()),
    stranger: fc.jsonValue(),
  },
  { requiredKeys: ['id', 'mode'] },
);
// The stranger is no field of the type: most events do without.
const events = or(
  fc.array(
    fc
      .tuple(event, fc.integer({ min: 0, max: 9 }))
      .map(([{ stranger, ...known }, dice]) => (dice === 0 ? { ...known, stranger } : known)),
  ),
);

describe('the compiled coercion', () => {
  it('makes of a value what the ordinary coercion makes of it, or leaves it to that', () => {
    let taken = 0;
    fc.assert(
      fc.property(events, (given) => {
        // As it comes in a request.
        const value: unknown = JSON.parse(JSON.stringify(given) ?? 'null');
        const coerced = coerce(value);
        if (coerced === unsure) return;
        taken += 1;
        expect({ value: coerced }).toEqual(reference(value));
      }),
      { numRuns: 500 },
    );
    expect(taken).toBeGreaterThan(50);
  });

  it('takes what programs send: canonical times, exact numbers, nested types, absent and null fields', () => {
    const usual = [
      { id: 'a', mode: 'ON', at: '2026-01-31T12:00:00.000Z', int: 1, float: 1.5, big: '9007199254740993', text: null },
      { id: 'b', mode: 'OFF', inner: { id: 'c', again: { id: 'd', again: null }, tags: ['x'] }, list: [[1, null]] },
    ];
    expect({ value: coerce(usual) }).toEqual(reference(usual));
  });

  it.each([
    ['a field that the type does not have', [{ id: 'a', mode: 'ON', other: 1 }]],
    ['a required field that is absent', [{ id: 'a' }]],
    ['a required field that is null', [{ id: null, mode: 'ON' }]],
    ['one event without brackets', { id: 'a', mode: 'ON' }],
    ['a number for an id', [{ id: 1, mode: 'ON' }]],
    ['a day that does not exist', [{ id: 'a', mode: 'ON', at: '2026-02-30T00:00:00.000Z' }]],
    ['a name that objects have of themselves', [JSON.parse('{"id":"a","mode":"ON","__proto__":{"text":"x"}}')]],
    ['an integer beyond 32 bits', [{ id: 'a', mode: 'ON', int: 2 ** 31 }]],
    ['nothing', null],
  ])('leaves %s to the ordinary coercion', (_what, value) => {
    expect(coerce(value)).toBe(unsure);
  });

  it('leaves a type to the ordinary coercion whose fields every object seems to have', () => {
    const type = schema.getType('Odd');
    expect(compileCoercer(type as never)({})).toBe(unsure);
  });
});
