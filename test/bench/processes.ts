import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** A process under measurement. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
  /** What its output matched first. */
  readonly found: string;
}

/** A process that does as it is told, one request after the other. */
export interface Worker<Requests> extends AsyncDisposable {
  readonly pid: number;
  /** Rejects when the worker could not do it, or has ended. */
  ask<Name extends keyof Requests & string>(
    name: Name,
    input: InputOf<Requests[Name]>,
  ): Promise<OutputOf<Requests[Name]>>;
}

type InputOf<Handler> = Handler extends (input: infer Input) => unknown ? Input : never;
type OutputOf<Handler> = Handler extends (input: never) => infer Output ? Awaited<Output> : never;

/** A gateway may take its time, and would leave its JVMs behind if it were cut off. */
const endDeadlineMs = 60_000;

/** All that this process started and that has not ended. */
const children = new Set<ChildProcess>();

/** Ends all that was started here, by force what is still there after the grace. */
export async function endChildren(graceMs: number): Promise<void> {
  const ends = [...children].map((child) => once(child, 'exit'));
  for (const child of children) child.kill('SIGTERM');
  const force = setTimeout(() => {
    for (const child of children) child.kill('SIGKILL');
  }, graceMs);
  await Promise.all(ends);
  clearTimeout(force);
}

/**
 * Ends by force what names the folder in its command line: JVMs whose own parent had to be ended so. The folder must be
 * nobody else's.
 */
export async function endOrphans(folder: string): Promise<void> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  for (const pid of pids) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (commandLine.includes(folder)) process.kill(Number(pid), 'SIGKILL');
  }
}

/** Starts a Node process and waits until its output matches. Disposing ends it and waits for its end. */
export async function run(args: readonly string[], ready: RegExp, env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const child = start(args, env);
  const found = await firstMatch(child, ready);
  return { pid: child.pid ?? -1, found, [Symbol.asyncDispose]: () => end(child) };
}

/** Starts a worker, a program that calls `obey`. Disposing ends it and waits for its end. */
export async function startWorker<Requests>(file: string): Promise<Worker<Requests>> {
  // kafkajs sets timers in the past, which Node remarks upon.
  const child = start([file], { NODE_NO_WARNINGS: '1' });
  child.stdout?.pipe(process.stderr);
  child.stderr?.pipe(process.stderr);
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${file} ended with ${code}.`)));
  ended.catch(() => {});
  return {
    pid: child.pid ?? -1,
    async ask(name, input) {
      const answer = once(child, 'message');
      child.send({ name, input });
      const [{ output, error }] = await Promise.race([answer, ended]);
      if (error !== undefined) throw new Error(`${file}, ${name}: ${error}`);
      return output;
    },
    [Symbol.asyncDispose]: () => end(child),
  };
}

function start(args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SLUICE_')));
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { NODE_ENV: 'production', ...clean, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), endDeadlineMs);
  await ended;
  clearTimeout(force);
}

function firstMatch(child: ChildProcess, ready: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (chunk: Buffer) => {
      output = `${output}${chunk}`.slice(-100_000);
      const match = ready.exec(output);
      if (match) resolve(match[0]);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`It ended with ${code}:\n${output}`)));
  });
}

/** Resident memory of a process, in MB (Linux). */
export async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1000;
}
