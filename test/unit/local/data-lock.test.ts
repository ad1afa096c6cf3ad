import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockDataFolder, refuseIfLocked } from '../../../src/local/data-lock.ts';
import { useTempDir } from '../../support/temp-dir.ts';

/** Above the largest process id that Linux gives. */
const nobody = 2 ** 22 + 1;

describe('lockDataFolder', () => {
  const temp = useTempDir();
  const lockFile = () => join(temp.path, 'gateway.pid');

  it('refuses a folder that another gateway uses, and names its process', async () => {
    const lock = await lockDataFolder(lockFile());
    const refused = `in use by the gateway with process id ${process.pid}`;
    await expect(lockDataFolder(lockFile())).rejects.toThrow(refused);
    await expect(refuseIfLocked(lockFile())).rejects.toThrow(refused);
    await lock.release();
    await refuseIfLocked(lockFile());
  });

  it('leaves no file behind when it is released', async () => {
    const lock = await lockDataFolder(lockFile());
    await lock.release();
    expect(await readdir(temp.path)).toEqual([]);
  });

  it('takes over from a process that is gone', async () => {
    await writeFile(lockFile(), JSON.stringify({ pid: nobody, birth: '1' }));
    await lockDataFolder(lockFile());
    expect(JSON.parse(await readFile(lockFile(), 'utf8'))).toMatchObject({ pid: process.pid });
  });

  it('takes over when the process id belongs to a younger process by now', async () => {
    await writeFile(lockFile(), JSON.stringify({ pid: process.pid, birth: 'long ago' }));
    await lockDataFolder(lockFile());
  });

  it('takes over a file that names nobody', async () => {
    await writeFile(lockFile(), '{"pid":');
    await lockDataFolder(lockFile());
  });

  it('lets one through when many start at once on a stale lock', async () => {
    await writeFile(lockFile(), JSON.stringify({ pid: nobody, birth: '1' }));
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockDataFolder(lockFile())));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(temp.path)).toEqual(['gateway.pid']);
  });
});
