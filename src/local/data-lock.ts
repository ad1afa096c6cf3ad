import { createHash, randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { localFault, systemCode } from './faults.ts';
import { birthOf, isAlive } from './processes.ts';

/** Holds a data folder for this process. */
export interface DataLock {
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  readonly birth: string | null;
}

/**
 * Takes the data folder for this process, by a file that names it. A lock whose process is gone, or whose process id
 * belongs to another process by now, is taken over.
 */
export async function lockDataFolder(lockFile: string): Promise<DataLock> {
  const mine = JSON.stringify({ pid: process.pid, birth: await birthOf(process.pid) } satisfies Holder);
  const draft = `${lockFile}.${randomUUID()}`;
  await writeFile(draft, mine);
  try {
    while (!(await tryLink(draft, lockFile))) {
      const found = await readIfThere(lockFile);
      if (found === null) continue;
      const holder = parseHolder(found);
      if (holder !== null && (await isHeld(holder))) throw inUse(lockFile, holder.pid);
      if (await tryTakeOver(draft, lockFile, found)) break;
    }
  } finally {
    await rm(draft, { force: true });
  }
  return {
    async release() {
      if ((await readIfThere(lockFile)) === mine) await rm(lockFile, { force: true });
    },
  };
}

/** Rejects if a gateway runs on the data folder. */
export async function refuseIfLocked(lockFile: string): Promise<void> {
  const holder = parseHolder((await readIfThere(lockFile)) ?? '');
  if (holder !== null && (await isHeld(holder))) throw inUse(lockFile, holder.pid);
}

function inUse(lockFile: string, pid: number) {
  return localFault(
    `The data folder is in use by the gateway with process id ${pid} (${lockFile}). End it first, or name another data folder.`,
  );
}

/** Hard links are atomic: of two that try at once, one succeeds. */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (thrown) {
    if (systemCode(thrown) === 'EEXIST') return false;
    throw thrown;
  }
}

/**
 * Puts our name into a lock that was judged stale, unless somebody else does: of several that judged the same content,
 * one gets the claim on it, and only who has the claim may replace it. The claim vanishes as it takes the lock's name,
 * so one that comes late with the same judgement gets the claim, too, but sees that the content is another one by then.
 */
async function tryTakeOver(draft: string, lockFile: string, judged: string): Promise<boolean> {
  const claim = `${lockFile}.${createHash('sha256').update(judged).digest('hex').slice(0, 16)}`;
  if (!(await tryLink(draft, claim))) {
    const rival = parseHolder((await readIfThere(claim)) ?? '');
    // Killed in the midst of it.
    if (rival !== null && !(await isHeld(rival))) await rm(claim, { force: true });
    await delay(5);
    return false;
  }
  if ((await readIfThere(lockFile)) === judged) {
    await rename(claim, lockFile);
    return true;
  }
  await rm(claim, { force: true });
  return false;
}

async function isHeld(holder: Holder): Promise<boolean> {
  return isAlive(holder.pid) && (holder.birth === null || holder.birth === (await birthOf(holder.pid)));
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null;
    throw thrown;
  }
}

function parseHolder(text: string): Holder | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number') return null;
    const birth = 'birth' in value && typeof value.birth === 'string' ? value.birth : null;
    return { pid: value.pid, birth };
  } catch {
    return null;
  }
}
