import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { toFlinkUrl } from './folders.ts';

/** Where the state of views lies, and what they can go on from. Paths are `file:` URLs as Flink takes them. */
export interface RestorePoints {
  /** The newest complete checkpoint or savepoint of these versions of a view, each named by its hash; null if there is none. */
  newest(view: string, hashes: readonly string[]): Promise<string | null>;
  /** For `execution.checkpointing.dir` of the view's job. */
  checkpointDir(view: string, hash: string): string;
  /** Where to put the view's savepoints. */
  savepointDir(view: string, hash: string): string;
  /** Deletes all but the newest few. Only while no job of the view and hash runs. */
  prune(view: string, hash: string): Promise<void>;
  /** Keeps a text with a version of a view: what its state belongs to. */
  notePlan(view: string, hash: string, plan: string): Promise<void>;
  /** The texts kept with all versions of a view, by hash, the one kept last being the last. */
  plans(view: string): Promise<ReadonlyMap<string, string>>;
}

interface Found {
  readonly path: string;
  readonly createdAtMs: number;
}

/** One more than Flink keeps by itself, for the case that the newest turns out to be damaged. */
const kept = 3;
const planFile = 'plan.txt';

/**
 * Finds restore points by looking at the file system, so that they are found, too, when the JobManager that made them
 * is long gone: `<checkpoints>/<view>/<hash>/<job id>/chk-<n>/_metadata`, `<savepoints>/<view>/<hash>/savepoint-…/_metadata`.
 */
export function createRestorePoints(dirs: {
  readonly checkpointDir: string;
  readonly savepointDir: string;
}): RestorePoints {
  const find = async (view: string, hash: string): Promise<readonly Found[]> => {
    const jobs = await subfolders(join(dirs.checkpointDir, view, hash));
    const checkpoints = await Promise.all(jobs.map(subfolders));
    const savepoints = await subfolders(join(dirs.savepointDir, view, hash));
    const found = await Promise.all([...checkpoints.flat(), ...savepoints].map(completed));
    return found.filter((point) => point !== null).sort(byAge);
  };
  return {
    async newest(view, hashes) {
      const [first] = (await Promise.all(hashes.map((hash) => find(view, hash)))).flat().sort(byAge);
      return first === undefined ? null : toFlinkUrl(first.path);
    },
    checkpointDir: (view, hash) => toFlinkUrl(join(dirs.checkpointDir, view, hash)),
    savepointDir: (view, hash) => toFlinkUrl(join(dirs.savepointDir, view, hash)),
    async prune(view, hash) {
      const points = await find(view, hash);
      const keep = new Set(points.slice(0, kept).flatMap(({ path }) => [path, dirname(path)]));
      for (const { path } of points.slice(kept)) await rm(path, { recursive: true, force: true });
      // What an ended job left beside its checkpoints (folders for shared state, unfinished checkpoints).
      for (const job of await subfolders(join(dirs.checkpointDir, view, hash))) {
        if (!keep.has(job)) await rm(job, { recursive: true, force: true });
      }
    },
    async notePlan(view, hash, plan) {
      const folder = join(dirs.savepointDir, view, hash);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, planFile), plan);
    },
    async plans(view) {
      const folders = await subfolders(join(dirs.savepointDir, view));
      const noted = await Promise.all(folders.map(readPlan));
      const inOrder = noted.filter((plan) => plan !== null).sort((a, b) => a.notedAtMs - b.notedAtMs);
      return new Map(inOrder.map(({ hash, plan }) => [hash, plan]));
    },
  };
}

/** The newest first. */
function byAge(a: Found, b: Found): number {
  return b.createdAtMs - a.createdAtMs;
}

/** Flink writes `_metadata` last. */
async function completed(path: string): Promise<Found | null> {
  const metadata = await stat(join(path, '_metadata')).catch(() => null);
  return metadata === null || metadata.size === 0 ? null : { path, createdAtMs: metadata.mtimeMs };
}

async function readPlan(folder: string) {
  try {
    const path = join(folder, planFile);
    const [plan, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    return { hash: basename(folder), plan, notedAtMs: mtimeMs };
  } catch {
    // A version that was never noted, or was deleted meanwhile.
    return null;
  }
}

async function subfolders(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(path, entry.name));
}
