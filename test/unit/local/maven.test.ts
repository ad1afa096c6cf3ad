import { describe, expect, it } from 'vitest';
import { downloadedBytes } from '../../../src/local/maven.ts';

describe('downloadedBytes', () => {
  it.each([
    ['[INFO] Downloaded from central: https://repo.example/a/a-1.jar (1.2 MB at 3.4 MB/s)', 1.2e6],
    ['Downloaded from mirror: https://repo.example/a/a-1.pom (4.5 kB at 12 kB/s)', 4.5e3],
    ['Downloaded from mirror: https://repo.example/a/a-1.pom (512 B at 1 kB/s)', 512],
    ['[INFO] Downloading from central: https://repo.example/a/a-1.jar', null],
    ['[INFO] Copying a-1.jar to /cache', null],
  ])('reads %j', (line, bytes) => {
    expect(downloadedBytes(line)).toBe(bytes);
  });
});
