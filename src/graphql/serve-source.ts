import { createCodec } from '#codec';
import { createRecordDecoder } from '#feed';
import { createStreamDdl, isTable, type Source } from '#model';
import type { ServedSource } from './gateway.ts';

/** What is needed to serve a declared stream or view. */
export function serveSource(source: Source): ServedSource {
  const codec = createCodec(source);
  const decode = createRecordDecoder(codec, isTable(source));
  const { topic, plural: field, fields, key } = source;
  const table = isTable(source) ? { table: { key, decodeKey: codec.decodeKey } } : {};
  return { source, codec, ddl: createStreamDdl(source), feed: { topic, field, fields, decode, ...table } };
}
