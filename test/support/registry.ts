import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultCacheDir, makeDataFolder, makeSubfolders } from '../../src/local/folders.ts';
import { openBundle } from '../../src/local/jar-cache.ts';
import { findJava, findLaterJava, type Java } from '../../src/local/java.ts';
import { choosePorts } from '../../src/local/ports.ts';
import { createRegistry, registryUrl } from '../../src/local/registry.ts';
import { consoleLogger } from './console-logger.ts';
import { listen } from './listen.ts';

/** A real schema registry of the test's own. */
export interface TestRegistry extends AsyncDisposable {
  readonly url: string;
  /** Null while it does not run. */
  readonly pid: number | null;
  /** Asks its API; the body makes it a POST. */
  request(path: string, body?: unknown): Promise<{ readonly status: number; readonly answer: unknown }>;
}

/** A Java that the registry runs on; null where the machine has none. */
export async function registryJava(): Promise<Java | null> {
  const java = await findJava(process.env);
  return findLaterJava(process.env, java).catch(() => null);
}

/** Starts Apicurio on free ports, as the local stack does. It is started again when it dies. */
export async function openTestRegistry(java: Java): Promise<TestRegistry> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sluice-registry-'));
  const folders = await makeDataFolder(dataDir);
  await makeSubfolders(folders);
  const cacheDir = defaultCacheDir(process.env, process.platform);
  const signal = AbortSignal.timeout(600_000);
  const logger = { ...consoleLogger, warn: () => undefined };
  const jars = await openBundle('registry', {
    cacheDir,
    env: process.env,
    logger,
    onProgress: () => undefined,
    signal,
  });
  const asked = { kafka: 0, flinkRest: 0, sqlGateway: 0, registry: 0 };
  const { registry: port = 0, registryManagement: managementPort = 0 } = await choosePorts(asked, { registry: true });
  const events = { onChange: () => undefined, onGivenUp: () => undefined };
  const context = { java, folders, env: process.env, logger, startTimeoutMs: 120_000, ...events };
  const service = createRegistry({ java, jars, port, managementPort }, context);
  await service.open();
  const url = registryUrl(port);
  return {
    url,
    get pid() {
      return service.pid;
    },
    async request(path, body) {
      const response = await fetch(url + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: response.status, answer: await response.json() };
    },
    async [Symbol.asyncDispose]() {
      await service.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** How a registry fails to answer: the connection ends, it says that it is not there, or something else is in its place. */
type RegistryFault = 'cut' | 'unavailable' | 'not a registry';

/** A registry by another address, whose answers can be spoilt. */
export interface FaultyRegistry extends AsyncDisposable {
  readonly url: string;
  /** How many answers were spoilt. */
  readonly spoilt: number;
  /** Spoils the answers about a path, by one fault after the other and over again, until it is called without faults. */
  failFor(path: string, ...faults: readonly RegistryFault[]): void;
}

/** Stands before the registry and passes on what is asked. */
export async function openFaultyRegistry(url: string): Promise<FaultyRegistry> {
  let failing = '';
  let faults: readonly RegistryFault[] = [];
  let spoilt = 0;
  const { pathname, origin } = new URL(url);
  const server = createServer(async (request, response) => {
    const asked = request.url ?? '';
    const fault = asked.startsWith(pathname + failing) ? faults[spoilt % faults.length] : undefined;
    if (fault === undefined) {
      const answer = await fetch(origin + asked);
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      return void response.end(await answer.text());
    }
    spoilt++;
    if (fault === 'cut') return void request.socket.destroy();
    response.writeHead(fault === 'unavailable' ? 503 : 404, { 'content-type': 'text/html' });
    response.end('<html></html>');
  });
  const listening = await listen(server);
  return {
    url: `http://127.0.0.1:${listening.port}${pathname}`,
    get spoilt() {
      return spoilt;
    },
    failFor(path, ...next) {
      failing = path;
      faults = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await listening[Symbol.asyncDispose]();
    },
  };
}
