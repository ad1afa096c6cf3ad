import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '#errors';
import { localFault, missingPart } from './faults.ts';
import type { Environment } from './options.ts';

const run = promisify(execFile);
const javaFile = process.platform === 'win32' ? 'java.exe' : 'java';

/** The oldest Java that Kafka 4 brokers run on. */
const oldestJava = 17;
/** The oldest Java that the schema registry runs on. */
const oldestRegistryJava = 21;

/** A Java that was found. */
export interface Java {
  readonly command: string;
  readonly major: number;
  /** What it says of itself, all lines; differs between builds. */
  readonly version: string;
}

/** Finds Java, `JAVA_HOME` first, then the path, and sees that it is new enough. */
export async function findJava(env: Environment): Promise<Java> {
  const command = env.JAVA_HOME ? join(env.JAVA_HOME, 'bin', 'java') : 'java';
  const version = await askVersion(command, env);
  const major = javaMajor(version);
  if (major === null) throw missingPart(`${command} -version does not tell its version: ${version.slice(0, 200)}`);
  if (major < oldestJava) {
    throw missingPart(`Java ${major} (${command}) is too old: Kafka and Flink need Java ${oldestJava} or later.`);
  }
  return { command, major, version };
}

/**
 * A Java for the schema registry: the same when it is new enough, else another that is installed on this machine: on
 * the path, or where systems and version managers put them.
 */
export async function findLaterJava(env: Environment, java: Java): Promise<Java> {
  if (java.major >= oldestRegistryJava) return java;
  for (const command of await otherJavas(env)) {
    const version = await run(command, ['-version'], { env, timeout: 30_000 }).then(
      ({ stdout, stderr }) => `${stderr}${stdout}`.trim(),
      () => '',
    );
    const major = javaMajor(version);
    if (major !== null && major >= oldestRegistryJava) return { command, major, version };
  }
  throw localFault(
    `The schema registry, which a declaration needs, runs on Java ${oldestRegistryJava} or later; of that none was found (${java.command} is Java ${java.major}). Install one, for example \`apt install openjdk-21-jre-headless\`, or set SLUICE_REGISTRY_URL to a registry that runs already.`,
  );
}

/** The folder with `javac` and `jar`: beside that Java, or of another one that is installed on this machine. */
export async function findJdk(env: Environment, java: Java, homes = javaHomes): Promise<string> {
  const commands = [...(isAbsolute(java.command) ? [java.command] : []), ...(await otherJavas(env, homes))];
  // On the path there are links, of which a system may make one for `java` alone.
  const found = await Promise.all(commands.map(async (command) => [command, await realpath(command)]));
  const folder = found.flat().map(dirname).find(hasCompiler);
  if (folder !== undefined) return folder;
  throw localFault(
    `Flink reads streams of the formats AVRO and PROTOBUF by way of a jar that is compiled on this machine, once, and no Java compiler (javac) was found: ${java.command} only runs programs. Install a JDK, for example \`apt install openjdk-17-jdk-headless\` or \`brew install openjdk\`, or set JAVA_HOME to one.`,
  );
}

function hasCompiler(folder: string): boolean {
  return ['javac', 'jar'].every((tool) => existsSync(join(folder, tool)) || existsSync(join(folder, `${tool}.exe`)));
}

/** Where systems and version managers put Javas. */
const javaHomes: readonly string[] = [
  '/usr/lib/jvm',
  '/opt/java',
  join(homedir(), '.sdkman/candidates/java'),
  join(homedir(), '.jdks'),
  '/Library/Java/JavaVirtualMachines',
  'C:\\Program Files\\Java',
  'C:\\Program Files\\Eclipse Adoptium',
];

async function otherJavas(env: Environment, homes = javaHomes): Promise<readonly string[]> {
  const onPath = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = await Promise.all(
    homes.map(async (home) => (await readdir(home).catch(() => [])).map((name) => join(home, name))),
  );
  const installed = found.flat().flatMap((home) => [join(home, 'bin'), join(home, 'Contents/Home/bin')]);
  const commands = [...onPath, ...installed].map((folder) => join(folder, javaFile));
  return commands.filter((command) => existsSync(command));
}

async function askVersion(command: string, env: Environment): Promise<string> {
  try {
    const { stdout, stderr } = await run(command, ['-version'], { env, timeout: 30_000 });
    return `${stderr}${stdout}`.trim();
  } catch (thrown) {
    const place = env.JAVA_HOME ? `JAVA_HOME is ${env.JAVA_HOME}, but ${command} does not run` : 'Java was not found';
    throw missingPart(
      `${place}: the local Kafka and Flink are Java programs (${messageOf(thrown).split('\n')[0]}).`,
      thrown,
    );
  }
}

/** The feature version in the output of `java -version`: 17 of `"17.0.15"`, 25 of `"25-ea"`, 8 of `"1.8.0_402"`; null if it has none. */
export function javaMajor(output: string): number | null {
  const match = /version "(?:1\.)?(\d+)/.exec(output);
  return match === null ? null : Number(match[1]);
}
