import { expect } from 'vitest';
import type { FaultWorld } from './fault-world.ts';
import { flawless } from './history.ts';
import type { Seen } from './reading.ts';

/** Long enough for every retry of a gateway and of its clients. */
const patienceMs = 30_000;

/** Ends the producing, lets everybody catch up, and expects that nobody was refused anything or has a wrong history. */
export async function expectFlawless(world: FaultWorld): Promise<void> {
  await world.settle(patienceMs);
  // First, for it would be the writing that is at fault: every reader would see them twice.
  expect(foundTwice(await world.readLog()), 'what the log itself holds twice').toEqual([]);
  const found = world.subscribers.map((subscriber) => ({
    name: subscriber.shape.name,
    ...subscriber.judge(world.history),
    refusals: subscriber.refusals,
    missing: subscriber.missing(world.history),
  }));
  expect(found).toEqual(found.map(({ name }) => ({ name, ...flawless, refusals: [], missing: 0 })));
  expect(world.producers.refusals).toEqual([]);
}

function foundTwice(log: readonly Seen[]): readonly Seen[] {
  const places = Map.groupBy(log, ({ producer, number }) => `${producer} ${number}`);
  return [...places.values()].filter((found) => found.length > 1).flat();
}
