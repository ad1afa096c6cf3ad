import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { localFault, missingPart, systemCode } from './faults.ts';
import type { Environment } from './options.ts';

/** What Maven has brought so far. */
interface Downloaded {
  readonly files: number;
  readonly bytes: number;
}

/** One run of Maven: the jars that a pom names, and all they need, copied to a folder. */
export interface MavenRun {
  readonly pom: string;
  readonly toFolder: string;
  readonly env: Environment;
  readonly onProgress: (downloaded: Downloaded) => void;
  readonly signal: AbortSignal;
}

const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

/** Copies the jars of a pom and of its dependencies into the folder. Rejects with what Maven said last when it fails. */
export async function copyDependencies(run: MavenRun): Promise<void> {
  const windows = process.platform === 'win32';
  const quote = (text: string) => (windows ? `"${text}"` : text);
  const args = ['-B', '-C', '-Dstyle.color=never', '-f', quote(run.pom), plugin];
  const child = spawn(windows ? 'mvn.cmd' : 'mvn', [...args, quote(`-DoutputDirectory=${run.toFolder}`)], {
    env: run.env,
    shell: windows,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: run.signal,
  });
  let downloaded: Downloaded = { files: 0, bytes: 0 };
  const errors: string[] = [];
  const read = (line: string) => {
    const bytes = downloadedBytes(line);
    if (bytes !== null) {
      downloaded = { files: downloaded.files + 1, bytes: downloaded.bytes + bytes };
      run.onProgress(downloaded);
    }
    if (line.startsWith('[ERROR]') && errors.length < 5) errors.push(line.slice(0, 500));
  };
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', read);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (thrown) => reject(systemCode(thrown) === 'ENOENT' ? noMaven(thrown) : thrown));
    child.once('close', resolve);
  });
  if (code !== 0) throw mavenFailed(errors);
}

/** How much a line of Maven's says that it has downloaded, or null. `Downloaded from central: … (1.2 MB at 3.4 MB/s)`. */
export function downloadedBytes(line: string): number | null {
  const match = /Downloaded from .* \(([\d.]+) (B|kB|MB|GB) at /.exec(line);
  if (match === null) return null;
  const units: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 };
  return Number(match[1]) * (units[match[2] ?? ''] ?? 0);
}

function noMaven(cause: unknown) {
  return missingPart('Maven (mvn) was not found; it fetches the jars of Kafka and Flink at the first start.', cause);
}

function mavenFailed(errors: readonly string[]) {
  const said = errors.length === 0 ? '(it said nothing)' : errors.join('\n');
  return localFault(
    `Maven could not fetch the jars of Kafka and Flink:\n${said}\nThe first start needs a connection to a Maven repository (or a mirror, in ~/.m2/settings.xml); later ones do not.`,
  );
}
