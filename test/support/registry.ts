import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultCacheDir, makeDataFolder, makeSubfolders } from '../../src/local/folders.ts';
import { openBundle } from '../../src/local/jar-cache.ts';
import { findJava, findLaterJava, type Java } from '../../src/local/java.ts';
import { choosePorts } from '../../src/local/ports.ts';
import { createRegistry, registryUrl } from '../../src/local/registry.ts';
import { consoleLogger } from './console-logger.ts';

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
