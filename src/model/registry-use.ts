import type { Source } from './types.ts';

/** Whether a source's records are written with schemas of a schema registry. */
export function usesRegistry({ format, key, keyFormat }: Source): boolean {
  return (
    format === 'AVRO' || format === 'PROTOBUF' || format === 'JSON_SCHEMA' || (key.length > 0 && keyFormat === 'AVRO')
  );
}
