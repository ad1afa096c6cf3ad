import { join } from 'node:path';
import type { DataFolders } from './folders.ts';
import type { JarFolder } from './jar-cache.ts';
import type { Java } from './java.ts';
import type { JvmCommand } from './jvm.ts';
import { host } from './ports.ts';
import { Service, type ServiceContext } from './service.ts';

/** What the local schema registry runs on. */
export interface RegistryParts {
  /** Apicurio needs a later Java than the rest of the stack. */
  readonly java: Java;
  readonly jars: JarFolder;
  readonly port: number;
  /** Apicurio's own, for health checks; nobody asks there. */
  readonly managementPort: number;
}

/** Where the registry answers as Confluent's does. */
export function registryUrl(port: number): string {
  return `http://${host}:${port}/apis/ccompat/v7`;
}

/** The registry as a service. */
export function createRegistry(parts: RegistryParts, context: ServiceContext): Service {
  const isReady = async (signal: AbortSignal) => {
    try {
      const url = `${registryUrl(parts.port)}/subjects`;
      const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]) });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  };
  const jvm = registryCommand(context.folders, parts);
  return new Service(
    { title: 'the schema registry', jvm, env: {}, hint: null, graceMs: 10_000, isReady },
    { ...context, java: parts.java },
  );
}

function registryCommand(folders: DataFolders, { jars, port, managementPort }: RegistryParts): JvmCommand {
  const settings = {
    'quarkus.http.host': host,
    'quarkus.http.port': port,
    'quarkus.http.access-log.enabled': false,
    'quarkus.management.host': host,
    'quarkus.management.port': managementPort,
    'quarkus.log.console.level': 'INFO',
    'apicurio.storage.kind': 'sql',
    'apicurio.storage.sql.kind': 'h2',
    // What it has acknowledged outlives a kill: without WRITE_DELAY=0 it would be in memory for half a second.
    'apicurio.datasource.url': `jdbc:h2:file:${join(folders.registry, 'registry')};DB_CLOSE_ON_EXIT=FALSE;WRITE_DELAY=0`,
  };
  return {
    name: 'registry',
    // It names and loads the others itself.
    jars: { path: jars.path, jars: [join(jars.path, 'quarkus-run.jar')] },
    mainClass: 'io.quarkus.bootstrap.runner.QuarkusEntryPoint',
    args: [],
    jvmArgs: ['-Xmx256m', ...Object.entries(settings).map(([name, value]) => `-D${name}=${value}`)],
  };
}
