import fc, { type Arbitrary } from 'fast-check';
import type { FeedRecord } from '#feed';
import type { Field, FieldType } from '#model';
import type { Where } from '../../../src/feed/filter.ts';
import { field } from '../../support/fields.ts';

const level = {
  name: 'Level',
  description: null,
  values: ['INFO', 'WARN', 'ERROR'].map((name) => ({ name, description: null })),
};
const place = { name: 'Place', description: null, fields: [field('lat', 'Float'), field('name', 'String')] };
const address = {
  name: 'Address',
  description: null,
  fields: [field('city', 'String'), field('zip', 'Int'), field('place', { kind: 'object', type: place })],
};

/** A field of every type that a filter knows. */
export const filterFields: readonly Field[] = [
  field('userId', 'ID', true),
  field('name', 'String'),
  field('age', 'Int'),
  field('views', 'BigInt'),
  field('score', 'Float'),
  field('price', 'Decimal'),
  field('at', 'DateTime'),
  field('day', 'Date'),
  field('time', 'Time'),
  field('active', 'Boolean'),
  field('data', 'Bytes'),
  field('extra', 'JSON'),
  field('level', { kind: 'enum', type: level }),
  field('address', { kind: 'object', type: address }),
  field('tags', { kind: 'list', of: { kind: 'scalar', name: 'String' }, itemRequired: false }),
  field('lines', { kind: 'list', of: { kind: 'object', type: address }, itemRequired: true }),
];

/** A record with this value; unfinished otherwise. */
export function recordOf(node: FeedRecord['node']): FeedRecord {
  return {
    partition: 0,
    offset: 0n,
    timestampMs: 0,
    key: null,
    headers: [],
    operation: 'INSERT',
    node,
    fault: null,
    valueBytes: 0,
    weight: 0,
  };
}

/** Few values of each type, so that filters and records meet; in the forms that codecs give. */
const values: Readonly<Record<string, readonly unknown[]>> = {
  ID: ['a', 'b', 'ab', '', '1'],
  String: ['a', 'b', 'abc', '', 'ä', '\ufffd'],
  Int: [-1, 0, 1, 2],
  BigInt: [-1, 0, 1, 9007199254740991, 9007199254740993n, -9223372036854775808n],
  Float: [-1.5, 0, 1, 1e300],
  Decimal: ['0', '1', '-1', '1.5', '10', '0.001', '12345678901234567890.5', '12345678901234567890.51'],
  DateTime: ['2026-01-31T12:00:00.000Z', '2026-01-31T12:00:00.001Z', '9999-12-31T23:59:59.999Z'],
  Date: ['2026-01-31', '2026-02-01'],
  Time: ['12:30:00', '12:30:00.5', '12:30:01'],
  Boolean: [true, false],
  Bytes: ['', 'AA==', 'AAE='],
  JSON: [1, 'a', { a: 1 }, [1]],
};
/** Other forms of such values, as GraphQL gives them. */
const operandForms: Readonly<Record<string, readonly unknown[]>> = {
  BigInt: [0n, 1n],
  Decimal: ['0.0', '-0', '1.50', '01', '10.00'],
  DateTime: ['+010000-01-01T00:00:00.000Z'],
  Time: ['12:30', '12:30:00.500', '12:30:00.000'],
};
const ordered = new Set(['ID', 'String', 'Int', 'BigInt', 'Float', 'DateTime', 'Date', 'Time', 'Decimal']);
const texts = new Set(['ID', 'String']);

function anyValue(type: FieldType): Arbitrary<unknown> {
  switch (type.kind) {
    case 'scalar':
      return fc.constantFrom(...(values[type.name] ?? []));
    case 'enum':
      return fc.constantFrom(...type.type.values.map(({ name }) => name));
    case 'object':
      return anyNode(type.type.fields);
    case 'list':
      return fc.array(type.itemRequired ? anyValue(type.of) : fc.option(anyValue(type.of)), { maxLength: 3 });
  }
}

function anyNode(fields: readonly Field[]): Arbitrary<Record<string, unknown>> {
  return fc.record(
    Object.fromEntries(
      fields.map(({ name, type, required }) => [name, required ? anyValue(type) : fc.option(anyValue(type))]),
    ),
  );
}

const anyBytes = fc.constantFrom('a', 'b', 'ab', '', '\ufffd').map((text) => Buffer.from(text));
const anyStrayBytes = fc.oneof({ weight: 9, arbitrary: anyBytes }, fc.constant(Buffer.from([0xff])));

/** Records as decoded, with and without a value. */
export const anyRecord: Arbitrary<FeedRecord> = fc
  .record({
    node: fc.option(anyNode(filterFields), { freq: 15 }),
    partition: fc.nat(2),
    key: fc.option(anyStrayBytes),
    headers: fc.array(fc.record({ name: fc.constantFrom('trace', 'tenant'), value: fc.option(anyStrayBytes) }), {
      maxLength: 3,
    }),
  })
  .map(({ node, ...place }) => ({ ...recordOf(node), ...place }));

/** Any one or two of these members. */
function someOf(members: Record<string, Arbitrary<unknown>>): Arbitrary<Where> {
  return fc
    .uniqueArray(fc.constantFrom(...Object.keys(members)), { maxLength: 2 })
    .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, members[name] ?? fc.constant(null)]))));
}

function anyComparison(type: string, operand: Arbitrary<unknown>): Arbitrary<Where> {
  const isNull = fc.option(fc.boolean());
  if (type === 'JSON') return fc.record({ isNull });
  const equality = {
    eq: fc.option(operand, { freq: 8 }),
    in: fc.option(fc.array(operand, { maxLength: 3 }), { freq: 8 }),
  };
  const order = ordered.has(type) ? { gt: operand, gte: operand, lt: operand, lte: operand } : {};
  const text = texts.has(type) ? { startsWith: operand, contains: operand } : {};
  return fc.oneof(
    { weight: 2, arbitrary: someOf(equality) },
    someOf({ ...equality, ...order, ...text, ne: fc.option(operand), isNull }),
  );
}

function anyFilterOf(type: FieldType): Arbitrary<Where> {
  switch (type.kind) {
    case 'scalar':
      return anyComparison(
        type.name,
        fc.constantFrom(...(values[type.name] ?? []), ...(operandForms[type.name] ?? [])),
      );
    case 'enum':
      return anyComparison('enum', anyValue(type));
    case 'object':
      return anyWhereOf(type.type.fields, { isNull: fc.option(fc.boolean()) });
    case 'list':
      return someOf({ any: anyFilterOf(type.of), all: anyFilterOf(type.of), isNull: fc.option(fc.boolean()) });
  }
}

function anyWhereOf(fields: readonly Field[], extra: Record<string, Arbitrary<unknown>>): Arbitrary<Where> {
  const own = someOf({
    ...Object.fromEntries(fields.map(({ name, type }) => [name, fc.option(anyFilterOf(type), { freq: 20 })])),
    ...extra,
  });
  return fc.letrec<{ where: Where; joined: Where }>((tie) => ({
    where: fc.oneof({ maxDepth: 3, depthSize: 'small' }, { weight: 3, arbitrary: own }, tie('joined')),
    joined: fc
      .tuple(
        own,
        someOf({
          and: fc.array(tie('where'), { maxLength: 3 }),
          or: fc.array(tie('where'), { maxLength: 3 }),
          not: tie('where'),
        }),
      )
      .map(([conditions, joined]) => ({ ...conditions, ...joined })),
  })).where;
}

const textFilter = anyComparison('String', fc.constantFrom('a', 'b', '', '\ufffd', '\ud800'));

/** Filters over {@link filterFields}, as GraphQL coerces them. */
export const anyWhere: Arbitrary<Where> = anyWhereOf(filterFields, {
  record: someOf({
    partition: anyComparison('Int', fc.nat(2)),
    key: textFilter,
    header: fc.tuple(fc.constantFrom('trace', 'tenant'), textFilter).map(([name, test]) => ({ name, ...test })),
  }),
});
