import { realpath, rm, rmdir } from 'node:fs/promises';
import { refuseIfLocked } from './data-lock.ts';
import { dataFolders } from './folders.ts';
import { endLeftovers } from './leftovers.ts';

/**
 * Forgets everything that a local stack kept in a data folder: topics, records, checkpoints, savepoints, logs. Only what
 * the stack made is deleted, never a stranger's file. False if there was no such folder. Rejects with `LOCAL_STACK`
 * while a gateway runs there.
 */
export async function cleanLocalData(dataDir: string): Promise<boolean> {
  const root = await realpath(dataDir).catch(() => null);
  if (root === null) return false;
  const folders = dataFolders(root);
  await refuseIfLocked(folders.lock);
  await endLeftovers(folders.root);
  const { kafka, flink, registry, redis } = folders;
  for (const path of [kafka, flink, registry, redis, folders.conf, folders.logs, folders.tmp, folders.endpoints]) {
    await rm(path, { recursive: true, force: true });
  }
  await rm(folders.lock, { force: true });
  await rmdir(root).catch(() => {});
  return true;
}
