import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareSchemas, declaredSchema } from '#codec';
import type { Field, FieldType, ScalarName } from '#model';
import { field, stream } from './declared.ts';
import { declaredCodec } from './schemas.ts';

const formats = ['AVRO', 'PROTOBUF', 'JSON_SCHEMA'] as const;
type Format = (typeof formats)[number];

interface Typed {
  readonly type: FieldType;
  readonly value: fc.Arbitrary<unknown>;
}

const moment = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const decimal = fc
  .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 19n - 1n }), fc.bigInt({ min: 0n, max: 10n ** 9n - 1n }))
  .map(([negative, whole, part]) => {
    const fraction = part.toString().padStart(9, '0').replace(/0+$/, '');
    const text = fraction === '' ? whole.toString() : `${whole}.${fraction}`;
    return negative && text !== '0' ? `-${text}` : text;
  });
// What JSON cannot tell apart, a string that is the text of JSON (see docs/declaring.md) and null, is not generated.
const json = fc
  .jsonValue({ maxDepth: 4 })
  .map((value): unknown => JSON.parse(JSON.stringify(value)))
  .filter((value) => value !== null && typeof value !== 'string');

const scalarValues: Readonly<Record<ScalarName, fc.Arbitrary<unknown>>> = {
  ID: fc.string({ unit: 'binary' }),
  String: fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 100 })),
  Int: fc.integer(),
  BigInt: fc
    .oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -(2n ** 56n), max: 2n ** 56n }))
    .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value)),
  Float: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  Boolean: fc.boolean(),
  DateTime: moment,
  Date: moment.map((text) => text.slice(0, 10)),
  Time: moment
    .map((text) => text.slice(11, 23).replace(/\.?0*$/, (zeros) => (zeros.startsWith('.') ? '' : '')))
    .map((text) => (text.length === 8 || text.includes('.') ? text : '00:00:00')),
  Decimal: decimal,
  Bytes: fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  JSON: json,
};

const enumType = (name: string): Typed => ({
  type: {
    kind: 'enum',
    type: { name, description: null, values: ['OPEN', 'CLOSED'].map((value) => ({ name: value, description: null })) },
  },
  value: fc.constantFrom('OPEN', 'CLOSED'),
});

const leaf: fc.Arbitrary<Typed> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom(...(Object.keys(scalarValues) as ScalarName[])).map((name): Typed => {
      return { type: { kind: 'scalar', name }, value: scalarValues[name] };
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom(enumType('Status'), enumType('OtherStatus')) },
);

let objects = 0;
const column = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/) },
  { weight: 1, arbitrary: fc.constantFrom('toString', 'valueOf', 'hasOwnProperty') },
);

/** Types that the format can say without loss: no nulls and lists in the lists of Protobuf. */
function typesFor(format: Format): fc.Arbitrary<Typed & { readonly fields: readonly Field[] }> {
  const isProto = format === 'PROTOBUF';
  return fc.letrec<{ typed: Typed; object: Typed & { fields: readonly Field[] }; list: Typed }>((tie) => ({
    typed: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('list'), tie('object')),
    list: (isProto ? fc.oneof(leaf, tie('object')) : tie('typed')).chain((item) =>
      (isProto ? fc.constant(true) : fc.boolean()).map((itemRequired) => ({
        type: { kind: 'list', of: item.type, itemRequired } satisfies FieldType,
        value: fc.array(itemRequired ? item.value : fc.option(item.value), { maxLength: 4 }),
      })),
    ),
    object: fc
      .uniqueArray(fc.record({ column, required: fc.boolean(), typed: tie('typed') }), {
        selector: (member) => member.column,
        minLength: 1,
        maxLength: 5,
      })
      .map((members) => {
        const fields = members.map((member, at) =>
          field(at === 0 ? 'constructor' : `field${at}`, member.typed.type, {
            column: member.column,
            required: member.required,
          }),
        );
        // In Protobuf, an absent list is an empty one.
        const values = members.map(({ required, typed: { value, type } }, at) => [
          fields[at]?.name,
          required || (isProto && type.kind === 'list') ? value : fc.option(value),
        ]);
        return {
          fields,
          type: {
            kind: 'object',
            type: { name: `Generated${objects++}`, description: null, fields },
          } satisfies FieldType,
          value: fc.record(Object.fromEntries(values) as Record<string, fc.Arbitrary<unknown>>),
        };
      }),
  })).object;
}

describe.each(formats)('any declared type in %s', (format) => {
  // ajv takes milliseconds to prepare a schema.
  const runs = format === 'JSON_SCHEMA' ? 6 : 40;
  const typedNode = typesFor(format).chain(({ fields, value }) =>
    value.map((node) => ({ source: stream(fields, { format }), node: node as Record<string, unknown> })),
  );

  it('gives back every node that it wrote', () => {
    fc.assert(
      fc.property(typedNode, ({ source, node }) => {
        const codec = declaredCodec(source);
        expect(codec.decode(codec.encode(node))).toEqual({ ok: true, node });
      }),
      { numRuns: runs },
    );
  });

  it('gives back texts of every length, also where the length of what holds them takes more bytes', () => {
    const note: FieldType = {
      kind: 'object',
      type: { name: 'Note', description: null, fields: [field('text', 'String'), field('number', 'Int')] },
    };
    const codec = declaredCodec(stream([field('note', note), field('last', 'Boolean')], { format }));
    for (const unit of ['a', 'é', '𝄞']) {
      for (const length of [...Array(140).keys(), 255, 1023, 1024, 16_383, 16_384, 100_000]) {
        const node = { note: { text: unit.repeat(length), number: length }, last: true };
        expect(codec.decode(codec.encode(node))).toEqual({ ok: true, node });
      }
    }
  });

  it('fits the schema that it is', () => {
    fc.assert(
      fc.property(typesFor(format), ({ fields }) => {
        const source = stream(fields, { format });
        expect(compareSchemas(source, declaredSchema(source))).toEqual([]);
      }),
      { numRuns: runs / 2 },
    );
  });

  it('never throws, whatever bytes stand behind the frame', () => {
    fc.assert(
      fc.property(typesFor(format), fc.uint8Array({ maxLength: 200 }), ({ fields }, bytes) => {
        const codec = declaredCodec(stream(fields, { format }));
        codec.decode(Buffer.concat([Buffer.from([0, 0, 0, 0, 1]), bytes]));
        codec.decode(Buffer.from(bytes));
      }),
      { numRuns: runs },
    );
  });

  it('never throws where a valid record was changed or cut', () => {
    fc.assert(
      fc.property(typedNode, fc.nat(), fc.nat(255), fc.boolean(), ({ source, node }, place, byte, isCut) => {
        const codec = declaredCodec(source);
        const bytes = codec.encode(node);
        const at = place % bytes.length;
        if (!isCut) bytes[at] = byte;
        codec.decode(isCut ? bytes.subarray(0, at) : bytes);
      }),
      { numRuns: runs },
    );
  });
});
