import { describe, expect, it } from 'vitest';
import { shareCalls } from '../../../src/flink/share-calls.ts';

/** Work that is finished by hand, in order. */
function heldWork() {
  const started: PromiseWithResolvers<number>[] = [];
  const work = () => {
    const held = Promise.withResolvers<number>();
    started.push(held);
    return held.promise;
  };
  return { started, call: shareCalls(work) };
}

const turn = () => new Promise(setImmediate);

describe('calls that share their work', () => {
  it('have it done once at a time, and get what was begun after they called', async () => {
    const { started, call } = heldWork();
    const first = call();
    const [second, third] = [call(), call()];
    expect(started).toHaveLength(1);
    started[0]?.resolve(1);
    expect(await first).toBe(1);
    await turn();
    expect(started).toHaveLength(2);
    const fourth = call();
    started[1]?.resolve(2);
    expect(await Promise.all([second, third])).toEqual([2, 2]);
    await turn();
    expect(started).toHaveLength(3);
    started[2]?.resolve(3);
    expect(await fourth).toBe(3);
  });

  it('fail together, and the next ones begin anew', async () => {
    const { started, call } = heldWork();
    const first = call();
    const second = call();
    started[0]?.reject(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await turn();
    started[1]?.resolve(2);
    expect(await second).toBe(2);
  });
});
