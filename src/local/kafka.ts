import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localFault, systemCode } from './faults.ts';
import type { DataFolders } from './folders.ts';
import type { JarFolder } from './jar-cache.ts';
import type { JvmCommand } from './jvm.ts';
import { host, type Ports } from './ports.ts';

/** The largest record batch, in bytes, that the local Kafka takes. */
const maxMessageBytes = 8 << 20;

const jvmArgs = ['-Xms128m', '-Xmx384m'];

/** The broker's settings: one node that is controller, too, and keeps all its topics to itself. */
export function renderKafkaConfig(folders: DataFolders, ports: Ports): string {
  const settings: Readonly<Record<string, string | number | boolean>> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${host}:${ports.kafkaController}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://${host}:${ports.kafka},CONTROLLER://${host}:${ports.kafkaController}`,
    'advertised.listeners': `PLAINTEXT://${host}:${ports.kafka}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': folders.kafka,
    'num.partitions': 4,
    'auto.create.topics.enable': false,
    'message.max.bytes': maxMessageBytes,
    'replica.fetch.max.bytes': maxMessageBytes,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    // Flink's exactly-once sink asks for an hour unless told otherwise; Kafka's own limit is 15 minutes.
    'transaction.max.timeout.ms': 3_600_000,
    // Nobody else joins a group here, so waiting for more members only costs three seconds.
    'group.initial.rebalance.delay.ms': 0,
    // A broker that was killed may register again only when its old session is over, nine seconds by default.
    'broker.session.timeout.ms': 4_000,
    'broker.heartbeat.interval.ms': 500,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'background.threads': 2,
    // Taken from the heap at the start, whether topics are compacted or not; the default is 128 MiB.
    'log.cleaner.dedupe.buffer.size': 16 << 20,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${String(value).replaceAll('\\', '\\\\')}`);
  return `# Written at each start.\n${lines.join('\n')}\n`;
}

/** Writes the settings and says how to run the broker. */
export async function kafkaCommand(folders: DataFolders, ports: Ports, jars: JarFolder): Promise<JvmCommand> {
  const file = join(folders.conf, 'kafka.properties');
  await writeFile(file, renderKafkaConfig(folders, ports));
  return { name: 'kafka', jars, mainClass: 'kafka.Kafka', args: [file], jvmArgs };
}

/** How to prepare an empty data folder for a new cluster. Its settings file is the broker's. */
export function formatCommand(folders: DataFolders, jars: JarFolder, clusterId: string): JvmCommand {
  const args = ['format', '--cluster-id', clusterId, '--config', join(folders.conf, 'kafka.properties')];
  return { name: 'kafka-format', jars, mainClass: 'kafka.tools.StorageTool', args, jvmArgs: ['-Xmx128m'] };
}

/** A new cluster's identity, as Kafka writes them: 16 random bytes in URL-safe base64, no leading dash (a command line reads it). */
export function createClusterId(): string {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? createClusterId() : id;
}

/** The identity of the cluster whose data lies in the folder; null if there is none yet. */
export async function readClusterId(folders: DataFolders): Promise<string | null> {
  const file = join(folders.kafka, 'meta.properties');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null;
    throw thrown;
  }
  const id = /^cluster\.id=(\S+)$/m.exec(text)?.[1];
  if (id === undefined) {
    throw localFault(
      `Kafka's data is damaged: ${file} names no cluster. \`npm run clean\` forgets the data of ${folders.root}.`,
    );
  }
  return id;
}
