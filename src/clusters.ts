import type { Logger } from 'pino';
import type { Clusters, Config, FlinkClusters } from '#config';
import type { RestorePoints } from '#jobs';
import { createRestorePoints, type Environment, localOptions, openLocalStack, type Progress } from '#local';
import { type Model, redisPlaceOf, usesRegistry } from '#model';

/** Kafka and Flink as the rest of the gateway sees them, wherever they run. */
export interface RunningClusters {
  readonly kafkaBrokers: string;
  readonly flink: FlinkClusters | null;
  /** The Confluent API of the schema registry, as the gateway and as Flink reach it; null where there is none. */
  readonly registry: { readonly url: string; readonly flinkUrl: string } | null;
  /** `redis[s]://…`; null where nothing is declared in Redis. */
  readonly redisUrl: string | null;
  /** Where views go on from after a restart of everything; null where Flink's files are out of sight. */
  readonly restorePoints: RestorePoints | null;
  /** Resolves when there is a Flink to turn to: true, or false where it never comes. */
  readonly flinkReady: Promise<boolean>;
  /** True when they end with the gateway. */
  readonly areLocal: boolean;
  /** Resolves when a part of the local stack is gone for good. */
  readonly failed: Promise<Error>;
  /** Writes down what else runs, where there is a place for it. */
  describe(extra: Readonly<Record<string, unknown>>): Promise<void>;
  close(): Promise<void>;
}

/** What {@link openClusters} needs. */
export interface ClusterContext {
  /** What is declared: a schema registry is started only where something needs it. */
  readonly model: Model;
  /** What the local stack finds Java and Maven by. */
  readonly env: Environment;
  readonly logger: Logger;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/** Starts the local stack, or takes the clusters that the configuration names. */
export function openClusters(config: Config, context: ClusterContext): Promise<RunningClusters> {
  return config.clusters.kind === 'local'
    ? openLocal(config, context)
    : Promise.resolve(useExisting(config, config.clusters));
}

async function openLocal(config: Config, { model, ...context }: ClusterContext): Promise<RunningClusters> {
  const { dataDir, cacheDir } = config;
  const options = localOptions.parse({ dataDir, ...(cacheDir !== null && { cacheDir }) });
  const stack = await openLocalStack({
    ...options,
    ...context,
    flink: true,
    flinkFormats: model.sources.some(({ format }) => format === 'AVRO' || format === 'PROTOBUF'),
    registry: config.registry.url === null && model.sources.some(usesRegistry),
    redis: config.redisUrl === null && model.sources.some((source) => redisPlaceOf(source)),
  });
  const { kafkaBrokers, flinkRest, sqlGateway, schemaRegistry, redis } = stack.endpoints;
  return {
    kafkaBrokers,
    flink:
      flinkRest && sqlGateway
        ? { restUrl: flinkRest, sqlGatewayUrl: sqlGateway, kafkaBrokers, hasSluiceJar: true }
        : null,
    registry: registryOf(config, schemaRegistry),
    redisUrl: config.redisUrl ?? redis,
    restorePoints: createRestorePoints(stack),
    flinkReady: stack.flinkReady.then(
      () => true,
      () => false,
    ),
    areLocal: true,
    failed: stack.failed,
    describe: (extra) => stack.describe(extra),
    close: () => stack.close(),
  };
}

function registryOf({ registry }: Config, local: string | null): RunningClusters['registry'] {
  const url = registry.url ?? local;
  return url === null ? null : { url, flinkUrl: registry.flinkUrl ?? url };
}

function useExisting(
  config: Config,
  { kafkaBrokers, flink }: Extract<Clusters, { kind: 'external' }>,
): RunningClusters {
  return {
    kafkaBrokers,
    flink,
    registry: registryOf(config, null),
    redisUrl: config.redisUrl,
    restorePoints: null,
    flinkReady: Promise.resolve(true),
    areLocal: false,
    failed: new Promise(() => undefined),
    describe: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
