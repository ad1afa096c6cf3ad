import { describe, expect, inject, it } from 'vitest';
import { uniqueName } from '../support/declarations.ts';
import { FaultWorld, type Shape, type WorldOptions } from '../support/fault-world.ts';
import { expectFlawless } from '../support/flawless-world.ts';

const broker = { address: inject('endpoints').kafka };

function openWorld(options: Omit<WorldOptions, 'broker' | 'topic'>): Promise<FaultWorld> {
  return FaultWorld.open({ broker, topic: uniqueName('events'), ...options });
}

const wantsKafkajs = (producer: string) => producer.startsWith('kafkajs');
const kafkajsOnly = 'where: { producer: { startsWith: "kafkajs" } }';

const shapes: readonly Shape[] = [
  { name: 'plain', transport: 'WebSocket' },
  { name: 'filtered', transport: 'WebSocket', args: kafkajsOnly, wants: wantsKafkajs },
  { name: 'small pages, dies in the middle of one', transport: 'WebSocket', args: 'maxRecords: 7', resumeBy: 'edge' },
  { name: 'large records', transport: 'WebSocket', isHeavy: true },
  { name: 'events', transport: 'SSE' },
  {
    name: 'filtered events, dies in the middle',
    transport: 'SSE',
    args: kafkajsOnly,
    wants: wantsKafkajs,
    resumeBy: 'edge',
  },
];

describe('subscribers whose connections break', () => {
  it('lose and double nothing, on two gateways, also when a frame is cut in two', async () => {
    await using world = await openWorld({ replicas: 2, padBytes: 1_000 });
    for (const shape of shapes) world.subscribe(shape);
    world.produce();
    const wereCut = () => world.subscribers.every(({ visits }) => visits > 6);
    for (let round = 0; round < 8 || !wereCut(); round += 1) {
      const pages = world.subscribers.map((subscriber) => subscriber.pages);
      const goesOn = () => world.subscribers.every((subscriber, at) => subscriber.pages > 1 + (pages[at] ?? 0));
      await expect.poll(goesOn, { interval: 10 }).toBe(true);
      for (const { proxy } of world.replicas) round % 2 === 0 ? proxy.cut() : proxy.cutMidway();
    }
    await expectFlawless(world);
  });
});

describe('subscribers that stop reading', () => {
  it('get what they asked for when they read on, and slow nobody meanwhile', async () => {
    await using world = await openWorld({ replicas: 1, padBytes: 8_000, everyMs: 0 });
    const subscribe = (name: string, rest: Partial<Shape> = {}) =>
      world.subscribe({ name, transport: 'WebSocket', isHeavy: true, ...rest }, { isDirect: true });
    const live = subscribe('live', { isHeavy: false });
    const patient = [subscribe('all over WebSocket'), subscribe('all over SSE', { transport: 'SSE' })];
    const latest = subscribe('the newest', { args: 'overflow: LATEST', newestOnly: true });
    const refused = subscribe('disconnected', { args: 'overflow: DISCONNECT' });
    const slow = [...patient, latest, refused];
    await expect.poll(() => world.subscribers.every(({ pages }) => pages > 0)).toBe(true);
    const hasMissed = () => latest.reading.some((one) => 'gap' in one) && refused.countOf('SLOW_CONSUMER') > 0;
    world.produce();
    // 16 MB is far past what a pair of sockets and the gateway hold as a rule; where that is more, twice as much is.
    for (let records = 2_000; !hasMissed(); records *= 2) {
      for (const one of slow) one.stopReading();
      const before = live.reading.length;
      world.producers.goOn();
      await expect.poll(() => live.reading.length - before).toBeGreaterThan(records);
      await world.producers.pause();
      await expect.poll(() => live.missing(world.history)).toBe(0);
      for (const one of patient) expect(one.missing(world.history)).toBeGreaterThan(500);
      for (const one of slow) one.readOn();
      await expect.poll(() => slow.every((one) => one.missing(world.history) === 0)).toBe(true);
    }
    world.producers.goOn();
    await expectFlawless(world);
    for (const one of [live, ...patient, latest]) expect(one.visits).toBe(1);
    expect(latest.reading).toContainEqual({ gap: 'CONFLATED', missed: expect.stringMatching(/^[1-9]/) });
    expect(refused.countOf('SLOW_CONSUMER')).toBeGreaterThan(0);
  });
});
