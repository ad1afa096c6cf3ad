import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DataFolders, toFlinkUrl } from './folders.ts';
import type { JarFolder } from './jar-cache.ts';
import type { JvmCommand } from './jvm.ts';
import { host, type Ports } from './ports.ts';

type Settings = Readonly<Record<string, string | number | boolean>>;

/** How many jobs of parallelism 1 can run at once. */
const taskSlots = 32;

/** Settings that jobs take from where they are submitted, so that both the cluster and the SQL Gateway have them. */
function jobSettings(folders: DataFolders): Settings {
  return {
    'state.backend.type': 'hashmap',
    'execution.checkpointing.interval': '5 s',
    'execution.checkpointing.min-pause': '1 s',
    'execution.checkpointing.timeout': '2 min',
    'execution.checkpointing.tolerable-failed-checkpoints': 10,
    'execution.checkpointing.storage': 'filesystem',
    'execution.checkpointing.dir': toFlinkUrl(folders.checkpoints),
    'execution.checkpointing.savepoint-dir': toFlinkUrl(folders.savepoints),
    // So that a view goes on where it was after everything was stopped, or died.
    'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
    'execution.checkpointing.num-retained': 2,
    'restart-strategy.type': 'exponential-delay',
    'restart-strategy.exponential-delay.initial-backoff': '500 ms',
    'restart-strategy.exponential-delay.max-backoff': '10 s',
    'restart-strategy.exponential-delay.reset-backoff-threshold': '1 min',
  };
}

/** Where the others find the JobManager, and who may ask. No `rest.bind-port`: the SQL Gateway would take that port for itself. */
function addresses(ports: Ports): Settings {
  return {
    'jobmanager.rpc.address': host,
    'jobmanager.rpc.port': ports.flinkRpc,
    'rest.address': host,
    'rest.port': ports.flinkRest,
    // By default every page that a browser shows may read the answers of the REST APIs, and so run SQL.
    'web.access-control-allow-origin': `http://${host}:${ports.flinkRest}`,
  };
}

/** The settings of JobManager and TaskManager. */
export function clusterSettings(folders: DataFolders, ports: Ports): Settings {
  return {
    ...addresses(ports),
    ...jobSettings(folders),
    ...taskManagerMemory,
    'rest.bind-address': host,
    'rest.bind-port': ports.flinkRest,
    'jobmanager.bind-host': host,
    'taskmanager.host': host,
    'taskmanager.bind-host': host,
    'taskmanager.numberOfTaskSlots': taskSlots,
    'taskmanager.cpu.cores': 2,
    // What is measured, and so the watermarks of views, is this young; 10 s by default. Collected only when somebody asks.
    'metrics.fetcher.update-interval': '1 s',
    // A TaskManager that was killed and started again replaces itself at once, instead of waiting for its time-out.
    'taskmanager.resource-id': 'local',
    'heartbeat.interval': '3 s',
    'heartbeat.timeout': '30 s',
    // The TaskManager is started beside the JobManager and asks before that listens: 10 s by default until it asks again.
    'cluster.registration.error-delay': '200 ms',
    'cluster.registration.initial-timeout': '200 ms',
    'io.tmp.dirs': folders.tmp,
    // Jars could be uploaded and run by any page that the browser shows; jobs come through the SQL Gateway alone.
    'web.submit.enable': false,
  };
}

/**
 * Windows keep their rows in managed memory, of which each slot has an equal share; it is taken only as it is used.
 * Network buffers are taken at the start: 2048 of 32 KiB, about 20 for each exchange of a job.
 */
const taskManagerMemory: Settings = {
  'taskmanager.memory.framework.heap.size': '64m',
  'taskmanager.memory.framework.off-heap.size': '64m',
  'taskmanager.memory.task.heap.size': '448m',
  'taskmanager.memory.task.off-heap.size': '0m',
  'taskmanager.memory.managed.size': '512m',
  'taskmanager.memory.network.min': '64m',
  'taskmanager.memory.network.max': '64m',
  'taskmanager.memory.jvm-metaspace.size': '256m',
  'taskmanager.memory.jvm-overhead.min': '128m',
  'taskmanager.memory.jvm-overhead.max': '128m',
};

/** The settings of the SQL Gateway, which is a client of the cluster. */
export function sqlGatewaySettings(folders: DataFolders, ports: Ports): Settings {
  return {
    ...addresses(ports),
    ...jobSettings(folders),
    'execution.target': 'remote',
    'sql-gateway.endpoint.rest.address': host,
    'sql-gateway.endpoint.rest.bind-address': host,
    'sql-gateway.endpoint.rest.port': ports.sqlGateway,
    'sql-gateway.session.idle-timeout': '1 d',
    'io.tmp.dirs': folders.tmp,
  };
}

/** A flat YAML file; JSON's strings are YAML's. */
export function renderFlinkConfig(settings: Settings): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return `# Written at each start.\n${lines.join('\n')}\n`;
}

/** The JVMs of a Flink session cluster with its SQL Gateway, and where their settings lie. */
export interface FlinkCommands {
  readonly jobManager: JvmCommand;
  readonly taskManager: JvmCommand;
  readonly sqlGateway: JvmCommand;
  /** For `FLINK_CONF_DIR`; the SQL Gateway knows no option for it. */
  readonly sqlGatewayConfDir: string;
}

/** Writes the settings and says how to run the three. */
export async function flinkCommands(folders: DataFolders, ports: Ports, jars: JarFolder): Promise<FlinkCommands> {
  const clusterDir = join(folders.conf, 'flink');
  const sqlGatewayConfDir = join(folders.conf, 'sql-gateway');
  await writeConfig(clusterDir, clusterSettings(folders, ports));
  await writeConfig(sqlGatewayConfDir, sqlGatewaySettings(folders, ports));
  const run = (name: string, mainClass: string, jvmArgs: readonly string[], args: readonly string[]): JvmCommand => ({
    name,
    jars,
    mainClass: `org.apache.flink.${mainClass}`,
    args,
    jvmArgs: [...jvmArgs, ...moduleArgs],
  });
  const configDir = ['--configDir', clusterDir];
  return {
    sqlGatewayConfDir,
    jobManager: run(
      'flink-jobmanager',
      'runtime.entrypoint.StandaloneSessionClusterEntrypoint',
      ['-Xmx384m', '-XX:MaxMetaspaceSize=256m'],
      configDir,
    ),
    taskManager: run(
      'flink-taskmanager',
      'runtime.taskexecutor.TaskManagerRunner',
      // Heap: framework + task. Direct: framework off-heap + network, and some air for Netty.
      ['-Xmx512m', '-XX:MaxDirectMemorySize=192m', '-XX:MaxMetaspaceSize=256m'],
      configDir,
    ),
    sqlGateway: run('flink-sql-gateway', 'table.gateway.SqlGateway', ['-Xmx384m', '-XX:MaxMetaspaceSize=384m'], []),
  };
}

async function writeConfig(folder: string, settings: Settings): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.yaml'), renderFlinkConfig(settings));
}

/** What Flink's own scripts pass (`env.java.opts.all` of its default config.yaml), for reflection into the JDK. */
const moduleArgs: readonly string[] = [
  'add-exports=java.rmi/sun.rmi.registry',
  'add-exports=jdk.compiler/com.sun.tools.javac.api',
  'add-exports=jdk.compiler/com.sun.tools.javac.file',
  'add-exports=jdk.compiler/com.sun.tools.javac.parser',
  'add-exports=jdk.compiler/com.sun.tools.javac.tree',
  'add-exports=jdk.compiler/com.sun.tools.javac.util',
  'add-exports=java.security.jgss/sun.security.krb5',
  'add-opens=java.base/java.lang',
  'add-opens=java.base/java.net',
  'add-opens=java.base/java.io',
  'add-opens=java.base/java.nio',
  'add-opens=java.base/sun.nio.ch',
  'add-opens=java.base/java.lang.reflect',
  'add-opens=java.base/java.text',
  'add-opens=java.base/java.time',
  'add-opens=java.base/java.util',
  'add-opens=java.base/java.util.concurrent',
  'add-opens=java.base/java.util.concurrent.atomic',
  'add-opens=java.base/java.util.concurrent.locks',
].map((option) => `--${option}=ALL-UNNAMED`);
