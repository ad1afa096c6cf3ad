import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findLaterJava } from '../../../src/local/java.ts';
import { useTempDir } from '../../support/temp-dir.ts';

const java = (major: number) => ({ command: `/java-${major}`, major, version: '' });

describe('the Java of the schema registry', () => {
  const temp = useTempDir();

  it('is that of the others when it is new enough', async () => {
    expect(await findLaterJava({}, java(21))).toEqual(java(21));
  });

  it('is else another one, as on the path', async () => {
    const bin = join(temp.path, 'bin');
    await mkdir(bin);
    const command = join(bin, 'java');
    await writeFile(command, '#!/bin/sh\necho \'openjdk version "23.0.1" 2024-10-15\' >&2\n');
    await chmod(command, 0o755);
    expect(await findLaterJava({ PATH: bin }, java(17))).toMatchObject({ command, major: 23 });
  });
});
