import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { systemCode } from './faults.ts';

const run = promisify(execFile);

/** True while the process runs (also as somebody else's). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    return systemCode(thrown) === 'EPERM';
  }
  return !isZombie(pid);
}

/** Ended, but not yet collected by its parent: in a container whose first process collects nobody it stays so. */
function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    return afterCommand(readFileSync(`/proc/${pid}/stat`, 'utf8'))[0] === 'Z';
  } catch {
    return true;
  }
}

/** The fields of proc(5)'s stat from the third on; the second, the command in parentheses, may hold blanks. */
function afterCommand(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/**
 * Something that tells a process from a later one with the same id: its start time, as the system writes it.
 * Null if there is no such process or the system does not tell.
 */
export async function birthOf(pid: number): Promise<string | null> {
  try {
    if (process.platform === 'linux') {
      const fields = afterCommand(await readFile(`/proc/${pid}/stat`, 'utf8'));
      // Fields 3, state, and 22, starttime.
      return fields[0] === 'Z' ? null : (fields[19] ?? null);
    }
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return stdout.trim() || null;
  } catch {
    return null;
  }
}

/** The processes with this very argument. Asks the system, so it sees those of a gateway that was killed, too. */
export async function findByArgument(argument: string): Promise<readonly number[]> {
  if (process.platform === 'linux') {
    const entries = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const found = await Promise.all(
      entries.map(async (pid) => {
        const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        return commandLine.split('\0').includes(argument);
      }),
    );
    return entries.filter((_, index) => found[index]).map(Number);
  }
  if (process.platform === 'win32') return [];
  const { stdout } = await run('ps', ['-axww', '-o', 'pid=,command='], { maxBuffer: 64 << 20 });
  return stdout
    .split('\n')
    .filter((line) => `${line} `.includes(` ${argument} `))
    .map((line) => Number.parseInt(line, 10));
}

/** Sends the signal; a process that is gone already is fine. A negative id means the process's group. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself in the meantime.
  }
}

/** Ends the processes: politely first, by force after the deadline. Resolves when none is left. */
export async function endProcesses(pids: readonly number[], graceMs: number): Promise<void> {
  for (const pid of pids) sendSignal(pid, 'SIGTERM');
  if (await areGone(pids, graceMs)) return;
  for (const pid of pids) sendSignal(pid, 'SIGKILL');
  await areGone(pids, 10_000);
}

async function areGone(pids: readonly number[], withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs;
  while (pids.some(isAlive)) {
    if (Date.now() >= until) return false;
    await delay(50);
  }
  return true;
}
