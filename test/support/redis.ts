import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { type Child, spawnChild } from '../../src/local/child.ts';
import { defaultCacheDir } from '../../src/local/folders.ts';
import { openBundle } from '../../src/local/jar-cache.ts';
import { redisCommand } from '../../src/local/redis.ts';

/** A real redis-server of a test's own, which the test may break. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  /** Ends its process like a power cut would; what was in its streams is on disk. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with what it had, or (`isNew`) with nothing. */
  start(options?: { readonly isNew?: boolean }): Promise<void>;
  /** Runs a command, as any other client would. */
  run(...args: readonly string[]): Promise<unknown>;
}

/** Starts a redis-server on a free port. */
export async function openRedisServer(): Promise<RedisServer> {
  const root = await mkdtemp(join(tmpdir(), 'sluice-redis-'));
  const folder = join(root, 'redis');
  const port = await freePort();
  const jars = await openBundle('redis', {
    cacheDir: defaultCacheDir(process.env, process.platform),
    env: process.env,
    logger: console,
    onProgress: () => undefined,
    signal: AbortSignal.timeout(120_000),
  });
  const program = await redisCommand({ root, redis: folder }, { jars, port });
  const url = `redis://127.0.0.1:${port}`;
  let child: Child | null = null;
  const kill = async () => {
    await child?.end(0);
    child = null;
  };
  const start = async ({ isNew = false } = {}) => {
    if (isNew) await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const args = [...program.args, '--appendfsync', 'always'];
    child = await spawnChild({ ...program, args, env: process.env, logFile: join(root, 'redis.log') });
    await untilListening(port);
  };
  await start();
  return {
    url,
    kill,
    start,
    async run(...args) {
      const client = createClient({ url, RESP: 2 });
      await client.connect();
      try {
        return await client.sendCommand([...args]);
      } finally {
        client.destroy();
      }
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

/** Asks until somebody answers. */
async function untilListening(port: number): Promise<void> {
  for (;;) {
    const socket = connect({ host: '127.0.0.1', port });
    const isThere = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.write('PING\r\n'));
      socket.once('data', (answer) => resolve(answer.toString().startsWith('+PONG')));
    });
    socket.destroy();
    if (isThere) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
