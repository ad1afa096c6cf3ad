import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, cp, readdir, readFile, rm } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { messageOf } from '#errors';
import { localFault } from './faults.ts';
import { defaultCacheDir } from './folders.ts';
import { type CacheContext, checkFolder, fillFolder, type JarFolder, openBundle } from './jar-cache.ts';
import { findJava, findJdk, type Java } from './java.ts';

const run = promisify(execFile);
const sourceDir = fileURLToPath(new URL('./flink-formats', import.meta.url));
const jarName = 'sluice-flink-formats.jar';
/** The oldest Java that Flink 2 runs on: the jar is for other people's clusters, too. */
const javaRelease = '11';

/**
 * The jar with the formats `sluice-avro` and `sluice-protobuf`, behind the jars that it needs, Flink's among them. It is
 * compiled when it is needed first, and again when its source or one of those jars is another.
 */
export async function openFlinkFormats(java: Java, context: CacheContext): Promise<JarFolder> {
  const flink = await openBundle('flink', context);
  const avro = await openBundle('flink-avro', context);
  const libraries = [...flink.jars, ...avro.jars];
  const sources = await readSources();
  const path = join(context.cacheDir, `flink-formats-${keyOf(sources, libraries)}`);
  const found = await checkFolder(path);
  if (found.state === 'whole') return { path, jars: [...libraries, ...found.jars] };
  await rm(path, { recursive: true, force: true });
  context.onProgress({ step: 'download', text: "Compiling Sluice's formats for Flink (once)", fraction: 0 });
  const jdk = await findJdk(context.env, java);
  const { jars } = await fillFolder(path, (draft) => compile(draft, { jdk, sources, libraries, context }));
  return { path, jars: [...libraries, ...jars] };
}

/** Writes the jar for a Flink that runs already; everything that it is compiled against is fetched first. */
export async function writeFlinkJar(
  file: string,
  { cacheDir, ...context }: Omit<CacheContext, 'cacheDir'> & { readonly cacheDir: string | null },
): Promise<void> {
  const { env } = context;
  const java = await findJava(env);
  const cache = { ...context, cacheDir: cacheDir ?? defaultCacheDir(env, process.platform) };
  const { path } = await openFlinkFormats(java, cache);
  try {
    await copyFile(join(path, jarName), file);
  } catch (thrown) {
    throw localFault(`${file} could not be written: ${messageOf(thrown)}. Name another file with --out.`, thrown);
  }
}

interface SourceFile {
  readonly path: string;
  readonly content: Buffer;
}

async function readSources(): Promise<readonly SourceFile[]> {
  const files = await readdir(sourceDir, { recursive: true, withFileTypes: true });
  const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
  return await Promise.all(paths.sort().map(async (path) => ({ path, content: await readFile(path) })));
}

/** Names of jars have their versions. */
function keyOf(sources: readonly SourceFile[], libraries: readonly string[]): string {
  const hash = createHash('sha256').update(javaRelease);
  for (const { path, content } of sources) hash.update(`\n${basename(path)} ${content.length}\n`).update(content);
  for (const library of libraries) hash.update(`\n${basename(library)}`);
  return hash.digest('hex').slice(0, 12);
}

interface Compilation {
  /** The folder of the JDK's commands. */
  readonly jdk: string;
  readonly sources: readonly SourceFile[];
  readonly libraries: readonly string[];
  readonly context: CacheContext;
}

async function compile(draft: string, { jdk, sources, libraries, context }: Compilation): Promise<void> {
  const { env, signal } = context;
  const classes = join(draft, 'classes');
  const code = sources.flatMap(({ path }) => (path.endsWith('.java') ? [path] : []));
  const flags = ['--release', javaRelease, '-encoding', 'UTF-8', '-proc:none', '-nowarn'];
  try {
    await run(join(jdk, 'javac'), [...flags, '-cp', libraries.join(delimiter), '-d', classes, ...code], {
      env,
      signal,
    });
    await cp(join(sourceDir, 'META-INF'), join(classes, 'META-INF'), { recursive: true });
    await run(join(jdk, 'jar'), ['--create', '--file', join(draft, jarName), '-C', classes, '.'], { env, signal });
  } catch (thrown) {
    signal.throwIfAborted();
    throw localFault(`Sluice's formats for Flink could not be compiled with ${jdk}: ${messageOf(thrown)}`, thrown);
  }
  await rm(classes, { recursive: true });
}
