import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import type { Environment } from './options.ts';
import { sendSignal } from './processes.ts';

/** A program to run beside this one. */
export interface ChildCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Environment;
  /** Where its output goes, appended. */
  readonly logFile: string;
}

/** How a program ended: by itself with a code, or by a signal. */
interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A running program. */
export interface Child {
  readonly pid: number;
  /** Settles when it has ended; never rejects. */
  readonly exited: Promise<Exit>;
  /** Ends it, politely first; resolves when it has ended. */
  end(graceMs: number): Promise<void>;
}

/** The process groups to end with this process, in whatever way that ends short of being killed. */
const running = new Set<number>();

function killAll(): void {
  for (const group of running) sendSignal(group, 'SIGKILL');
}

/**
 * Starts a program in a process group of its own, so that the terminal's Ctrl-C does not reach it and the order of
 * ending is ours. It is killed at the latest when this process exits.
 */
export async function spawnChild({ command, args, env, logFile }: ChildCommand): Promise<Child> {
  await using log = await open(logFile, 'a');
  const child = spawn(command, args, {
    env,
    detached: true,
    windowsHide: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const group = process.platform === 'win32' ? pid : -pid;
  if (running.size === 0) process.on('exit', killAll);
  running.add(group);
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      running.delete(group);
      if (running.size === 0) process.off('exit', killAll);
      resolve({ code, signal });
    });
  });
  return {
    pid,
    exited,
    async end(graceMs) {
      sendSignal(group, 'SIGTERM');
      const force = setTimeout(() => sendSignal(group, 'SIGKILL'), graceMs);
      await exited;
      clearTimeout(force);
    },
  };
}
