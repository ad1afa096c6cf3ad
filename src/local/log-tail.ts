import { open } from 'node:fs/promises';

const tailBytes = 256 << 10;

/** The size of a log now, to read later what came after; 0 if there is none yet. */
export async function logSize(path: string): Promise<number> {
  return (await readFrom(path, Number.MAX_SAFE_INTEGER)).size;
}

/** What a log says went wrong since it had the given size, in one line; null if it says nothing. */
export async function faultSince(path: string, size: number): Promise<string | null> {
  return findFault((await readFrom(path, size)).text);
}

/**
 * The line of a Java log that names the cause: the last "Caused by" after the last error, else the exception itself,
 * else the error's line; null without an error.
 */
export function findFault(text: string): string | null {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const error = lines.findLastIndex((line) =>
    / (ERROR|FATAL) |^Error[: ]|^Exception in thread|^Terminating due/.test(line),
  );
  if (error < 0) return null;
  const after = lines.slice(error);
  const cause =
    after.findLast((line) => line.startsWith('Caused by: ')) ??
    after.find((line) => /^[\w.$]+(Exception|Error)(: |$)/.test(line)) ??
    after[0];
  return cause?.replace(/^Caused by: /, '').slice(0, 500) ?? null;
}

async function readFrom(path: string, from: number): Promise<{ readonly text: string; readonly size: number }> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    // Smaller than before: it was rolled over, so all of it is new.
    const start = Math.max(size < from && from !== Number.MAX_SAFE_INTEGER ? 0 : from, size - tailBytes);
    const bytes = Buffer.alloc(Math.max(0, size - start));
    await file.read(bytes, 0, bytes.length, start);
    return { text: bytes.toString('utf8'), size };
  } catch {
    return { text: '', size: 0 };
  }
}
