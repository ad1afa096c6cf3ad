import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '#config';

type Secrets = readonly [Buffer, ...Buffer[]];

/**
 * The keys that sign cursors, the first one for new cursors: from the configuration, or with the local stack one that
 * is made once and kept with its data. Existing clusters without a configured key get one for this run alone.
 */
export async function readCursorSecrets(config: Config, logger: Logger): Promise<Secrets> {
  const [first, ...others] = config.cursorSecrets.map(toKey);
  if (first) return [first, ...others];
  if (config.clusters.kind === 'local') return [await keptKey(config.dataDir)];
  logger.warn({}, 'SLUICE_CURSOR_SECRET is not set: cursors end with this process, and no other gateway takes them.');
  return [randomBytes(32)];
}

function toKey(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Deletes the key that was made for a data folder, and the folder with it when nothing else is left there. */
export async function forgetCursorKey(dataDir: string): Promise<void> {
  await rm(join(dataDir, keyFile), { force: true });
  await rmdir(dataDir).catch(() => undefined);
}

const keyFile = 'cursor.key';

async function keptKey(dataDir: string): Promise<Buffer> {
  const file = join(dataDir, keyFile);
  await mkdir(dataDir, { recursive: true });
  try {
    await writeFile(file, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return toKey(await readFile(file, 'utf8'));
}
