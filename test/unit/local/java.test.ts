import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findJava, javaMajor } from '../../../src/local/java.ts';
import { useTempDir } from '../../support/temp-dir.ts';

describe('javaMajor', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment (build 17.0.15+6)', 17],
    ['java version "21" 2023-09-19 LTS', 21],
    ['openjdk version "25-ea" 2025-09-16', 25],
    ['openjdk version "1.8.0_402"\nOpenJDK Runtime Environment', 8],
    ['Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "11.0.22" 2024-01-16', 11],
    ['The operation couldn’t be completed. Unable to locate a Java Runtime.', null],
  ])('reads the feature version of %j', (output, major) => {
    expect(javaMajor(output)).toBe(major);
  });
});

describe('findJava', () => {
  const temp = useTempDir();

  async function fakeJava(script: string): Promise<string> {
    const home = join(temp.path, 'java');
    await mkdir(join(home, 'bin'), { recursive: true });
    await writeFile(join(home, 'bin', 'java'), `#!/bin/sh\n${script}\n`);
    await chmod(join(home, 'bin', 'java'), 0o755);
    return home;
  }

  it('takes the one that JAVA_HOME names', async () => {
    const home = await fakeJava(`echo 'openjdk version "21.0.2"' >&2`);
    expect(await findJava({ JAVA_HOME: home })).toMatchObject({ command: join(home, 'bin', 'java'), major: 21 });
  });

  it('refuses one that is too old, and names the ways out', async () => {
    const home = await fakeJava(`echo 'openjdk version "11.0.22"' >&2`);
    const refused = findJava({ JAVA_HOME: home });
    await expect(refused).rejects.toMatchObject({ code: 'LOCAL_STACK' });
    await expect(refused).rejects.toThrow(
      /Java 11 .* is too old: .* need Java 17 or later[\s\S]*KAFKA_BROKERS[\s\S]*docker compose/,
    );
  });

  it('says so when there is none on the path', async () => {
    await expect(findJava({ PATH: temp.path })).rejects.toThrow(/^Java was not found[\s\S]*apt install openjdk-17/);
  });

  it('says so when JAVA_HOME points to nothing', async () => {
    await expect(findJava({ JAVA_HOME: temp.path })).rejects.toThrow(/^JAVA_HOME is .* does not run/);
  });
});
