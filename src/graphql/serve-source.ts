import { createCodec } from '#codec';
import { createRecordDecoder } from '#feed';
import { createStreamDdl, isTable, type Source } from '#model';
import type { ServedSource } from './gateway.ts';

/** What is needed to serve a declared stream or view. */
export function serveSource(source: Source): ServedSource {
  const codec = createCodec(source);
  const decode = createRecordDecoder(codec, isTable(source));
  return { source, codec, ddl: createStreamDdl(source), feed: { topic: source.topic, field: source.plural, decode } };
}
