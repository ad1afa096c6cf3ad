import { mkdir, realpath, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { messageOf } from '#errors';
import { localFault } from './faults.ts';
import type { Environment } from './options.ts';

/** The places below one data folder. Absolute, symbolic links resolved. */
export interface DataFolders {
  readonly root: string;
  readonly kafka: string;
  /** Holds the next two. */
  readonly flink: string;
  readonly checkpoints: string;
  readonly savepoints: string;
  /** The schema registry's. */
  readonly registry: string;
  readonly redis: string;
  readonly conf: string;
  readonly logs: string;
  /** Emptied at each start. */
  readonly tmp: string;
  /** Names the gateway that uses the folder. */
  readonly lock: string;
  readonly endpoints: string;
}

/** The names of the places below the (absolute) data folder. Touches nothing. */
export function dataFolders(root: string): DataFolders {
  return {
    root,
    kafka: join(root, 'kafka'),
    flink: join(root, 'flink'),
    checkpoints: join(root, 'flink', 'checkpoints'),
    savepoints: join(root, 'flink', 'savepoints'),
    registry: join(root, 'registry'),
    redis: join(root, 'redis'),
    conf: join(root, 'conf'),
    logs: join(root, 'logs'),
    tmp: join(root, 'tmp'),
    lock: join(root, 'gateway.pid'),
    endpoints: join(root, 'endpoints.json'),
  };
}

/** Makes the data folder itself and sees that it can be written. */
export async function makeDataFolder(dataDir: string): Promise<DataFolders> {
  const wanted = resolve(dataDir);
  try {
    await mkdir(wanted, { recursive: true });
    const probe = join(wanted, `.probe-${process.pid}`);
    await writeFile(probe, '');
    await rm(probe);
    return dataFolders(await realpath(wanted));
  } catch (thrown) {
    const reason = messageOf(thrown);
    throw localFault(
      `The data folder ${wanted} cannot be written: ${reason}. Name another one, or mend its rights.`,
      thrown,
    );
  }
}

/** Makes the folders below it; the temporary one anew. Only for the holder of the lock. */
export async function makeSubfolders(folders: DataFolders): Promise<void> {
  await rm(folders.tmp, { recursive: true, force: true });
  for (const folder of [
    folders.tmp,
    folders.conf,
    folders.logs,
    folders.checkpoints,
    folders.savepoints,
    folders.redis,
  ]) {
    await mkdir(folder, { recursive: true });
  }
}

/** Where a user's programs keep what can be fetched again, on this kind of machine. */
export function defaultCacheDir(env: Environment, platform: NodeJS.Platform, home = homedir()): string {
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'sluice');
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'sluice');
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'sluice');
  return join(home, '.cache', 'sluice');
}

/** A path as Flink reads it: a `file:` URL, but not percent-encoded (its Path class would take `%20` literally). */
export function toFlinkUrl(path: string): string {
  const slashed = path.split(sep).join('/');
  return slashed.startsWith('/') ? `file://${slashed}` : `file:///${slashed}`;
}
