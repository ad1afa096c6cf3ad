import { declaredSchema, planProtobuf } from '#codec';
import type { Config } from '#config';
import { type Model, type RegistryReading, sessionProperties, sessionStatements, toDdl } from '#model';

/** What the local stack listens on, for who names no brokers and no registry. */
const localBrokers = '127.0.0.1:9092';
const localRegistry = 'http://127.0.0.1:8085/apis/ccompat/v7';

/**
 * The Flink SQL of what is declared, as a script for any SQL client of Flink: the settings under which the tables mean
 * what the declaration says, then the tables. Connects to nothing; user, password and token are not in it.
 */
export function printDdl(model: Model, { clusters, registry: settings }: Config): string {
  const { kafkaBrokers, flink } = clusters.kind === 'local' ? { kafkaBrokers: localBrokers, flink: null } : clusters;
  const bootstrapServers = flink?.kafkaBrokers ?? kafkaBrokers;
  const registry: RegistryReading = {
    registryUrl: settings.flinkUrl ?? settings.url ?? localRegistry,
    settings: {},
    hasSluiceJar: clusters.kind === 'local' || (flink?.hasSluiceJar ?? false),
    schemaOf: (source) => {
      const schema = declaredSchema(source);
      return schema.type === 'PROTOBUF' ? { text: JSON.stringify(planProtobuf(schema, source)) } : schema;
    },
    revision: () => 0,
  };
  const session = Object.entries(sessionProperties()).map(([name, value]) => `SET '${name}' = '${value}'`);
  const tables = toDdl(model, { bootstrapServers, registry }).flatMap(({ statements }) => statements);
  return [...session, ...sessionStatements, ...tables].map((statement) => `${statement};\n`).join('\n');
}
