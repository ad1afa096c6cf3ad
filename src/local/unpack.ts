import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '#errors';
import { localFault } from './faults.ts';

const run = promisify(execFile);

/** Unpacks the `.tar.gz` files of a folder there, and removes them. Every system that Node runs on has a `tar`. */
export async function unpackArchives(folder: string, signal: AbortSignal): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.tar.gz')) continue;
    try {
      // By its name alone: GNU's tar takes what stands before a colon, as in C:\…, for another machine.
      await run('tar', ['-xzf', name], { cwd: folder, signal });
    } catch (thrown) {
      throw localFault(`${join(folder, name)} could not be unpacked: ${messageOf(thrown)}`, thrown);
    }
    await rm(join(folder, name));
  }
}
