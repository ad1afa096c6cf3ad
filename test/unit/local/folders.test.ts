import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cleanLocalData } from '#local';
import { lockDataFolder } from '../../../src/local/data-lock.ts';
import { dataFolders, defaultCacheDir, makeDataFolder, makeSubfolders } from '../../../src/local/folders.ts';
import { useTempDir } from '../../support/temp-dir.ts';

describe('the data folder', () => {
  const temp = useTempDir();

  it('is refused, with the reason, where it cannot be made', async () => {
    await writeFile(join(temp.path, 'file'), '');
    const making = makeDataFolder(join(temp.path, 'file', 'data'));
    await expect(making).rejects.toMatchObject({ code: 'LOCAL_STACK' });
    await expect(making).rejects.toThrow(/The data folder .* cannot be written: .*ENOTDIR/);
  });

  it('has its temporary files removed at each start, and nothing else', async () => {
    const folders = await makeDataFolder(join(temp.path, 'data'));
    await makeSubfolders(folders);
    await writeFile(join(folders.tmp, 'left over'), '');
    await writeFile(join(folders.savepoints, 'kept'), '');
    await makeSubfolders(folders);
    expect(await readdir(folders.tmp)).toEqual([]);
    expect(await readdir(folders.savepoints)).toEqual(['kept']);
  });
});

describe('cleanLocalData', () => {
  const temp = useTempDir();

  it('forgets what the stack kept, and spares what is not its own', async () => {
    await makeSubfolders(dataFolders(temp.path));
    await mkdir(join(temp.path, 'kafka'));
    await writeFile(join(temp.path, 'notes.txt'), 'mine');
    expect(await cleanLocalData(temp.path)).toBe(true);
    expect(await readdir(temp.path)).toEqual(['notes.txt']);
  });

  it('removes the folder itself when nothing else is in it', async () => {
    const folders = await makeDataFolder(join(temp.path, 'data'));
    await makeSubfolders(folders);
    await cleanLocalData(folders.root);
    expect(await readdir(temp.path)).toEqual([]);
  });

  it('has nothing to do where nothing ever ran', async () => {
    expect(await cleanLocalData(join(temp.path, 'none'))).toBe(false);
  });

  it('refuses while a gateway runs there', async () => {
    const folders = dataFolders(temp.path);
    await makeSubfolders(folders);
    await lockDataFolder(folders.lock);
    await expect(cleanLocalData(temp.path)).rejects.toThrow(`process id ${process.pid}`);
    expect(await readdir(temp.path)).toContain('flink');
  });
});

describe('defaultCacheDir', () => {
  it('is where the user keeps caches on each system', () => {
    expect(defaultCacheDir({ XDG_CACHE_HOME: '/x' }, 'linux', '/home/ada')).toBe('/x/sluice');
    expect(defaultCacheDir({}, 'linux', '/home/ada')).toBe('/home/ada/.cache/sluice');
    expect(defaultCacheDir({}, 'darwin', '/Users/ada')).toBe('/Users/ada/Library/Caches/sluice');
    expect(defaultCacheDir({ LOCALAPPDATA: '/l' }, 'win32', '/h')).toBe('/l/sluice');
  });
});
