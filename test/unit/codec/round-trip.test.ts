import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec } from '#codec';
import type { Field, FieldType, ScalarName } from '#model';
import { field, stream } from './declared.ts';

interface Typed {
  readonly type: FieldType;
  readonly value: fc.Arbitrary<unknown>;
}

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const moment = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const decimal = fc
  .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 19n - 1n }), fc.bigInt({ min: 0n, max: 10n ** 19n - 1n }))
  .map(([negative, whole, part]) => {
    const fraction = part.toString().padStart(19, '0').replace(/0+$/, '');
    const text = fraction === '' ? whole.toString() : `${whole}.${fraction}`;
    return negative && text !== '0' ? `-${text}` : text;
  });
// A string that is the text of an object or a list is read as that (see docs/declaring.md), so none is generated.
const json = fc
  .jsonValue({ maxDepth: 4 })
  .filter((value) => value !== null && !(typeof value === 'string' && /^\s*[[{]/.test(value)));

const scalarValues: Readonly<Record<ScalarName, fc.Arbitrary<unknown>>> = {
  ID: fc.string({ unit: 'binary' }),
  String: fc.string({ unit: 'binary' }),
  Int: fc.integer(),
  BigInt: long.map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value)),
  Float: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  Boolean: fc.boolean(),
  DateTime: moment,
  Date: moment.map((text) => text.slice(0, 10)),
  Time: moment.map((text) => text.slice(11, 19)),
  Decimal: decimal,
  Bytes: fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
  JSON: json.map((value) => JSON.parse(JSON.stringify(value))),
};

const leaf: fc.Arbitrary<Typed> = fc
  .constantFrom(...(Object.keys(scalarValues) as ScalarName[]))
  .map((name) => ({ type: { kind: 'scalar', name }, value: scalarValues[name] }));

const column = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/) },
  { weight: 1, arbitrary: fc.constantFrom('constructor', 'toString', 'valueOf', '__proto__', 'hasOwnProperty') },
);

const nameOf = (at: number): string => (at === 0 ? 'constructor' : `field${at}`);

const { object } = fc.letrec<{ typed: Typed; object: Typed & { fields: readonly Field[] } }>((tie) => ({
  typed: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('list') as fc.Arbitrary<Typed>,
    tie('object'),
  ),
  list: (tie('typed') as fc.Arbitrary<Typed>).chain((item) =>
    fc.boolean().map((itemRequired) => ({
      type: { kind: 'list', of: item.type, itemRequired } satisfies FieldType,
      value: fc.array(itemRequired ? item.value : fc.option(item.value), { maxLength: 4 }),
    })),
  ),
  object: fc
    .uniqueArray(fc.record({ column, required: fc.boolean(), typed: tie('typed') as fc.Arbitrary<Typed> }), {
      selector: (member) => member.column,
      minLength: 1,
      maxLength: 5,
    })
    .map((members) => {
      const fields = members.map((member, at) =>
        field(nameOf(at), member.typed.type, { column: member.column, required: member.required }),
      );
      const values = members.map(({ required, typed: { value } }, at) => [
        nameOf(at),
        required ? value : fc.option(value),
      ]);
      return {
        fields,
        type: { kind: 'object', type: { name: 'Generated', description: null, fields } } satisfies FieldType,
        value: fc.record(Object.fromEntries(values) as Record<string, fc.Arbitrary<unknown>>),
      };
    }),
}));

const typedNode = object.chain(({ fields, value }) =>
  value.map((node) => ({ fields, node: node as Record<string, unknown> })),
);

describe('any declared type', () => {
  it('gives back every node that it wrote', () => {
    fc.assert(
      fc.property(typedNode, ({ fields, node }) => {
        const codec = createCodec(stream(fields));
        expect(codec.decode(codec.encode(node))).toEqual({ ok: true, node: node });
      }),
      { numRuns: 300 },
    );
  });

  it('writes JSON that any other reader understands', () => {
    fc.assert(
      fc.property(typedNode, ({ fields, node }) => {
        JSON.parse(createCodec(stream(fields)).encode(node).toString());
      }),
      { numRuns: 100 },
    );
  });

  it('never throws, whatever JSON the record holds', () => {
    fc.assert(
      fc.property(
        object,
        fc.json({ maxDepth: 4 }),
        fc.array(fc.jsonValue({ maxDepth: 3 })),
        ({ fields }, any, values) => {
          const codec = createCodec(stream(fields));
          codec.decode(Buffer.from(any));
          const record = Object.fromEntries(fields.map(({ column: name }, at) => [name, values[at]]));
          const decoded = codec.decode(Buffer.from(JSON.stringify(record)));
          if (!decoded.ok) expect(decoded.fault.reason).toMatch(/^field `/);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('never throws, whatever bytes the record holds', () => {
    fc.assert(
      fc.property(object, fc.uint8Array(), ({ fields }, bytes) => {
        expect(createCodec(stream(fields)).decode(Buffer.from(bytes)).ok).toBe(false);
      }),
    );
  });
});

describe('any key', () => {
  const keyValues = object.filter(({ fields }) =>
    fields.every((member) => member.type.kind === 'scalar' && member.type.name !== 'JSON'),
  );

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(
        keyValues.chain(({ fields, value }) =>
          value.map((node) => ({ fields, node: node as Record<string, unknown> })),
        ),
        ({ fields, node }) => {
          const codec = createCodec(stream(fields, { key: fields }));
          const key = codec.encodeKey(node);
          if (key !== null) expect(codec.decodeKey(key)).toEqual(node);
        },
      ),
    );
  });
});
