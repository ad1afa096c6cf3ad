import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SluiceError } from '#errors';
import { type DataLock, lockDataFolder } from './data-lock.ts';
import { type Endpoints, removeEndpointsFile, type StackProcess, writeEndpointsFile } from './endpoints.ts';
import { type DataFolders, defaultCacheDir, makeDataFolder, makeSubfolders } from './folders.ts';
import { openFlinkFormats } from './format-jar.ts';
import { type JarFolder, openBundle } from './jar-cache.ts';
import { findJava, findLaterJava, type Java } from './java.ts';
import { renderLogConfig } from './jvm.ts';
import { endLeftovers } from './leftovers.ts';
import { availableMemory, checkMemory, neededBytes } from './memory.ts';
import type { Environment, LocalOptions, Logger, Progress } from './options.ts';
import { choosePorts, host, type Ports } from './ports.ts';
import { type RedisParts, redisUrl } from './redis.ts';
import { type RegistryParts, registryUrl } from './registry.ts';
import { createServices } from './services.ts';

/** What {@link openLocalStack} needs. */
export interface LocalStackOptions extends LocalOptions {
  /** The gateway's environment; of it JAVA_HOME, PATH and XDG_CACHE_HOME are used, and the JVMs inherit it. */
  readonly env: Environment;
  /** False: Kafka alone. */
  readonly flink: boolean;
  /** Whether Flink is to read Avro and Protobuf with a schema registry; not when absent. */
  readonly flinkFormats?: boolean;
  /** Whether to run a schema registry; not when absent. */
  readonly registry?: boolean;
  /** Whether to run a Redis; not when absent. */
  readonly redis?: boolean;
  readonly logger: Logger;
  readonly onProgress: (progress: Progress) => void;
  /** Ends the opening; an open stack is ended by {@link LocalStack.close}. */
  readonly signal: AbortSignal;
}

/** A real Kafka and a real Flink, running as children of this process. */
export interface LocalStack {
  readonly endpoints: Endpoints;
  /** Those that run at this moment. */
  readonly processes: readonly StackProcess[];
  /** The data folder: absolute, symbolic links resolved. */
  readonly dataDir: string;
  readonly checkpointDir: string;
  readonly savepointDir: string;
  /** Resolves when Flink answers; at once where there is none. Rejects when it does not start: `failed` tells that, too. */
  readonly flinkReady: Promise<void>;
  /** Resolves, with why, when a part does not start, or has died too often to be started again. Never rejects. */
  readonly failed: Promise<SluiceError>;
  /** Adds to `endpoints.json` what the gateway itself offers. */
  describe(extra: Readonly<Record<string, unknown>>): Promise<void>;
  /** Ends everything, in reverse order. Resolves when no process is left. May be called more than once. */
  close(): Promise<void>;
}

/**
 * Starts Kafka, and Flink with its SQL Gateway, on the loopback address, and resolves when all but Flink answer, which
 * takes several times as long. Their jars are fetched by Maven at the first start. Whatever another gateway that was killed left running on the same data is
 * ended first. Rejects with `LOCAL_STACK`, having ended what it started; the message says what to do.
 */
export async function openLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const folders = await makeDataFolder(options.dataDir);
  const lock = await lockDataFolder(folders.lock);
  try {
    const leftovers = await endLeftovers(folders.root);
    if (leftovers.length > 0) {
      options.logger.warn({ pids: leftovers }, 'Ended what an earlier gateway, which was killed, had left running.');
    }
    const parts = await gatherParts(options);
    await makeSubfolders(folders);
    await writeFile(join(folders.conf, 'log4j2.properties'), renderLogConfig());
    options.signal.throwIfAborted();
    return await openServices({ ...parts, folders, lock }, options);
  } catch (thrown) {
    await lock.release();
    throw thrown;
  }
}

/** What the machine has for the stack. */
interface Parts {
  readonly java: Java;
  readonly kafkaJars: JarFolder;
  readonly flinkJars: JarFolder | null;
  readonly registry: RegistryParts | null;
  readonly redis: RedisParts | null;
  readonly ports: Ports;
}

async function gatherParts(options: LocalStackOptions): Promise<Parts> {
  const { env, flink, registry: wantsRegistry = false, ports: asked, cacheDir, ...context } = options;
  context.onProgress({ step: 'check', text: 'Looking for Java, jars, memory and free ports' });
  const cache = { ...context, env, cacheDir: cacheDir ?? defaultCacheDir(env, process.platform) };
  const java = await findJava(env);
  const registryJava = wantsRegistry ? await findLaterJava(env, java) : null;
  const needed = flink ? neededBytes.kafkaAndFlink : neededBytes.kafka;
  checkMemory(await availableMemory(), needed + (wantsRegistry ? neededBytes.registry : 0));
  // One after the other: two runs of Maven at once may get into each other's way in its own repository.
  const kafkaJars = await openBundle('kafka', cache);
  // Further jars stand behind Flink's own, and the archives of loaded classes, which fit one class path, lie with them.
  const openFlink = () => (options.flinkFormats ? openFlinkFormats(java, cache) : openBundle('flink', cache));
  const flinkJars = flink ? await openFlink() : null;
  const registryJars = wantsRegistry ? await openBundle('registry', cache) : null;
  const redisJars = options.redis ? await openBundle('redis', cache) : null;
  const ports = await choosePorts(asked, { registry: wantsRegistry, redis: options.redis ?? false });
  const { registry: port = 0, registryManagement: managementPort = 0 } = ports;
  const registry = registryJava && registryJars && { java: registryJava, jars: registryJars, port, managementPort };
  const redis = redisJars && { jars: redisJars, port: ports.redis ?? 0 };
  return { java, kafkaJars, flinkJars, registry, redis, ports };
}

/** What an opening stack holds. */
interface Holding extends Parts {
  readonly folders: DataFolders;
  readonly lock: DataLock;
}

async function openServices(holding: Holding, options: LocalStackOptions): Promise<LocalStack> {
  const { folders, lock, ports, flinkJars, registry, redis, java } = holding;
  const { env, logger, startTimeoutMs } = options;
  const failed = Promise.withResolvers<SluiceError>();
  const onChange = () =>
    void publish().catch((thrown: unknown) => logger.warn({ err: thrown }, 'endpoints.json was not written'));
  const context = { java, folders, env, logger, startTimeoutMs, onChange, onGivenUp: failed.resolve };
  const services = await createServices(holding, context);
  const endpoints: Endpoints = {
    kafkaBrokers: `${host}:${ports.kafka}`,
    flinkRest: flinkJars && `http://${host}:${ports.flinkRest}`,
    sqlGateway: flinkJars && `http://${host}:${ports.sqlGateway}`,
    schemaRegistry: registry && registryUrl(registry.port),
    redis: redis && redisUrl(redis.port),
  };
  let extra: Readonly<Record<string, unknown>> = {};
  let closing: Promise<void> | null = null;
  const publish = async () => {
    if (closing !== null) return;
    const processes = services.processes();
    await writeEndpointsFile(folders.endpoints, { ...endpoints, pid: process.pid, processes, ...extra });
  };
  const close = async () => {
    await services.close();
    await removeEndpointsFile(folders.endpoints);
    await lock.release();
  };
  const closeOnce = () => (closing ??= close());
  try {
    await services.open(options);
    await publish();
    services.flinkReady.then(onChange, (fault) => closing ?? failed.resolve(fault));
  } catch (thrown) {
    await closeOnce();
    throw thrown;
  }
  return {
    endpoints,
    get processes() {
      return services.processes();
    },
    dataDir: folders.root,
    checkpointDir: folders.checkpoints,
    savepointDir: folders.savepoints,
    flinkReady: services.flinkReady,
    failed: failed.promise,
    describe(more) {
      extra = more;
      return publish();
    },
    close: closeOnce,
  };
}
