import { describe, expect, it } from 'vitest';
import { RequestCache } from '../../../src/jobs/request-cache.ts';

const turn = () => new Promise(setImmediate);

describe('the cache of requests', () => {
  it('gives an answer again while it is young, and asks anew when it is not', async () => {
    let nowMs = 0;
    let asked = 0;
    const cache = new RequestCache({ maxAgeMs: 1_000, maxConcurrent: 2, now: () => nowMs });
    const get = () => cache.get('/a', async () => ++asked);
    expect(await Promise.all([get(), get()])).toEqual([1, 1]);
    nowMs = 999;
    expect(await get()).toBe(1);
    nowMs = 1_000;
    expect(await get()).toBe(2);
  });

  it('keeps a failure from nobody who waited, and forgets it', async () => {
    const cache = new RequestCache({ maxAgeMs: 1_000, maxConcurrent: 2 });
    const fails = () => cache.get('/a', () => Promise.reject(new Error('away')));
    const failures = await Promise.allSettled([fails(), fails()]);
    expect(failures.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await cache.get('/a', async () => 'back')).toBe('back');
  });

  it('has no more requests under way than it may, and takes every one in turn', async () => {
    const cache = new RequestCache({ maxAgeMs: 1_000, maxConcurrent: 2 });
    const held: PromiseWithResolvers<string>[] = [];
    const answers = ['/a', '/b', '/c', '/d'].map((path) =>
      cache.get(path, () => {
        const answer = Promise.withResolvers<string>();
        held.push(answer);
        return answer.promise;
      }),
    );
    await turn();
    expect(held).toHaveLength(2);
    held[0]?.reject(new Error('away'));
    await expect(answers[0]).rejects.toThrow('away');
    await turn();
    expect(held).toHaveLength(3);
    for (const index of [1, 2, 3]) {
      held[index]?.resolve('done');
      await answers[index];
      await turn();
    }
    expect(held).toHaveLength(4);
  });
});
