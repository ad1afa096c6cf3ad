import { availableParallelism } from 'node:os';
import { spawnChild } from './child.ts';
import type { StackProcess } from './endpoints.ts';
import { localFault } from './faults.ts';
import { flinkCommands } from './flink.ts';
import type { DataFolders } from './folders.ts';
import type { JarFolder } from './jar-cache.ts';
import { type JvmCommand, javaArguments, logFileOf } from './jvm.ts';
import { createClusterId, formatCommand, kafkaCommand, readClusterId } from './kafka.ts';
import { askKafka } from './kafka-probe.ts';
import { faultSince, logSize } from './log-tail.ts';
import type { Progress } from './options.ts';
import { host, type Ports } from './ports.ts';
import { createRedis, type RedisParts } from './redis.ts';
import { createRegistry, type RegistryParts } from './registry.ts';
import { Service, type ServiceContext, type ServiceSpec } from './service.ts';

/** With fewer cores Flink's JVMs wait for Kafka, which they would slow down to their own pace. */
const coresForAll = 4;

/** What the services are made of. */
export interface ServiceParts {
  readonly folders: DataFolders;
  readonly ports: Ports;
  readonly kafkaJars: JarFolder;
  /** Null: Kafka alone. */
  readonly flinkJars: JarFolder | null;
  /** Null: no schema registry. */
  readonly registry: RegistryParts | null;
  /** Null: no Redis. */
  readonly redis: RedisParts | null;
}

/** The JVMs of a stack together. */
export interface Services {
  /**
   * Starts all, and resolves when everything but Flink answers; rejects with the first fault until then, or with
   * the signal's reason. To be closed in every case.
   */
  open(options: { readonly onProgress: (progress: Progress) => void; readonly signal: AbortSignal }): Promise<void>;
  /** Resolves when Flink answers, too; rejects with its fault. */
  readonly flinkReady: Promise<void>;
  processes(): readonly StackProcess[];
  /** Ends them in reverse order: what uses a part ends before it. */
  close(): Promise<void>;
}

/** Writes the settings of every part, ready to be started. */
export async function createServices(parts: ServiceParts, context: ServiceContext): Promise<Services> {
  const found = await readClusterId(parts.folders);
  const clusterId = found ?? createClusterId();
  const hint =
    found === null ? null : `If its data is damaged: \`npm run clean\` forgets all of ${parts.folders.root}.`;
  const kafka = await createKafka(parts, { clusterId, hint }, context);
  const { jobManager, taskManager, sqlGateway } = await createFlink(parts, context);
  const registry = parts.registry && createRegistry(parts.registry, context);
  const redis = parts.redis && (await createRedis(parts.redis, context));
  const others = [registry, redis].filter((service) => service !== null);
  const first = [kafka, ...others];
  const flink = [jobManager, taskManager, sqlGateway].filter((service) => service !== null);
  const flinkReady = Promise.withResolvers<void>();
  // Nobody may wait for it.
  flinkReady.promise.catch(() => {});
  let preparing: Promise<void> = Promise.resolve();
  const openKafka = async () => {
    if (found === null) preparing = runToEnd(formatCommand(parts.folders, parts.kafkaJars, clusterId), context);
    await preparing;
    await kafka.open();
  };
  return {
    flinkReady: flinkReady.promise,
    async open({ onProgress, signal }) {
      const waiting = new Set(first.map((service) => service.title));
      const report = () => {
        if (signal.aborted) return;
        const fraction = 1 - waiting.size / first.length;
        onProgress({ step: 'start', text: `Waiting for ${[...waiting].join(', ')}`, fraction });
      };
      report();
      const open = async (service: Service) => {
        await (service === kafka ? openKafka() : service.open());
        waiting.delete(service.title);
        if (waiting.size > 0) report();
      };
      const kafkaOpens = open(kafka);
      const opening = Promise.all([kafkaOpens, ...others.map(open)]);
      const turn = availableParallelism() < coresForAll ? kafkaOpens : Promise.resolve();
      flinkReady.resolve(turn.then(() => Promise.all(flink.map((service) => service.open()))).then(() => {}));
      // A fault of Flink that comes as early ends the start.
      await Promise.race([opening, flinkReady.promise.then(() => opening), rejectOn(signal)]);
      const titles = first.map(({ title }) => title).join(', ');
      onProgress({ step: 'ready', text: `${titles} ${first.length === 1 ? 'answers' : 'answer'}`, fraction: 1 });
    },
    processes: () =>
      [...first, ...flink].flatMap(({ name, pid, logFile }) => (pid === null ? [] : [{ name, pid, logFile }])),
    async close() {
      await sqlGateway?.close();
      await Promise.all([taskManager?.close(), jobManager?.close()]);
      await Promise.all([registry?.close(), redis?.close()]);
      await Promise.allSettled([preparing]);
      await kafka.close();
    },
  };
}

async function createKafka(
  { folders, ports, kafkaJars }: ServiceParts,
  { clusterId, hint }: { readonly clusterId: string; readonly hint: string | null },
  context: ServiceContext,
): Promise<Service> {
  const isReady = async (signal: AbortSignal) => {
    const seen = await askKafka(ports.kafka, signal);
    return seen !== null && seen.brokers > 0 && seen.clusterId === clusterId;
  };
  const jvm = await kafkaCommand(folders, ports, kafkaJars);
  return new Service({ title: 'Kafka', jvm, env: {}, hint, graceMs: 20_000, isReady }, context);
}

interface FlinkServices {
  readonly jobManager: Service | null;
  readonly taskManager: Service | null;
  readonly sqlGateway: Service | null;
}

async function createFlink(
  { folders, ports, flinkJars }: ServiceParts,
  context: ServiceContext,
): Promise<FlinkServices> {
  if (flinkJars === null) return { jobManager: null, taskManager: null, sqlGateway: null };
  const commands = await flinkCommands(folders, ports, flinkJars);
  const rest = `http://${host}:${ports.flinkRest}`;
  const create = (title: string, jvm: JvmCommand, spec: Pick<ServiceSpec, 'isReady' | 'onDeath'>, env = {}) =>
    new Service({ title, jvm, env, hint: null, graceMs: 10_000, ...spec }, context);
  const answers = async (url: string, signal: AbortSignal) => (await fetchJson(url, signal)) !== null;
  const taskManager = create("Flink's TaskManager", commands.taskManager, {
    isReady: async (signal) => hasSlots(await fetchJson(`${rest}/overview`, signal)),
  });
  const jobManager = create("Flink's JobManager", commands.jobManager, {
    isReady: (signal) => answers(`${rest}/config`, signal),
    // It would not notice before its heartbeat time-out, long for the sake of busy machines, and run on tasks that are
    // nobody's meanwhile. Its jobs are lost in any case.
    onDeath: () => taskManager.renew(),
  });
  const sqlGateway = create(
    "Flink's SQL Gateway",
    commands.sqlGateway,
    { isReady: (signal) => answers(`http://${host}:${ports.sqlGateway}/v1/info`, signal) },
    { FLINK_CONF_DIR: commands.sqlGatewayConfDir },
  );
  return { jobManager, taskManager, sqlGateway };
}

function hasSlots(overview: unknown): boolean {
  if (typeof overview !== 'object' || overview === null) return false;
  return 'slots-total' in overview && typeof overview['slots-total'] === 'number' && overview['slots-total'] > 0;
}

/** The answer to a GET, or null while there is none. */
async function fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(2_000)]) });
    const body: unknown = await response.json();
    return response.ok ? body : null;
  } catch {
    return null;
  }
}

async function runToEnd(command: JvmCommand, context: ServiceContext): Promise<void> {
  const logFile = logFileOf(context.folders, command.name);
  const logStart = await logSize(logFile);
  const args = javaArguments(context, command);
  const child = await spawnChild({ command: context.java.command, args, env: context.env, logFile });
  const { code } = await child.exited;
  if (code === 0) return;
  const said = (await faultSince(logFile, logStart)) ?? `exit code ${code}`;
  throw localFault(`Kafka's data folder could not be prepared: ${said}\nIts log: ${logFile}`);
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
}
