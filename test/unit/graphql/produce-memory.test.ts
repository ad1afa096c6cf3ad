import { describe, expect, it } from 'vitest';
import { SluiceError } from '#errors';
import type { WriteOutcome } from '#kafka';
import { type KeyedCall, type Outcomes, ProduceMemory } from '../../../src/graphql/produce-memory.ts';

const acked = (offset: bigint): WriteOutcome => ({ outcome: 'ACKED', partition: 0, offset, timestampMs: 0 });
const unknown: WriteOutcome = { outcome: 'UNKNOWN', partition: 0, error: new SluiceError('TIMEOUT', 'late') };
const call: KeyedCall = { key: 'k', fingerprint: 'f', events: 2, timeoutMs: 10_000 };

/** A memory with a clock that is set by hand. */
function open(maxEvents = 10) {
  const clock = { now: 0 };
  return { clock, memory: new ProduceMemory({ windowMs: 100, maxEvents, now: () => clock.now }) };
}

const never = (): Promise<Outcomes> => Promise.reject(new Error('It was written again.'));

describe('what is remembered of calls with a key', () => {
  it('answers a repeat with the answer of the first, until its time is over', async () => {
    const { clock, memory } = open();
    const first = await memory.run(call, async () => [[acked(1n), acked(2n)]]);
    clock.now = 99;
    expect(await memory.run(call, never)).toBe(first);
    clock.now = 100;
    expect(await memory.run(call, async () => [[acked(7n)]])).toEqual([[acked(7n)]]);
  });

  it('lets a repeat wait for the first while that is under way', async () => {
    const { memory } = open();
    const { promise, resolve } = Promise.withResolvers<Outcomes>();
    const [first, second] = [memory.run(call, () => promise), memory.run(call, never)];
    resolve([[acked(1n)]]);
    expect(await second).toBe(await first);
  });

  it('goes on with a call of which something is not acknowledged', async () => {
    const { memory } = open();
    await memory.run(call, async () => [[acked(1n), unknown]]);
    const again = await memory.run(call, async (before) => {
      expect(before).toEqual([[acked(1n), unknown]]);
      return [[acked(1n), acked(9n)]];
    });
    expect(await memory.run(call, never)).toBe(again);
  });

  it('refuses a key that was used for something else', async () => {
    const { memory } = open();
    await memory.run(call, async () => [[acked(1n)]]);
    await expect(memory.run({ ...call, fingerprint: 'other' }, never)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('forgets a call of which nothing was taken', async () => {
    const { memory } = open();
    const refusal = new SluiceError('OVERLOADED', 'full');
    await expect(memory.run(call, () => Promise.reject(refusal))).rejects.toBe(refusal);
    expect(await memory.run({ ...call, fingerprint: 'other' }, async () => [[acked(1n)]])).toEqual([[acked(1n)]]);
  });

  it('refuses what it could not remember, and remembers again when others are over', async () => {
    const { clock, memory } = open(3);
    await memory.run(call, async () => [[acked(1n), acked(2n)]]);
    const other = { ...call, key: 'other' };
    await expect(memory.run(other, never)).rejects.toMatchObject({ code: 'OVERLOADED' });
    clock.now = 100;
    expect(await memory.run(other, async () => [[acked(3n)]])).toEqual([[acked(3n)]]);
  });
});
