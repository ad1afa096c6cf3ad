import { declaredSchema } from '#codec';
import type { Config } from '#config';
import { type AvroReading, type Model, sessionProperties, sessionStatements, toDdl } from '#model';

/** What the local stack listens on, for who names no brokers and no registry. */
const localBrokers = '127.0.0.1:9092';
const localRegistry = 'http://127.0.0.1:8085/apis/ccompat/v7';

/**
 * The Flink SQL of what is declared, as a script for any SQL client of Flink: the settings under which the tables mean
 * what the declaration says, then the tables. Connects to nothing; user, password and token are not in it.
 */
export function printDdl(model: Model, { clusters, registry }: Config): string {
  const { kafkaBrokers, flink } = clusters.kind === 'local' ? { kafkaBrokers: localBrokers, flink: null } : clusters;
  const bootstrapServers = flink?.kafkaBrokers ?? kafkaBrokers;
  const registryUrl = registry.flinkUrl ?? registry.url ?? localRegistry;
  const avro: AvroReading = {
    registryUrl,
    settings: {},
    schemaOf: (source) => {
      const schema = declaredSchema(source);
      return schema.type === 'AVRO' ? schema : { reason: 'it is not in Avro', mayCome: false };
    },
    revision: () => 0,
  };
  const settings = Object.entries(sessionProperties()).map(([name, value]) => `SET '${name}' = '${value}'`);
  const tables = toDdl(model, { bootstrapServers, avro }).flatMap(({ statements }) => statements);
  return [...settings, ...sessionStatements, ...tables].map((statement) => `${statement};\n`).join('\n');
}
