import type { RegisteredSchema } from '#codec';
import type { Format } from '#model';
import { readAvro } from './avro-shape.ts';
import type { DraftedRecords } from './declaration.ts';
import { readJsonSchema } from './json-schema-shape.ts';
import { readProtobuf } from './protobuf-shape.ts';
import { type ObjectShape, Undeclarable } from './shape.ts';

/** Of each kind of schema: what the format is called in a declaration, and who reads it. */
const readers: Readonly<
  Record<
    RegisteredSchema['type'],
    { readonly format: Format; readonly read: (schema: RegisteredSchema) => ObjectShape }
  >
> = {
  AVRO: { format: 'AVRO', read: readAvro },
  PROTOBUF: { format: 'PROTOBUF', read: readProtobuf },
  JSON: { format: 'JSON_SCHEMA', read: readJsonSchema },
};

/** What a registered schema amounts to, or why it cannot be declared. */
export type SchemaDraft =
  | { readonly ok: true; readonly records: DraftedRecords }
  | { readonly ok: false; readonly reason: string };

/** Reads the schema of a topic's values. */
export function draftSchema(schema: RegisteredSchema): SchemaDraft {
  const { format, read } = readers[schema.type];
  try {
    const { name: _, ...type } = read(schema);
    return { ok: true, records: { format, type: { ...type, name: null }, remarks: [] } };
  } catch (thrown) {
    if (thrown instanceof Undeclarable) return { ok: false, reason: thrown.message };
    throw thrown;
  }
}
