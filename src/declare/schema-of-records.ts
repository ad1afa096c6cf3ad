import type { NumberedSchema, RegisteredSchema, Schemas } from '#codec';
import { schemaTypeName } from './schema-type-name.ts';

/** What the schema ids of a topic's values, or of its keys, amount to. */
export interface RecordSchemas {
  /** The newest schema of the one type that there is; null: there is none, or there are several. */
  readonly schema: NumberedSchema | null;
  /** What the types are called, each once, in the order of their names. */
  readonly types: readonly string[];
}

/** A zero, and the schema's id in four bytes (Confluent's wire format). */
const framingBytes = 5;
const magicByte = 0;

/** The ids that records carry, in their order. What does not look like one carries none. */
export function schemaIdsOf(values: readonly (Buffer | null)[]): readonly number[] {
  return values.flatMap((value) => {
    const id = value === null ? null : schemaIdOf(value);
    return id === null ? [] : [id];
  });
}

/**
 * Finds the schema of records whose topic has no subject (RecordNameStrategy, TopicRecordNameStrategy): by the ids that
 * they carry. Bytes may look like an id by chance: most of the records must name a schema that there is.
 */
export function schemaOfRecords(values: readonly (Buffer | null)[], byId: Schemas['byId']): RecordSchemas {
  const present = values.filter((value) => value !== null);
  const found = present.flatMap((value) => {
    const id = schemaIdOf(value);
    const schema = id === null ? undefined : byId(id);
    if (id === null || schema === undefined || schema.type === 'FAULT') return [];
    return [{ id, schema, type: typeOf(value, schema) }];
  });
  if (found.length * 2 <= present.length) return { schema: null, types: [] };
  const types = [...new Set(found.map(({ type }) => type))].toSorted();
  // A registry counts up: of several versions the one with the highest id is the newest.
  const newest = found.reduce((best, one) => (one.id > best.id ? one : best));
  return { schema: types.length === 1 ? { id: newest.id, schema: newest.schema } : null, types };
}

function schemaIdOf(value: Buffer): number | null {
  return value.length >= framingBytes && value[0] === magicByte ? value.readUInt32BE(1) : null;
}

function typeOf(value: Buffer, schema: RegisteredSchema): string {
  const name = schemaTypeName(schema) ?? `a type without a name (${schema.type})`;
  // After the id a record in Protobuf names its message within the file; 0 is the first one.
  const isFirst = schema.type !== 'PROTOBUF' || value[framingBytes] === 0;
  return isFirst ? name : `another message in the file of ${name}`;
}
