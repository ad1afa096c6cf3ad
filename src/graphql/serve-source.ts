import { createCodec, type Schemas } from '#codec';
import { createRecordDecoder } from '#feed';
import { createStreamDdl, isTable, type Source } from '#model';
import type { ServedSource } from './gateway.ts';

/** What is needed to serve a declared stream or view; `schemas` where its format has a schema registry. */
export function serveSource(source: Source, schemas?: Schemas): ServedSource {
  const codec = createCodec(source, schemas);
  const badRecords = { areReported: source.kind === 'view' || source.onBadRecord === 'REPORT', count: 0 };
  // What becomes a dead letter is counted as that, once; here it may be read many times.
  const hasDeadLetters = source.kind === 'stream' && source.deadLetterTopic !== null;
  const decode = createRecordDecoder(codec, isTable(source), hasDeadLetters ? { ...badRecords } : badRecords);
  const { topic, plural: field, fields, key } = source;
  const table = isTable(source) ? { table: { key, decodeKey: codec.decodeKey } } : {};
  const feed = { topic, field, fields, decode, ...table };
  const inKafka = source.kind === 'stream' && source.redis !== null ? source.into : source;
  return { source, codec, ddl: inKafka && createStreamDdl(inKafka), feed, badRecords };
}
