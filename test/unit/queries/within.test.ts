import { describe, expect, test } from 'vitest';
import { within } from '../../../src/queries/within.ts';

const { signal: never } = new AbortController();

describe('a time within which work has to be done', () => {
  test('gives what the work gives, and throws what it throws', async () => {
    expect(await within(60_000, never, async () => 1)).toBe(1);
    const failing = within(60_000, never, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
  });

  test('ends with TIMEOUT, and tells the work, which may end when it likes', async () => {
    const done = Promise.withResolvers<void>();
    const told = Promise.withResolvers<unknown>();
    const late = within(1, never, (signal) => {
      signal.addEventListener('abort', () => told.resolve(signal.reason));
      return done.promise;
    });
    await expect(late).rejects.toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('within 1 ms') });
    expect(await told.promise).toMatchObject({ code: 'TIMEOUT' });
    done.reject(new Error('nobody hears it'));
  });

  test('tells the work when nobody waits for it any more', async () => {
    const leaving = new AbortController();
    const left = within(60_000, leaving.signal, async (signal) => {
      leaving.abort(new Error('left'));
      signal.throwIfAborted();
    });
    await expect(left).rejects.toThrow('left');
  });
});
