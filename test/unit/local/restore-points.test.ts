import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRestorePoints } from '#local';
import { useTempDir } from '../../support/temp-dir.ts';

describe('restore points', () => {
  const temp = useTempDir();
  const open = () =>
    createRestorePoints({ checkpointDir: join(temp.path, 'checkpoints'), savepointDir: join(temp.path, 'savepoints') });

  /** A restore point as Flink writes it, complete at the given second. */
  async function put(path: string, second: number): Promise<void> {
    const folder = join(temp.path, path);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, '_metadata'), 'state');
    await utimes(join(folder, '_metadata'), second, second);
  }

  it('has none for a view that never ran', async () => {
    expect(await open().newest('top_users', ['abc'])).toBeNull();
  });

  it('finds the newest checkpoint over all jobs of the view', async () => {
    await put('checkpoints/top_users/abc/job1/chk-90', 1_000);
    await put('checkpoints/top_users/abc/job2/chk-3', 2_000);
    await put('checkpoints/top_users/abc/job2/chk-2', 1_900);
    expect(await open().newest('top_users', ['abc'])).toBe(`file://${temp.path}/checkpoints/top_users/abc/job2/chk-3`);
  });

  it('prefers a savepoint that is newer', async () => {
    await put('checkpoints/top_users/abc/job1/chk-90', 1_000);
    await put('savepoints/top_users/abc/savepoint-1f2e', 1_001);
    expect(await open().newest('top_users', ['abc'])).toBe(
      `file://${temp.path}/savepoints/top_users/abc/savepoint-1f2e`,
    );
  });

  it('passes over what is not complete', async () => {
    await put('checkpoints/top_users/abc/job1/chk-1', 1_000);
    await mkdir(join(temp.path, 'checkpoints/top_users/abc/job1/chk-2'));
    await mkdir(join(temp.path, 'checkpoints/top_users/abc/job1/chk-3'));
    await writeFile(join(temp.path, 'checkpoints/top_users/abc/job1/chk-3/_metadata'), '');
    expect(await open().newest('top_users', ['abc'])).toMatch(/chk-1$/);
  });

  it('never offers the state of other SQL or of another view', async () => {
    await put('checkpoints/top_users/other/job1/chk-1', 1_000);
    await put('checkpoints/top_pages/abc/job1/chk-1', 1_000);
    expect(await open().newest('top_users', ['abc'])).toBeNull();
  });

  it('names the folders for a view as URLs that Flink takes', () => {
    expect(open().checkpointDir('top_users', 'abc')).toBe(`file://${temp.path}/checkpoints/top_users/abc`);
    expect(open().savepointDir('top_users', 'abc')).toBe(`file://${temp.path}/savepoints/top_users/abc`);
  });

  it('keeps the newest three when it prunes, and no empty jobs', async () => {
    await put('checkpoints/top_users/abc/job1/chk-1', 1_000);
    await put('checkpoints/top_users/abc/job2/chk-2', 2_000);
    await put('checkpoints/top_users/abc/job3/chk-3', 3_000);
    await put('checkpoints/top_users/abc/job3/chk-4', 4_000);
    await put('savepoints/top_users/abc/savepoint-1', 1_500);
    await put('savepoints/top_users/abc/savepoint-2', 5_000);
    await mkdir(join(temp.path, 'checkpoints/top_users/abc/job1/shared'));
    await open().prune('top_users', 'abc');
    expect(await readdir(join(temp.path, 'checkpoints/top_users/abc'))).toEqual(['job3']);
    expect(await readdir(join(temp.path, 'checkpoints/top_users/abc/job3'))).toEqual(['chk-3', 'chk-4']);
    expect(await readdir(join(temp.path, 'savepoints/top_users/abc'))).toEqual(['savepoint-2']);
  });

  it('finds the newest of several versions, and keeps with each what its state belongs to', async () => {
    await put('checkpoints/top_users/abc/job1/chk-1', 1_000);
    await put('savepoints/top_users/def/savepoint-1', 2_000);
    await put('savepoints/top_users/old/savepoint-1', 3_000);
    const points = open();
    expect(await points.newest('top_users', ['abc', 'def', 'none'])).toMatch(/def\/savepoint-1$/);
    await points.notePlan('top_users', 'def', 'plan 1');
    await points.notePlan('top_users', 'abc', 'plan 2');
    await utimes(join(temp.path, 'savepoints/top_users/def/plan.txt'), 1, 1);
    expect([...(await points.plans('top_users'))]).toEqual([
      ['def', 'plan 1'],
      ['abc', 'plan 2'],
    ]);
    expect(await points.newest('top_users', ['abc'])).toMatch(/abc\/job1\/chk-1$/);
    expect((await points.plans('other_view')).size).toBe(0);
  });
});
