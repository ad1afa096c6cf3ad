import type { Report } from './place.ts';
import { isTable, type Source } from './types.ts';

/** Why Flink cannot read a source's records; null when it can. */
export function flinkRefuses(source: Source): string | null {
  const { format, keyFormat } = source;
  if (format === 'PROTOBUF') {
    return "Flink has no format for Protobuf with a schema registry: its own needs compiled classes, and does not know the registry's bytes before the message";
  }
  if (format === 'JSON_SCHEMA') {
    return "Flink has no format for JSON with a schema registry: its own does not know the registry's bytes before the text";
  }
  // Only a table's key is read.
  if (isTable(source) && keyFormat === 'AVRO') return 'Flink cannot make a primary key of a key of format AVRO';
  return null;
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
      const hint = 'Declare the stream with format AVRO or JSON where a view is to read it.';
      report(view.sqlPlace, `The SQL reads "${topic}", but ${why}. ${hint}`);
    }
  }
}
