import { SluiceError } from '#errors';
import type { Source } from '#model';
import { declaredAvro } from './declared-avro.ts';
import { declaredJsonSchema } from './declared-json-schema.ts';
import { declaredProtobuf } from './declared-protobuf.ts';
import type { RegisteredSchema, Side } from './types.ts';
import { Unmapped } from './unmapped.ts';

/**
 * The schema that a declaration amounts to, to be registered for a topic that has none. Throws `BAD_DECLARATION` for
 * what the format cannot say, and for a side without a schema (see {@link hasSchema}).
 */
export function declaredSchema(source: Source, side: Side = 'VALUE'): RegisteredSchema {
  if (!hasSchema(source, side)) {
    throw new SluiceError('BAD_DECLARATION', `${source.typeName}: the ${side.toLowerCase()} has no registered schema.`);
  }
  try {
    if (side === 'KEY') return declaredAvro(source, side);
    if (source.format === 'AVRO') return declaredAvro(source, side);
    return source.format === 'PROTOBUF' ? declaredProtobuf(source) : declaredJsonSchema(source);
  } catch (thrown) {
    if (!(thrown instanceof Unmapped)) throw thrown;
    const what = `${source.typeName} cannot be written as ${side === 'KEY' ? 'AVRO' : source.format}`;
    throw new SluiceError('BAD_DECLARATION', `${what}: ${thrown.message}.`, { cause: thrown });
  }
}

/** Whether this side of a source's records is written with a registered schema. */
export function hasSchema(source: Source, side: Side = 'VALUE'): boolean {
  if (side === 'KEY') return source.key.length > 0 && source.keyFormat === 'AVRO';
  return source.format === 'AVRO' || source.format === 'PROTOBUF' || source.format === 'JSON_SCHEMA';
}
