import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { dataMark, endLeftovers } from '../../src/local/leftovers.ts';
import { birthOf, endProcesses, isAlive } from '../../src/local/processes.ts';
import { useTempDir } from '../support/temp-dir.ts';

const started: ChildProcess[] = [];

/** A process that waits for ever, with the argument, and has said that it is ready. */
async function startProcess(argument: string, script = ''): Promise<number> {
  const code = `${script}; setInterval(() => {}, 60_000); process.stdout.write('ready')`;
  const child = spawn(process.execPath, ['-e', code, '--', argument], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  await once(child.stdout, 'data');
  return child.pid ?? 0;
}

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

describe('endLeftovers', () => {
  const temp = useTempDir();

  it('ends the processes that are marked with the data folder, and no others', async () => {
    const mine = await startProcess(dataMark(temp.path));
    const neighbour = await startProcess(dataMark(`${temp.path}-2`));
    expect(await endLeftovers(temp.path)).toEqual([mine]);
    expect(isAlive(mine)).toBe(false);
    expect(isAlive(neighbour)).toBe(true);
  });

  it('finds none where none is', async () => {
    expect(await endLeftovers(temp.path)).toEqual([]);
  });
});

describe('endProcesses', () => {
  it('kills one that does not heed the polite signal', async () => {
    const stubborn = await startProcess('x', "process.on('SIGTERM', () => {})");
    await endProcesses([stubborn], 100);
    expect(isAlive(stubborn)).toBe(false);
  });
});

describe('birthOf', () => {
  it('is the same each time it is asked', async () => {
    expect(await birthOf(process.pid)).not.toBeNull();
    expect(await birthOf(process.pid)).toBe(await birthOf(process.pid));
  });

  it('is null for a process that is gone', async () => {
    const pid = await startProcess('x');
    await endProcesses([pid], 5_000);
    expect(await birthOf(pid)).toBeNull();
  });
});
