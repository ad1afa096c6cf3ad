import { expect } from 'vitest';
import type { FaultWorld } from './fault-world.ts';
import { flawless } from './history.ts';

/** Long enough for every retry of a gateway and of its clients. */
const patienceMs = 10_000;

/** Ends the producing, lets everybody catch up, and expects that nobody was refused anything or has a wrong history. */
export async function expectFlawless(world: FaultWorld): Promise<void> {
  await world.settle(patienceMs);
  const found = world.subscribers.map((subscriber) => ({
    name: subscriber.shape.name,
    ...subscriber.judge(world.history),
    refusals: subscriber.refusals,
    missing: subscriber.missing(world.history),
  }));
  expect(found).toEqual(found.map(({ name }) => ({ name, ...flawless, refusals: [], missing: 0 })));
  expect(world.producers.refusals).toEqual([]);
}
