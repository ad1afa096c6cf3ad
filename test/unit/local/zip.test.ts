import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endsAsZip } from '../../../src/local/zip.ts';
import { emptyZip } from '../../support/fake-jars.ts';
import { useTempDir } from '../../support/temp-dir.ts';

describe('endsAsZip', () => {
  const temp = useTempDir();

  async function judge(content: Buffer): Promise<boolean> {
    const path = join(temp.path, 'a.jar');
    await writeFile(path, content);
    return endsAsZip(path);
  }

  it('accepts a whole file, with or without a comment', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.string({ maxLength: 50 }), async (body, comment) => {
        expect(await judge(Buffer.concat([body, emptyZip(comment)]))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses one that was cut off anywhere', async () => {
    const whole = Buffer.concat([Buffer.alloc(100, 7), emptyZip('a comment')]);
    for (let length = 0; length < whole.length; length += 1) {
      expect(await judge(whole.subarray(0, length))).toBe(false);
    }
  });
});
