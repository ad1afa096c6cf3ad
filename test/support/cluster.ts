import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Child, spawnChild } from '../../src/local/child.ts';
import { openClassArchive } from '../../src/local/class-archive.ts';
import { type DataFolders, dataFolders, defaultCacheDir, makeSubfolders } from '../../src/local/folders.ts';
import { type JarFolder, openBundle } from '../../src/local/jar-cache.ts';
import { findJava, type Java } from '../../src/local/java.ts';
import { type JvmCommand, javaArguments, logFileOf, renderLogConfig } from '../../src/local/jvm.ts';
import { createClusterId, formatCommand, renderKafkaConfig } from '../../src/local/kafka.ts';
import { askKafka } from '../../src/local/kafka-probe.ts';
import { choosePorts, host, type Ports } from '../../src/local/ports.ts';

/** How a broker is started. */
interface NodeStart {
  /** A file that grows beyond it fails to be written, as all do on a full disk; no limit when absent. */
  readonly maxFileBytes?: number;
}

/** Several brokers that are controllers, too, each a process of its own, which the test may break. */
export interface Cluster extends AsyncDisposable {
  /** From 1 on. */
  readonly nodes: readonly number[];
  /** Those that run now, and do not stand still. */
  readonly running: readonly number[];
  /** `host:port` of a broker. */
  addressOf(node: number): string;
  /** Ends a broker as a power cut would; resolves when it has ended. */
  kill(node: number): Promise<void>;
  /** Starts brokers that were killed; resolves when they are members of the cluster again. */
  start(nodes: readonly number[], how?: NodeStart): Promise<void>;
  /** Lets a broker stand still without closing its connections, as behind a network that loses everything. */
  freeze(node: number): void;
  thaw(node: number): void;
}

interface Node {
  readonly id: number;
  readonly folders: DataFolders;
  readonly ports: Ports;
  child: Child | null;
  isFrozen: boolean;
}

const startTimeoutMs = 240_000;
const jvmArgs = ['-Xms96m', '-Xmx256m'];
const quiet = () => {};

/**
 * Starts a cluster of so many brokers, three unless told otherwise. Kafka's own topics and those that name no number of
 * replicas have three of them, of which two must be in sync; leaders go back to the preferred replicas by themselves.
 */
export async function openCluster(count = 3): Promise<Cluster> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'sluice-cluster-')));
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => rm(root, { recursive: true, force: true }));
  const java = await findJava(process.env);
  const jars = await openKafkaJars();
  const nodes: Node[] = [];
  for (let id = 1; id <= count; id += 1) {
    const folders = dataFolders(join(root, `${id}`));
    await makeSubfolders(folders);
    const ports = await choosePorts({ kafka: 0, flinkRest: 0, sqlGateway: 0 });
    nodes.push({ id, folders, ports, child: null, isFrozen: false });
  }
  const parts = { java, jars, nodes, clusterId: createClusterId() };
  await format(parts);
  const kill = async (node: Node) => await node.child?.end(0);
  cleanUp.defer(async () => void (await Promise.all(nodes.map(kill))));
  const byId = (id: number) => nodes[id - 1] ?? missing(id);
  const start = async (ids: readonly number[], how: NodeStart = {}) => {
    for (const id of ids) await launch(parts, byId(id), how);
    await Promise.all(ids.map((id) => untilReady(byId(id), parts)));
  };
  const send = (id: number, signal: NodeJS.Signals) => void process.kill(byId(id).child?.pid ?? missing(id), signal);
  await start(nodes.map(({ id }) => id));
  const open = cleanUp.move();
  return {
    nodes: nodes.map(({ id }) => id),
    get running() {
      return nodes.filter(({ child, isFrozen }) => child && !isFrozen).map(({ id }) => id);
    },
    addressOf: (id) => `${host}:${byId(id).ports.kafka}`,
    async kill(id) {
      send(id, 'SIGKILL');
      await byId(id).child?.exited;
    },
    start,
    freeze(id) {
      send(id, 'SIGSTOP');
      byId(id).isFrozen = true;
    },
    thaw(id) {
      send(id, 'SIGCONT');
      byId(id).isFrozen = false;
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

function missing(id: number): never {
  throw new Error(`There is no broker ${id}, or it does not run.`);
}

async function openKafkaJars(): Promise<JarFolder> {
  return await openBundle('kafka', {
    cacheDir: defaultCacheDir(process.env, process.platform),
    env: process.env,
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    onProgress: quiet,
    signal: AbortSignal.timeout(600_000),
  });
}

interface ClusterParts {
  readonly java: Java;
  readonly jars: JarFolder;
  readonly nodes: readonly Node[];
  readonly clusterId: string;
}

/** Where topics lie: two disks, so that a broker lives on when one of them fails. */
function disksOf({ folders }: Node): readonly string[] {
  return ['first', 'second'].map((name) => join(folders.root, name));
}

/** Later lines hold: what differs from a broker that is alone. */
function renderConfig(node: Node, { nodes }: ClusterParts): string {
  const replicas = Math.min(3, nodes.length);
  const inSync = Math.min(2, replicas);
  const settings = {
    'node.id': node.id,
    'controller.quorum.voters': nodes.map(({ id, ports }) => `${id}@${host}:${ports.kafkaController}`).join(),
    'log.dirs': disksOf(node).join(),
    'metadata.log.dir': node.folders.kafka,
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'unclean.leader.election.enable': false,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    // Brokers that come back lead again what they led before, after about so long.
    'leader.imbalance.check.interval.seconds': 2,
    // A broker that was killed is without its leaders after so long.
    'broker.session.timeout.ms': 2_000,
    'broker.heartbeat.interval.ms': 300,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return `${renderKafkaConfig(node.folders, node.ports)}${lines.join('\n')}\n`;
}

/** One run of Kafka's own tool; what it made of the first broker's folders serves the others under their own names. */
async function format(parts: ClusterParts): Promise<void> {
  const [first] = parts.nodes;
  if (!first) return;
  for (const node of parts.nodes) {
    await writeFile(join(node.folders.conf, 'log4j2.properties'), renderLogConfig());
    await writeFile(join(node.folders.conf, 'kafka.properties'), renderConfig(node, parts));
  }
  const child = await run(parts, first, { command: formatCommand(first.folders, parts.jars, parts.clusterId) });
  if ((await child.exited).code !== 0)
    throw new Error(`Kafka's folders could not be prepared in ${first.folders.root}.`);
  const checkpoint = 'bootstrap.checkpoint';
  for (const node of parts.nodes.slice(1)) {
    for (const folder of [node.folders.kafka, ...disksOf(node)]) {
      await mkdir(folder, { recursive: true });
      const directory = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url');
      const lines = [`cluster.id=${parts.clusterId}`, `node.id=${node.id}`, `directory.id=${directory}`, 'version=1'];
      await writeFile(join(folder, 'meta.properties'), `${lines.join('\n')}\n`);
    }
    await copyFile(join(first.folders.kafka, checkpoint), join(node.folders.kafka, checkpoint));
  }
}

async function launch(parts: ClusterParts, node: Node, { maxFileBytes }: NodeStart): Promise<void> {
  const args = [join(node.folders.conf, 'kafka.properties')];
  const command = { name: 'kafka', jars: parts.jars, mainClass: 'kafka.Kafka', args, jvmArgs };
  const archive = await openClassArchive(parts.java, command);
  const jvm = archive.isWritten ? command : { ...command, jvmArgs: [...archive.jvmArgs, ...jvmArgs] };
  const child = await run(parts, node, { command: jvm, maxFileBytes });
  node.child = child;
  void child.exited.then(() => {
    if (node.child === child) node.child = null;
  });
}

async function run(
  { java }: ClusterParts,
  { folders }: Node,
  { command, maxFileBytes }: { readonly command: JvmCommand; readonly maxFileBytes?: number | undefined },
): Promise<Child> {
  const args = [java.command, ...javaArguments({ java, folders }, command)];
  // In bash a block has 1,024 bytes. Java ignores the signal that tells of the limit, so the write itself fails.
  const limit = maxFileBytes === undefined ? '' : `ulimit -f ${Math.floor(maxFileBytes / 1024)}; `;
  return await spawnChild({
    command: 'bash',
    args: ['-c', `${limit}exec "$@"`, 'bash', ...args],
    env: process.env,
    logFile: logFileOf(folders, command.name),
  });
}

/** Until it takes requests, and sees all that run as members of the cluster. */
async function untilReady(node: Node, { nodes, clusterId }: ClusterParts): Promise<void> {
  const giveUp = AbortSignal.timeout(startTimeoutMs);
  while (!giveUp.aborted) {
    if (node.child === null) throw new Error(`Broker ${node.id} ended; its log: ${logFileOf(node.folders, 'kafka')}`);
    const seen = await askKafka(node.ports.kafka, giveUp);
    if (seen?.clusterId === clusterId && seen.brokers >= nodes.filter(({ child }) => child).length) return;
    await delay(75);
  }
  throw new Error(`Broker ${node.id} did not start in time; its log: ${logFileOf(node.folders, 'kafka')}`);
}
