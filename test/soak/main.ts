/** `npm run soak -- --minutes 10`: everything breaks, at random and together, and nobody may lose a record. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openBroker } from '../support/broker.ts';
import { FaultWorld } from '../support/fault-world.ts';
import { Faults } from './faults.ts';
import { between, createRandom } from './random.ts';
import { soakShapes } from './shapes.ts';
import { printVerdict } from './verdict.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) throw new Error('usage: npm run soak -- [--minutes 10] [--seed 1]');

/** Every subscriber is there so many times. */
const copies = 2;
/** Longer than any retry of a gateway. */
const patienceMs = 30_000;

/** Breaks things until the time is over; answers whether every history is right, null after Ctrl-C. */
async function soak(signal: AbortSignal): Promise<boolean | null> {
  const random = createRandom(seed);
  await using broker = await openBroker();
  await using world = await FaultWorld.open({
    broker,
    topic: 'soak_events',
    replicas: 2,
    padBytes: 2_000,
    everyMs: 40,
  });
  for (let copy = 0; copy < copies; copy += 1) {
    for (const shape of soakShapes) world.subscribe(shape, { random: createRandom(between(random, 0, 2 ** 31)) });
  }
  world.produce();
  const faults = new Faults({ world, broker, random, signal, haste: 1 });
  const end = performance.now() + minutes * 60_000;
  while (performance.now() < end && !signal.aborted) {
    await delay(between(random, 200, 3_000), undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    const names = await faults.strike();
    const left = Math.max(0, Math.round((end - performance.now()) / 1000));
    console.log(`${left} s left, ${world.history.count('ACKED')} events acknowledged; ${names.join(' + ')}`);
  }
  // Ctrl-C in a terminal has ended the gateways too: nobody can catch up.
  if (signal.aborted) return null;
  console.log('Waiting until everybody has everything.');
  await world.settle(patienceMs);
  console.table(Object.fromEntries(faults.counts));
  const { history } = world;
  console.log(
    `Events: ${(['ACKED', 'NOT_WRITTEN', 'UNKNOWN'] as const).map((one) => `${history.count(one)} ${one}`).join(', ')}`,
  );
  return await printVerdict(world);
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
console.log(`Soaking for ${minutes} minutes, with seed ${seed}.`);
const isRight = await soak(stop.signal);
if (isRight === null) {
  console.log('Stopped before the end, without a verdict.');
  process.exitCode = 130;
} else {
  console.log(
    isRight ? 'Nothing was lost, doubled, disordered or left out in silence.' : `Wrong. The seed is ${seed}.`,
  );
  process.exitCode = isRight ? 0 : 1;
}
