import type { Logger } from 'pino';
import { declaredSchema, planProtobuf, type RegisteredSchema, type Schemas } from '#codec';
import type { Config } from '#config';
import { messageOf, SluiceError } from '#errors';
import type { PrepareRecords } from '#feed';
import {
  type MissingTable,
  type Model,
  type RegistryReading,
  type SchemaText,
  type Source,
  usesRegistry,
} from '#model';
import { openRegistry, type Registry, registryOptions } from '#registry';
import type { RunningClusters } from './clusters.ts';

/** The schemas of the declared streams, as the other parts need them. */
export interface SchemaRegistry {
  /** By topic; streams that need no registry are not in it. */
  readonly schemas: ReadonlyMap<string, Schemas>;
  /** What must be done before a topic's records are decoded. */
  readonly prepares: ReadonlyMap<string, PrepareRecords>;
  /** How Flink reads these streams; null when there are none. */
  readonly flinkReading: RegistryReading | null;
  /** What is wrong with a stream's schemas at present, for people; null: nothing, or it has none. */
  troubleOf(source: Source): string | null;
  /** What others may write by a stream's schemas that would not decode, for people; null: nothing, or it has none. */
  noteOf(source: Source): string | null;
  close(): Promise<void>;
}

/**
 * Opens the schema registry that declarations need and holds them against it, for a bounded time. Rejects with
 * `BAD_CONFIG` when there is none to use.
 */
export async function openSchemaRegistry(
  config: Config,
  { model, clusters, logger }: { readonly model: Model; readonly clusters: RunningClusters; readonly logger: Logger },
): Promise<SchemaRegistry> {
  const users = model.sources.filter(usesRegistry);
  if (users.length === 0) {
    return {
      schemas: new Map(),
      prepares: new Map(),
      flinkReading: null,
      troubleOf: () => null,
      noteOf: () => null,
      close: () => Promise.resolve(),
    };
  }
  if (clusters.registry === null) throw noRegistry(users);
  const { url, flinkUrl } = clusters.registry;
  const { mode, username, password, token, caFile, certFile, keyFile } = config.registry;
  const settings = registryOptions.parse({ url, mode, username, password, token, caFile, certFile, keyFile });
  const registry = await openRegistry({ settings, sources: users, logger });
  await registry.settle();
  const prepares = new Map<string, PrepareRecords>(
    [...registry.schemas].map(([topic, schemas]) => [topic, (records) => schemas.prepare(records)]),
  );
  return {
    schemas: registry.schemas,
    prepares,
    flinkReading: {
      registryUrl: flinkUrl,
      settings: flinkSettings(config),
      hasSluiceJar: clusters.flink?.hasSluiceJar ?? false,
      schemaOf: (source) => schemaForFlink(source, registry),
      revision: () => [...registry.schemas.values()].reduce((sum, { revision }) => sum + revision, 0),
    },
    troubleOf: ({ topic }) => registry.schemas.get(topic)?.trouble ?? null,
    noteOf: ({ topic }) => registry.schemas.get(topic)?.note ?? null,
    close: () => registry.close(),
  };
}

function noRegistry(users: readonly Source[]): SluiceError {
  const list = users.map(({ typeName, format, keyFormat }) =>
    format === 'JSON' || format === 'RAW' ? `${typeName} (keyFormat: ${keyFormat})` : `${typeName} (format: ${format})`,
  );
  return new SluiceError(
    'BAD_CONFIG',
    `A schema registry is needed by ${list.join(', ')}. Set SLUICE_REGISTRY_URL, or declare another format.`,
  );
}

/** How Flink logs in. Its TLS needs Java's key stores: what the registry's certificate is signed by is for Flink's own set-up. */
function flinkSettings({ registry: { username, password, token } }: Config): Readonly<Record<string, string>> {
  if (token !== null) {
    return { 'bearer-auth.credentials-source': 'STATIC_TOKEN', 'bearer-auth.token': token };
  }
  if (username === null) return {};
  return { 'basic-auth.credentials-source': 'USER_INFO', 'basic-auth.user-info': `${username}:${password ?? ''}` };
}

/**
 * What is registered, so that Flink sees the fields as they are written; what is declared, where nothing is registered
 * under the topic's name.
 */
function schemaForFlink(source: Source, registry: Registry): SchemaText | MissingTable {
  const schemas = registry.schemas.get(source.topic);
  const latest = schemas?.latest;
  if (latest === undefined) {
    return { reason: schemas?.problem ?? 'the schema registry was not asked', mayCome: true };
  }
  try {
    return toSchemaText(source, latest ?? declaredSchema(source));
  } catch (thrown) {
    // What is registered, or declared, does not fit.
    return { reason: messageOf(thrown), mayCome: false };
  }
}

function toSchemaText(source: Source, schema: RegisteredSchema): SchemaText | MissingTable {
  const never = (reason: string) => ({ reason, mayCome: false });
  if (schema.type !== source.format) {
    return never(`the schema registry has a schema of type ${schema.type} for it, none of type ${source.format}`);
  }
  if (source.format === 'PROTOBUF') return { text: JSON.stringify(planProtobuf(schema, source)) };
  if (schema.references.length > 0) return never('its Avro schema refers to others, which Flink does not look for');
  return schema;
}
