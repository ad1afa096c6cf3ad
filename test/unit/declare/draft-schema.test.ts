import avsc from 'avsc';
import { describe, expect, it } from 'vitest';
import { compareSchemas, type RegisteredSchema } from '#codec';
import { parseModel } from '#model';
import { nameDeclaration } from '../../../src/declare/declaration.ts';
import { draftSchema } from '../../../src/declare/draft-schema.ts';
import { NamesTaken } from '../../../src/declare/names.ts';
import { printDeclaration } from '../../../src/declare/print-declaration.ts';

const facts = { topic: 'readings', partitions: 1, cleanup: 'DELETE', retentionMs: null } as const;

/** How a topic is declared by its schema; what cannot be is told instead. */
function by(type: RegisteredSchema['type'], text: string, references: RegisteredSchema['references'] = []): string {
  const draft = draftSchema({ type, text, references });
  if (!draft.ok) return draft.reason;
  const declaration = printDeclaration(nameDeclaration(facts, draft.records, new NamesTaken([], [])));
  const parsed = parseModel([{ file: 'readings.graphql', text: declaration }]);
  // The codec, which reads the records, must see the schema as the declaration does.
  for (const source of parsed.ok ? parsed.model.sources : []) {
    expect(compareSchemas(source, { type, text, references })).toEqual([]);
  }
  expect(parsed.ok ? [] : parsed.faults).toEqual([]);
  return declaration;
}

const avro = (fields: readonly unknown[]) => JSON.stringify({ type: 'record', name: 'R', namespace: 'n', fields });

describe('an Avro schema', () => {
  it('gives each type its own, docs as descriptions, and what may be null is optional', () => {
    const text = by(
      'AVRO',
      avro([
        { name: 'i', type: 'int', doc: 'An int.' },
        { name: 'l', type: 'long' },
        { name: 'd', type: ['null', 'double'] },
        { name: 's', type: { type: 'string' } },
        { name: 'b', type: 'bytes' },
        { name: 'at', type: { type: 'long', logicalType: 'timestamp-micros' } },
        { name: 'day', type: { type: 'int', logicalType: 'date' } },
        { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
        { name: 'tags', type: { type: 'array', items: ['null', 'string'] } },
      ]),
    );
    expect(text).toContain('type Reading @stream(topic: "readings", format: AVRO, partitions: 1)');
    expect(text).toContain(
      '  "An int."\n  i: Int!\n  l: BigInt!\n  d: Float\n  s: String!\n  b: Bytes!\n  at: DateTime!\n  day: Date!\n  price: Decimal!\n  tags: [String]!\n',
    );
  });

  it('declares what it names once, and reads names in their namespaces and from references', () => {
    const place = { type: 'record', name: 'Place', fields: [{ name: 'hall', type: 'int' }] };
    const references = [{ name: 'n.Kind', text: '{"type":"enum","name":"n.Kind","symbols":["A","B"]}' }];
    const text = by(
      'AVRO',
      avro([
        { name: 'from', type: place },
        { name: 'to', type: 'Place' },
        { name: 'kind', type: 'Kind' },
      ]),
      references,
    );
    expect(text).toContain('from: ReadingPlace!\n  to: ReadingPlace!\n  kind: ReadingKind!');
    expect(text.match(/type ReadingPlace/g)).toHaveLength(1);
    expect(text).toContain('enum ReadingKind {\n  A\n  B\n}');
  });

  it('declares as JSON what has no type, and says so', () => {
    const text = by(
      'AVRO',
      avro([
        { name: 'a', type: 'int' },
        { name: 'next', type: ['null', 'R'] },
        { name: 'either', type: ['int', 'string'] },
      ]),
    );
    expect(text).toContain('# the record n.R, which contains itself\n  next: JSON\n');
    expect(text).toContain('# a union of several types\n  either: JSON!\n');
    expect(text).toContain('a: Int!');
  });

  it('that is no record is refused', () => {
    expect(by('AVRO', '"string"')).toBe('its Avro schema is no record');
  });

  it('takes a schema as avsc prints it', () => {
    const type = avsc.Type.forValue({ a: 1, b: 'x', c: [true] });
    expect(by('AVRO', JSON.stringify(type.schema()))).toMatch(/a: Int!\n {2}b: String!\n {2}c: \[Boolean!\]!/);
  });
});

describe('a Protobuf schema', () => {
  it('gives the first message of the file, with its enums, nested messages and comments', () => {
    const text = by(
      'PROTOBUF',
      `syntax = "proto3"; package n;
      import "google/protobuf/timestamp.proto";
      // What a sensor says.
      message Reading { string sensor_id = 1; // Which sensor.
        int32 i = 2; int64 l = 3; optional double d = 4; repeated string tags = 5; bool on = 6; bytes raw = 7;
        google.protobuf.Timestamp at = 8; Place place = 9; Kind kind = 10;
        enum Kind { UNKNOWN = 0; FINE = 1; } }
      message Place { int32 hall = 1; }`,
    );
    expect(text).toContain('"What a sensor says."\ntype Reading @stream(topic: "readings", format: PROTOBUF');
    expect(text).toContain(
      '  "Which sensor."\n  sensorId: ID!\n  i: Int!\n  l: BigInt!\n  d: Float\n  tags: [String!]!\n',
    );
    expect(text).toContain('at: DateTime\n  place: ReadingPlace\n  kind: ReadingKind!');
    expect(text).toContain('enum ReadingKind {\n  UNKNOWN\n  FINE\n}');
  });

  it('makes optional what keeps track of whether it is there: messages, wrappers, and the fields of a oneof', () => {
    const text = by(
      'PROTOBUF',
      `syntax = "proto3"; import "google/protobuf/wrappers.proto";
      message Reading { Place place = 1; google.protobuf.StringValue note = 2; oneof of { int32 a = 3; Place b = 4; }
        repeated Place all = 5; int32 plain = 6; }
      message Place { int32 hall = 1; Deep deep = 2; } message Deep { int32 n = 1; }`,
    );
    const fields =
      'place: ReadingPlace\n  note: String\n  a: Int\n  b: ReadingPlace\n  all: [ReadingPlace!]!\n  plain: Int!';
    expect(text).toContain(fields);
    expect(text).toContain('hall: Int!\n  deep: ReadingDeep\n');
  });

  it('that cannot be parsed is said', () => {
    expect(by('PROTOBUF', 'message {')).toMatch(/^its Protobuf schema is not understood/);
  });
});

describe('a JSON Schema', () => {
  it('gives properties their types, with formats, enums, references and what is required', () => {
    const text = by(
      'JSON',
      JSON.stringify({
        type: 'object',
        description: 'What a sensor says.',
        required: ['id', 'place', 'n'],
        definitions: { place: { type: 'object', properties: { hall: { type: 'integer', minimum: 0, maximum: 9 } } } },
        properties: {
          id: { type: 'string', description: 'Which.' },
          at: { type: ['string', 'null'], format: 'date-time' },
          state: { enum: ['FINE', 'WORN'], type: 'string' },
          place: { $ref: '#/definitions/place' },
          tags: { type: 'array', items: { type: 'string' } },
          n: { oneOf: [{ type: 'null' }, { type: 'integer' }] },
          any: {},
        },
      }),
    );
    expect(text).toContain('"What a sensor says."\ntype Reading @stream(topic: "readings", format: JSON_SCHEMA');
    expect(text).toContain('  "Which."\n  id: ID!\n  at: DateTime\n  state: ReadingState\n  place: ReadingPlace!\n');
    expect(text).toContain('tags: [String!]\n  n: BigInt\n  # any value\n  any: JSON\n');
    expect(text).toContain('type ReadingPlace {\n  hall: Int\n}');
  });

  it('that refers to itself for ever is cut', () => {
    const text = by(
      'JSON',
      '{"type":"object","properties":{"a":{"$ref":"#"},"l":{"type":"array","items":{"$ref":"#/properties/l"}},"x":{"$ref":"#/properties/x"}}}',
    );
    expect(text).toContain('x: JSON');
  });
});
