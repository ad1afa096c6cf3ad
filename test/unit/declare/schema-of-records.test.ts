import { describe, expect, it } from 'vitest';
import type { RegisteredSchema } from '#codec';
import { schemaOfRecords } from '#declare';
import { framed } from '../../support/fake-registry.ts';

const schema = (type: RegisteredSchema['type'], text: string): RegisteredSchema => ({ type, text, references: [] });
const avro = (name: string, fields: readonly object[] = []) =>
  schema('AVRO', JSON.stringify({ type: 'record', name, namespace: 'org.plant', fields }));
const proto = schema(
  'PROTOBUF',
  'syntax = "proto3"; package plant; message A { int32 a = 1; } message B { int32 b = 1; }',
);
const known = new Map([
  [1, avro('Reading')],
  [2, avro('Reading', [{ name: 'a', type: 'int', default: 0 }])],
  [3, avro('other.Place')],
  [4, schema('JSON', '{ "title": "Order" }')],
  [5, schema('JSON', '{}')],
  [6, proto],
  [7, schema('AVRO', 'no schema')],
]);
const of = (...values: readonly (Buffer | null)[]) => schemaOfRecords(values, (id) => known.get(id));
const record = (id: number, ...body: readonly number[]) => framed(id, Buffer.from(body));

describe('the schema of records whose topic has no subject', () => {
  it('is the newest version of the one type that they name', () => {
    const found = of(record(1), record(2), null, record(1));
    expect(found.types).toEqual(['org.plant.Reading']);
    expect(found.schema).toEqual({ id: 2, schema: known.get(2) });
  });

  it('is none when they name several types, which are told', () => {
    expect(of(record(1), record(3), record(4))).toEqual({
      schema: null,
      types: ['Order', 'org.plant.Reading', 'other.Place'],
    });
    expect(of(record(5), record(7)).types).toEqual(['a type without a name (AVRO)', 'a type without a name (JSON)']);
  });

  it('tells the messages of one Protobuf file apart by the index behind the id', () => {
    expect(of(record(6, 0, 8, 1), record(6, 0))).toMatchObject({ schema: { id: 6 }, types: ['plant.A'] });
    expect(of(record(6, 0, 8, 1), record(6, 2, 2, 8, 1)).types).toEqual([
      'another message in the file of plant.A',
      'plant.A',
    ]);
  });

  it('is none when most of them name no schema that there is: bytes may look like an id by chance', () => {
    const nothing = { schema: null, types: [] };
    expect(of()).toEqual(nothing);
    expect(of(record(9), record(9), record(1))).toEqual(nothing);
    expect(of(record(1), Buffer.from('{}'))).toEqual(nothing);
    expect(of(Buffer.of(0, 0, 0, 1))).toEqual(nothing);
  });
});
