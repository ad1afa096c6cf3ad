import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openFlinkFormats } from '../../../src/local/format-jar.ts';
import { findJdk } from '../../../src/local/java.ts';
import { emptyZip } from '../../support/fake-jars.ts';
import { useTempDir } from '../../support/temp-dir.ts';

const temp = useTempDir();
const bin = () => join(temp.path, 'bin');
const java = () => ({ command: join(bin(), 'java'), major: 17, version: '' });

/** Puts a program on the path. */
async function program(name: string, script: string): Promise<void> {
  await mkdir(bin(), { recursive: true });
  await writeFile(join(bin(), name), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin(), name), 0o755);
}

beforeEach(async () => {
  await writeFile(join(temp.path, 'some.jar'), emptyZip());
  const jar = join(temp.path, 'some.jar');
  const each = (found: string) => `for arg; do ${found}; last=$arg; done`;
  await program('java', 'exit 0');
  await program(
    'mvn',
    `${each('case $arg in -DoutputDirectory=*) out=$(echo "$arg" | cut -d= -f2);; esac')}; mkdir -p "$out"; cp ${jar} "$out"`,
  );
  await program('javac', `echo "$*" >> ${temp.path}/compiled; ${each('[ "$last" = -d ] && mkdir -p "$arg"')}; true`);
  await program('jar', `${each(`[ "$last" = --file ] && cp ${jar} "$arg"`)}; true`);
});

function context() {
  const quiet = () => {};
  return {
    cacheDir: join(temp.path, 'cache'),
    env: { PATH: `${bin()}:/usr/bin:/bin` },
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    onProgress: quiet,
    signal: new AbortController().signal,
  };
}

describe("the jar of Sluice's own formats for Flink", () => {
  it('is compiled once, for the oldest Java of Flink, and stands behind all jars that it needs', async () => {
    const first = await openFlinkFormats(java(), context());
    expect(
      first.jars.map((path) =>
        path
          .split('/')
          .at(-2)
          ?.replace(/-[0-9a-f]{12}$/, ''),
      ),
    ).toEqual(['flink', 'flink-avro', 'flink-formats']);
    expect(await openFlinkFormats(java(), context())).toEqual(first);
    const [compiled, ...more] = (await readFile(join(temp.path, 'compiled'), 'utf8')).trim().split('\n');
    expect(more).toEqual([]);
    expect(compiled).toMatch(
      /^--release 11 .* -cp \S+some\.jar:\S+some\.jar -d \S+ .*AvroFormat\.java .*ProtobufFormat\.java/,
    );
    expect(await readdir(first.path)).toEqual(['complete.json', 'sluice-flink-formats.jar']);
  });

  it('bears two starts at once, and leaves nothing half done behind', async () => {
    const once = await openFlinkFormats(java(), context());
    await rm(once.path, { recursive: true });
    const found = await Promise.all([openFlinkFormats(java(), context()), openFlinkFormats(java(), context())]);
    expect(found).toEqual([once, once]);
    expect((await readdir(context().cacheDir)).filter((name) => name.includes('.part-'))).toEqual([]);
  });

  it('shows what the compiler said when it failed, and keeps nothing of it', async () => {
    await program('javac', 'echo "error: release version 11 not supported" >&2; exit 2');
    await expect(openFlinkFormats(java(), context())).rejects.toThrow(/release version 11 not supported/);
    expect((await readdir(context().cacheDir)).filter((name) => name.startsWith('flink-formats'))).toEqual([]);
  });
});

describe('the JDK', () => {
  it('is the folder with the compiler, which may be beside another Java than the one on the path', async () => {
    const home = join(temp.path, 'homes', 'jdk-21', 'bin');
    await mkdir(home, { recursive: true });
    for (const name of ['java', 'javac', 'jar']) await writeFile(join(home, name), '');
    await rm(join(bin(), 'javac'));
    expect(await findJdk({ PATH: bin() }, java(), [join(temp.path, 'homes')])).toBe(home);
  });

  it('is missing where there are only programs to run: one message says what for and what to do', async () => {
    await rm(join(bin(), 'jar'));
    await expect(findJdk({ PATH: bin() }, java(), [])).rejects.toThrow(
      /^Flink reads streams of the formats AVRO and PROTOBUF .* \(javac\) was found: .*apt install openjdk-17-jdk-headless/,
    );
  });
});
