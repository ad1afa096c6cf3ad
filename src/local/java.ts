import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '#errors';
import { missingPart } from './faults.ts';
import type { Environment } from './options.ts';

const run = promisify(execFile);

/** The oldest Java that Kafka 4 brokers run on. */
const oldestJava = 17;

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
