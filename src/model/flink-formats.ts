import type { Report } from './place.ts';
import { usesRegistry } from './registry-use.ts';
import { isTable, type Source } from './types.ts';

/** Why Flink cannot read a source's records, whatever jars it has, as a clause; null when it can. */
export function flinkRefuses(source: Source): string | null {
  // Only a table's key is read.
  if (isTable(source) && source.keyFormat === 'AVRO') return 'Flink cannot make a primary key of a key of format AVRO';
  return null;
}

/** Why a stream of format PROTOBUF has no table, as a clause. */
export const withoutSluiceJar =
  "Flink's own format for Protobuf needs compiled classes and does not know the registry's bytes before the message, and this Flink is not known to have Sluice's (`npx sluice flink-jar` writes its jar, FLINK_SLUICE_JAR=true says that it is there)";

/** What to do where Flink cannot read a stream. */
export const readableFormats = 'Declare the stream with format AVRO, JSON_SCHEMA or JSON where SQL is to read it';

/**
 * Why SQL cannot write to a source, for people; null when it can. Flink would register a schema of its own making in the
 * subject of a topic in Avro, and cannot write the bytes of a registry before anything else.
 */
export function refuseSink(source: Source): string | null {
  if (!usesRegistry(source)) return null;
  const format = source.keyFormat === 'AVRO' && source.key.length > 0 ? `keyFormat AVRO` : `format ${source.format}`;
  const what = `"${source.topic}" has ${format}, which Flink cannot write with a schema registry`;
  return `${what}. Produce with the API, or write to a stream of format JSON.`;
}

/** Reports each view that reads what Flink cannot. */
export function checkFlinkFormats(sources: readonly Source[], report: Report): void {
  const byTopic = new Map(sources.map((source) => [source.topic, source]));
  for (const view of sources) {
    if (view.kind !== 'view') continue;
    for (const topic of view.reads) {
      const read = byTopic.get(topic);
      const why = read && flinkRefuses(read);
      if (!why) continue;
      report(view.sqlPlace, `The SQL reads "${topic}", but ${why}. ${readableFormats}.`);
    }
  }
}
