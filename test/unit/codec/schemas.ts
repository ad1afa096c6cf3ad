import { createCodec, declaredSchema, type NumberedSchema, type RegisteredSchema, type Schemas } from '#codec';
import type { Source } from '#model';

/** The schemas of a registry that knows these, numbered from 1; the last is what new records are written with. */
export function schemasOf(...known: readonly RegisteredSchema[]): Schemas {
  const numbered = known.map((schema, at): NumberedSchema => ({ id: at + 1, schema }));
  const writer = numbered.at(-1) ?? null;
  return { byId: (id) => known[id - 1], writer, keyWriter: writer };
}

/** An Avro record of these fields, given as Avro's own JSON has them. */
export function avroRecord(fields: readonly unknown[], name = 'Thing'): RegisteredSchema {
  return { type: 'AVRO', text: JSON.stringify({ type: 'record', name, fields }), references: [] };
}

/** A `.proto` file. */
export function proto(text: string, references: RegisteredSchema['references'] = []): RegisteredSchema {
  return { type: 'PROTOBUF', text, references };
}

/** The codec of a source whose subject has the schema that it declares. */
export function declaredCodec(source: Source) {
  return createCodec(source, schemasOf(declaredSchema(source)));
}

/** A value in the frame. */
export function framed(id: number, content: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(id, 1);
  return Buffer.concat([header, content]);
}
