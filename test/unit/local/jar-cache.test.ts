import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Progress } from '#local';
import { checkFolder, openBundle, sealFolder } from '../../../src/local/jar-cache.ts';
import { emptyZip } from '../../support/fake-jars.ts';
import { useTempDir } from '../../support/temp-dir.ts';

describe('a folder of jars', () => {
  const temp = useTempDir();

  beforeEach(async () => {
    await writeFile(join(temp.path, 'a.jar'), emptyZip());
    await writeFile(join(temp.path, 'b.jar'), emptyZip('with a comment'));
    await sealFolder(temp.path);
  });

  it('is whole when it is as it was sealed', async () => {
    expect(await checkFolder(temp.path)).toEqual({
      state: 'whole',
      jars: [join(temp.path, 'a.jar'), join(temp.path, 'b.jar')],
    });
  });

  it('is absent when it was never made', async () => {
    expect(await checkFolder(join(temp.path, 'none'))).toEqual({ state: 'absent' });
  });

  it('is damaged without its marker, which is written last', async () => {
    await rm(join(temp.path, 'complete.json'));
    expect(await checkFolder(temp.path)).toMatchObject({ state: 'damaged' });
  });

  it('is damaged when a file is missing', async () => {
    await rm(join(temp.path, 'b.jar'));
    expect(await checkFolder(temp.path)).toEqual({ state: 'damaged', reason: 'b.jar is missing' });
  });

  it('is damaged when a file has another size', async () => {
    await writeFile(join(temp.path, 'b.jar'), '');
    expect(await checkFolder(temp.path)).toEqual({ state: 'damaged', reason: 'b.jar has 0 bytes instead of 36' });
  });

  it('is damaged when a file of the right size is no zip file', async () => {
    await writeFile(join(temp.path, 'a.jar'), Buffer.alloc(22));
    expect(await checkFolder(temp.path)).toEqual({ state: 'damaged', reason: 'a.jar is not a whole zip file' });
  });

  it('is not sealed with a damaged file in it', async () => {
    await writeFile(join(temp.path, 'c.jar'), 'half of a download');
    await expect(sealFolder(temp.path)).rejects.toThrow('Maven brought a damaged file, c.jar.');
  });
});

describe('openBundle', () => {
  const temp = useTempDir();
  const warnings: string[] = [];
  const progress: Progress[] = [];
  const quiet = () => {};

  /** Puts an `mvn` on the path that runs the script; `$out` is the folder to fill. */
  async function context(script: string) {
    const bin = join(temp.path, 'bin');
    await mkdir(bin, { recursive: true });
    const head =
      '#!/bin/sh\nfor arg; do case $arg in -DoutputDirectory=*) out=$(echo "$arg" | cut -d= -f2);; esac; done\n';
    await writeFile(join(bin, 'mvn'), head + script);
    await chmod(join(bin, 'mvn'), 0o755);
    await writeFile(join(temp.path, 'some.jar'), emptyZip());
    const logger = { debug: quiet, info: quiet, error: quiet, warn: (_: object, text: string) => warnings.push(text) };
    return {
      cacheDir: join(temp.path, 'cache'),
      env: { PATH: `${bin}:${dirname('/bin/sh')}:/usr/bin` },
      logger,
      onProgress: (one: Progress) => progress.push(one),
      signal: new AbortController().signal,
    };
  }

  const fetches = () => `mkdir -p "$out" && cp ${join(temp.path, 'some.jar')} "$out" && echo run >> ${temp.path}/runs
    echo 'Downloaded from central: https://repo.example/some.jar (1.5 MB at 2 MB/s)'`;
  const runs = async () => (await readdir(temp.path)).includes('runs');

  beforeEach(() => {
    warnings.length = 0;
    progress.length = 0;
  });

  it('fetches through Maven once, and says how far it is', async () => {
    const first = await openBundle('kafka', await context(fetches()));
    expect(first.jars).toEqual([join(first.path, 'some.jar')]);
    expect(progress.map(({ text }) => text)).toContainEqual(expect.stringContaining('1 files, 2 MB'));
    await rm(join(temp.path, 'runs'));
    expect(await openBundle('kafka', await context(fetches()))).toEqual(first);
    expect(await runs()).toBe(false);
  });

  it('fetches again what was damaged, with one line saying so', async () => {
    const first = await openBundle('kafka', await context(fetches()));
    await writeFile(join(first.path, 'some.jar'), 'half');
    const again = await openBundle('kafka', await context(fetches()));
    expect(await checkFolder(again.path)).toMatchObject({ state: 'whole' });
    expect(warnings).toEqual([
      'The jars of Kafka are damaged (some.jar has 4 bytes instead of 22): fetching them again.',
    ]);
  });

  it('bears two starts at once, and leaves nothing half done behind', async () => {
    const shared = await context(fetches());
    const found = await Promise.all([openBundle('kafka', shared), openBundle('kafka', shared)]);
    expect(found[0]).toEqual(found[1]);
    expect(await readdir(shared.cacheDir)).toEqual([expect.stringMatching(/^kafka-[0-9a-f]{12}$/)]);
  });

  it('says so when there is no Maven, and names the ways out', async () => {
    const without = { ...(await context('')), env: { PATH: join(temp.path, 'nowhere') } };
    await expect(openBundle('flink', without)).rejects.toThrow(
      /^Maven \(mvn\) was not found[\s\S]*apt install[\s\S]*KAFKA_BROKERS/,
    );
  });

  it('shows what Maven said when it failed, and keeps nothing of it', async () => {
    const failing = await context('mkdir -p "$out"; echo "[ERROR] Unknown host repo.example"; exit 1');
    const opening = openBundle('flink', failing);
    await expect(opening).rejects.toThrow(/\[ERROR\] Unknown host repo\.example[\s\S]*needs a connection/);
    expect(await readdir(failing.cacheDir)).toEqual([]);
  });
});
