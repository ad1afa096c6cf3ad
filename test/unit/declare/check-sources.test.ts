import { describe, expect, it } from 'vitest';
import type { RegisteredSchema, Side } from '#codec';
import { checkSchema, type RegisteredTopic } from '#declare';
import { parseModel } from '#model';

const text = 'type Reading @stream(topic: "readings", format: AVRO, key: ["sensor"], keyFormat: AVRO) { sensor: ID! }';
const parsed = parseModel([{ file: 'schema/readings.graphql', text }]);
const [source] = parsed.ok ? parsed.model.sources : [];
if (!source) throw new Error('There is no source.');

function avro(type: string): RegisteredSchema {
  const fields = [{ name: 'sensor', type }];
  return { type: 'AVRO', text: JSON.stringify({ type: 'record', name: 'Reading', fields }), references: [] };
}

/** A topic whose records name schema 7. */
function found(
  subjects: readonly Side[],
  schema: RegisteredSchema | null,
  recordTypes: string[] = [],
): RegisteredTopic {
  const numbered = schema && { id: 7, schema };
  const schemas = { byId: () => undefined, writer: numbered, keyWriter: numbered };
  return { value: numbered, recordTypes, subjects: new Set(subjects), schemas };
}

const check = (side: Side, registered: RegisteredTopic | string | null) =>
  checkSchema(source, side, registered).map(({ level, subject, message }) => `${level} ${subject}: ${message}`);

describe.each([
  ['VALUE', 'readings-value'],
  ['KEY', 'readings-key'],
] as const)('the check of a declaration against the schema registry, %s', (side, subject) => {
  it('finds nothing where the subject fits, and each difference where it does not', () => {
    expect(check(side, found([side], avro('string')))).toEqual([]);
    expect(check(side, found([side], avro('boolean')))).toEqual([expect.stringContaining(`fault ${subject}: `)]);
  });

  it('notes a missing subject when the records name a schema, which it compares in its place', () => {
    const note = `note ${subject}: the registry has no such subject, which only producing through the gateway needs; records name schema 7`;
    expect(check(side, found([], avro('string')))).toEqual([note]);
    expect(check(side, found([], avro('boolean')))).toEqual([note, expect.stringContaining(`fault ${subject}: `)]);
  });

  it('finds a fault where nothing is known, or the registry cannot tell', () => {
    const missing = `fault ${subject}: the registry has no such subject`;
    expect(check(side, null)).toEqual([missing]);
    expect(check(side, found([], null))).toEqual([missing]);
    expect(check(side, 'It is away.')).toEqual([`fault ${subject}: It is away.`]);
  });
});

describe('the check of a topic without a subject', () => {
  it('notes that its records are of several types', () => {
    expect(check('VALUE', found([], null, ['A', 'B']))).toEqual([
      expect.stringMatching(/^note readings-value: .*records are of several types: A, B$/),
    ]);
  });
});
