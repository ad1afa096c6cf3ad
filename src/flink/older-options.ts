import { dropStatements, type SourceDdl } from '#model';
import { faultOf } from './flink-errors.ts';

const discovery = 'scan.topic-partition-discovery.interval';
const unsupported = /Unsupported options:\s+([\w.\s-]+?)\s+Supported options:/;
const discoveryOption = /'scan\.topic-partition-discovery\.interval' = '(\d+) s'/;

/**
 * The statements that declare a table anew as the Kafka connector of an older Flink takes it, when that has refused it
 * for want of an option; null when it was refused for something else. The `upsert-kafka` of Flink 1.20 has no option for
 * how often it looks for new partitions, but the property of its source is there.
 */
export function toOlderOptions({ topic, statements }: SourceDdl, thrown: unknown): readonly string[] | null {
  const refused = unsupported.exec(faultOf(thrown)?.message ?? '')?.[1]?.split(/\s+/) ?? [];
  if (refused.length !== 1 || refused[0] !== discovery) return null;
  const toOlder = (_: string, seconds: string) => `'properties.partition.discovery.interval.ms' = '${seconds}000'`;
  return [...dropStatements(topic), ...statements.map((statement) => statement.replace(discoveryOption, toOlder))];
}
