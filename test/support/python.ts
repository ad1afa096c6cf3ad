import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '#errors';
import { defaultCacheDir } from '../../src/local/folders.ts';

const run = promisify(execFile);
const requirements = join(import.meta.dirname, '../python/requirements.txt');
/** What the oldest of the packages needs. */
const oldestMinor = 9;

/** The machine's Python, or why the tests that need one are skipped. */
export type FoundPython =
  | { readonly ok: true; readonly command: string; readonly version: string }
  | { readonly ok: false; readonly reason: string };

/** Looks for Python on the path. It is no prerequisite. */
export async function findPython(): Promise<FoundPython> {
  const command = process.platform === 'win32' ? 'python' : 'python3';
  const ask = 'import sys, venv, ensurepip; print(sys.version_info[0], sys.version_info[1], sys.version, sys.prefix)';
  try {
    const { stdout } = await run(command, ['-c', ask], { timeout: 30_000 });
    const [major = 0, minor = 0] = stdout.split(' ').map(Number);
    if (major === 3 && minor >= oldestMinor) return { ok: true, command, version: stdout };
    return { ok: false, reason: `Python 3.${oldestMinor} or later is needed, ${command} is ${major}.${minor}` };
  } catch (thrown) {
    const [why] = messageOf(thrown).trim().split('\n').slice(-1);
    return { ok: false, reason: `Python 3.${oldestMinor} or later with venv is needed, and was not found: ${why}` };
  }
}

/** A Python with the packages that the documented programs use. */
export interface Python {
  /** Starts a program; disposing ends it. */
  start(program: string): PythonProgram;
  /** Runs a program to its end; resolves with what it printed. Rejects when it fails. */
  run(program: string): Promise<string>;
}

/** A program that runs. */
interface PythonProgram extends AsyncDisposable {
  /** Resolves with all output when the program has printed lines that fit, so many; rejects when it ends before that. */
  printed(pattern: RegExp, lines: number): Promise<readonly string[]>;
}

/** Makes the environment for the programs, once on a machine: it is kept beside the jars. */
export async function openPython({ command, version }: FoundPython & { readonly ok: true }): Promise<Python> {
  const wanted = await readFile(requirements);
  const hash = createHash('sha256').update(wanted).update(version).digest('hex').slice(0, 12);
  const cacheDir = defaultCacheDir(process.env, process.platform);
  const folder = join(cacheDir, `python-${hash}`);
  if (!existsSync(pythonOf(folder))) {
    const unfinished = `${folder}.${process.pid}`;
    await mkdir(cacheDir, { recursive: true });
    await install(command, unfinished);
    // A broken one is replaced; of two that were made at the same time the first stays.
    if (!existsSync(pythonOf(folder))) await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true, force: true }));
  }
  return createPython(pythonOf(folder));
}

async function install(command: string, folder: string): Promise<void> {
  try {
    await run(command, ['-m', 'venv', folder], { timeout: 60_000 });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements];
    await run(pythonOf(folder), pip, { timeout: 200_000 });
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true });
    throw new Error(`The packages of ${requirements} could not be installed: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function pythonOf(folder: string): string {
  return process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
}

function createPython(command: string): Python {
  return {
    start: (program) => startProgram(command, program),
    run: async (program) => (await run(command, ['-u', '-c', program], { timeout: 240_000 })).stdout,
  };
}

function startProgram(command: string, program: string): PythonProgram {
  const child = spawn(command, ['-u', '-c', program], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let look = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      look();
    });
  }
  const exited = once(child, 'close');
  return {
    printed: (pattern, count) =>
      new Promise((resolve, reject) => {
        look = () => {
          const lines = output.split('\n').filter((line) => pattern.test(line));
          if (lines.length >= count) resolve(lines);
        };
        look();
        exited.then(
          () => reject(new Error(`The program ended before it printed ${count} × ${pattern}:\n${output}`)),
          reject,
        );
      }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
