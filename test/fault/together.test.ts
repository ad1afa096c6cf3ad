import { describe, expect, it } from 'vitest';
import { type FaultName, Faults } from '../soak/faults.ts';
import { createRandom } from '../soak/random.ts';
import { soakShapes } from '../soak/shapes.ts';
import { openBroker } from '../support/broker.ts';
import { FaultWorld } from '../support/fault-world.ts';
import { expectFlawless } from '../support/flawless-world.ts';

/** What breaks at the same time. */
const rounds: readonly (readonly FaultName[])[] = [
  ['connections cut in a frame', 'Kafka stalled', 'subscribers asleep'],
  ['gateway killed', 'readers stopped', 'retention'],
  ['Kafka killed', 'connections stalled'],
  ['topic recreated', 'connections cut', 'Kafka cut'],
  ['partitions added', 'gateway stopped', 'Kafka refusing'],
];

describe('everything that breaks together', () => {
  it('costs no subscriber a record, an order, or the truth about what is gone', async () => {
    await using broker = await openBroker();
    await using world = await FaultWorld.open({ broker, topic: 'events', replicas: 2, padBytes: 1_000, everyMs: 30 });
    for (const shape of soakShapes) world.subscribe(shape, { random: createRandom(1) });
    world.produce();
    const { signal } = new AbortController();
    const faults = new Faults({ world, broker, random: createRandom(1), signal, haste: 10 });
    for (const round of rounds) {
      const acked = world.history.count('ACKED');
      await expect.poll(() => world.history.count('ACKED') - acked).toBeGreaterThan(200);
      await faults.together(round);
    }
    await expectFlawless(world);
  });
});
