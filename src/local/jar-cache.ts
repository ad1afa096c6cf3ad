import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { localFault, systemCode } from './faults.ts';
import { copyDependencies } from './maven.ts';
import type { Environment, Logger, Progress } from './options.ts';
import { isAlive } from './processes.ts';
import { unpackArchives } from './unpack.ts';
import { endsAsZip } from './zip.ts';

/** The sets of jars. They are kept apart: the libraries that several use differ in version. */
export type Bundle = 'kafka' | 'flink' | 'flink-avro' | 'registry' | 'redis';

/** About how much a first start downloads, for the progress display only. */
const expectedBytes: Readonly<Record<Bundle, number>> = {
  kafka: 50e6,
  flink: 160e6,
  'flink-avro': 23e6,
  registry: 160e6,
  redis: 12e6,
};
const titles: Readonly<Record<Bundle, string>> = {
  kafka: 'Kafka',
  flink: 'Flink',
  'flink-avro': "Flink's Avro format",
  registry: 'the schema registry',
  redis: 'Redis',
};
const markerName = 'complete.json';

/** What {@link openBundle} needs beside the bundle's name. */
export interface CacheContext {
  readonly cacheDir: string;
  readonly env: Environment;
  readonly logger: Logger;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/** A folder with all jars of a bundle. */
export interface JarFolder {
  readonly path: string;
  readonly jars: readonly string[];
}

/** The jars of a bundle: from the cache if they are all there and whole, else fetched by Maven. */
export async function openBundle(bundle: Bundle, context: CacheContext): Promise<JarFolder> {
  const pom = fileURLToPath(new URL(`./${bundle}.pom.xml`, import.meta.url));
  const version = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 12);
  const path = join(context.cacheDir, `${bundle}-${version}`);
  const found = await checkFolder(path);
  if (found.state === 'whole') return { path, jars: found.jars };
  if (found.state === 'damaged') {
    context.logger.warn({ path }, `The jars of ${titles[bundle]} are damaged (${found.reason}): fetching them again.`);
    await rm(path, { recursive: true, force: true });
  }
  return fetchBundle(bundle, { pom, path, context });
}

interface Fetch {
  readonly pom: string;
  readonly path: string;
  readonly context: CacheContext;
}

async function fetchBundle(bundle: Bundle, { pom, path, context }: Fetch): Promise<JarFolder> {
  const { env, onProgress, signal } = context;
  const title = titles[bundle];
  onProgress({ step: 'download', text: `Fetching ${title} through Maven (once)`, fraction: 0 });
  const fetch = async (draft: string) => {
    await copyDependencies({
      pom,
      toFolder: draft,
      env,
      signal,
      onProgress: ({ files, bytes }) =>
        onProgress({
          step: 'download',
          text: `Fetching ${title} through Maven (once): ${files} files, ${(bytes / 1e6).toFixed(0)} MB`,
          fraction: Math.min(1, bytes / expectedBytes[bundle]),
        }),
    });
    await unpackArchives(draft, signal);
  };
  const folder = await fillFolder(path, fetch);
  onProgress({ step: 'download', text: `${title} is in ${path}`, fraction: 1 });
  return folder;
}

/** Fills a folder of this process, which takes its name when it is whole: so a start never sees half of it. */
export async function fillFolder(path: string, fill: (draft: string) => Promise<void>): Promise<JarFolder> {
  const cacheDir = dirname(path);
  const draft = `${path}.part-${process.pid}-${randomUUID()}`;
  await mkdir(cacheDir, { recursive: true });
  await removeAbandonedDrafts(cacheDir);
  try {
    await fill(draft);
    await sealFolder(draft);
    await moveIntoPlace(draft, path);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  const found = await checkFolder(path);
  if (found.state !== 'whole') throw localFault(`The jars could not be put into ${path}.`);
  return { path, jars: found.jars };
}

/** What was found in a folder of the cache. */
export type FolderState =
  | { readonly state: 'absent' }
  | { readonly state: 'damaged'; readonly reason: string }
  | { readonly state: 'whole'; readonly jars: readonly string[] };

/** Compares a folder with its marker: every file there, with its size, ending as a zip file does. */
export async function checkFolder(path: string): Promise<FolderState> {
  const marker = await readMarker(path);
  if (marker === 'absent') return { state: 'absent' };
  if (marker === 'damaged') return { state: 'damaged', reason: `${markerName} is missing or cannot be read` };
  const faults = await Promise.all(
    Object.entries(marker).map(async ([name, size]) => {
      const file = join(path, name);
      const found = await stat(file).catch(() => null);
      if (found === null) return `${name} is missing`;
      if (found.size !== size) return `${name} has ${found.size} bytes instead of ${size}`;
      return (await endsAsZip(file)) ? null : `${name} is not a whole zip file`;
    }),
  );
  const reason = faults.find((fault) => fault !== null);
  if (reason) return { state: 'damaged', reason };
  return { state: 'whole', jars: Object.keys(marker).map((name) => join(path, name)) };
}

/** Writes the marker of a freshly filled folder, the last of its files. */
export async function sealFolder(path: string): Promise<void> {
  const names = (await readdir(path, { recursive: true })).filter((name) => name.endsWith('.jar')).sort();
  const marker: Record<string, number> = {};
  for (const name of names) {
    const file = join(path, name);
    if (!(await endsAsZip(file))) {
      throw localFault(
        `Maven brought a damaged file, ${name}. Delete it in Maven's own repository (~/.m2/repository) and start again.`,
      );
    }
    marker[name] = (await stat(file)).size;
  }
  await writeFile(join(path, markerName), JSON.stringify(marker, null, 1));
}

async function readMarker(path: string): Promise<Record<string, number> | 'absent' | 'damaged'> {
  if ((await stat(path).catch(() => null)) === null) return 'absent';
  try {
    const value: unknown = JSON.parse(await readFile(join(path, markerName), 'utf8'));
    const sizes: Record<string, number> = {};
    for (const [name, size] of Object.entries(value ?? {})) if (typeof size === 'number') sizes[name] = size;
    return Object.keys(sizes).length === 0 ? 'damaged' : sizes;
  } catch {
    return 'damaged';
  }
}

/** Where another start was faster, its folder is as good as ours. */
async function moveIntoPlace(draft: string, path: string): Promise<void> {
  try {
    await rename(draft, path);
  } catch (thrown) {
    const taken = ['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(systemCode(thrown) ?? '');
    if (!taken || (await checkFolder(path)).state !== 'whole') throw thrown;
  }
}

async function removeAbandonedDrafts(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    const pid = Number(/\.part-(\d+)-/.exec(name)?.[1] ?? Number.NaN);
    if (!Number.isNaN(pid) && !isAlive(pid)) await rm(join(cacheDir, name), { recursive: true, force: true });
  }
}
