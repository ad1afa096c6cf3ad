import { describe, expect, inject, it, vi } from 'vitest';
import { uniqueName } from '../support/declarations.ts';
import { FaultWorld, type Shape } from '../support/fault-world.ts';
import { expectFlawless } from '../support/flawless-world.ts';
import { patience } from '../support/patience.ts';
import { type Announced, isSeen, type Seen } from '../support/reading.ts';
import type { Subscriber } from '../support/subscribers.ts';

const broker = { address: inject('endpoints').kafka };

// `expect.poll` does not know which of several tests that run at once it belongs to.

const readers: readonly Shape[] = [
  { name: 'over WebSocket', transport: 'WebSocket', bears: ['TOPIC_MISSING'] },
  { name: 'over SSE', transport: 'SSE', args: 'maxRecords: 20', bears: ['TOPIC_MISSING'] },
];

/** A world whose producers run, and whose readers have seen something. */
async function openWorld({ replicas = 1 } = {}): Promise<FaultWorld> {
  const world = await FaultWorld.open({ broker, topic: uniqueName('events'), replicas, isInProcess: true });
  for (const shape of readers) world.subscribe(shape, { replica: 0 });
  world.produce();
  await haveSeen(world.subscribers, 100);
  return world;
}

/** Waits until each has seen so many more. */
async function haveSeen(subscribers: readonly Subscriber[], more: number): Promise<void> {
  const before = subscribers.map(({ reading }) => reading.length);
  const haveAll = () => subscribers.every(({ reading }, at) => reading.length >= (before[at] ?? 0) + more);
  await vi.waitUntil(haveAll, patience);
}

function gapsOf({ reading }: Subscriber): readonly Announced[] {
  return reading.flatMap((one) => (isSeen(one) ? [] : [one]));
}

/** The partition that has the most new records. */
function busiestSince(before: readonly Seen[], now: readonly Seen[]): number {
  const counts = new Map<number, number>();
  for (const { partition } of now) counts.set(partition, (counts.get(partition) ?? 0) + 1);
  for (const { partition } of before) counts.set(partition, (counts.get(partition) ?? 0) - 1);
  const [busiest] = [...counts].toSorted(([, one], [, other]) => other - one);
  return busiest?.[0] ?? 0;
}

// Each has a topic and a gateway of its own, and most of them wait.
describe.concurrent('what becomes of the log under its readers', () => {
  it('a cursor that slept while retention deleted is told so at that very place, and nobody else is', async () => {
    await using world = await openWorld({ replicas: 2 });
    // On a gateway of their own: the other still has in memory what retention deletes, and could serve it.
    const sleepers = readers.map((shape) =>
      world.subscribe({ ...shape, name: `asleep ${shape.name}` }, { replica: 1 }),
    );
    await haveSeen(sleepers, 100);
    await world.producers.pause();
    await vi.waitUntil(() => world.subscribers.every((one) => one.missing(world.history) === 0), patience);
    for (const sleeper of sleepers) sleeper.sleep();
    const before = await world.readLog();
    world.producers.goOn();
    await haveSeen(world.subscribers.slice(0, 2), 500);
    await world.producers.pause();
    const busiest = busiestSince(before, await world.readLog());
    await world.expire(busiest, 3);
    for (const sleeper of sleepers) sleeper.wake();
    world.producers.goOn();
    await haveSeen(sleepers, 100);
    await expectFlawless(world);

    const oldest = (await world.readLog()).find(({ partition }) => partition === busiest);
    const newest = before.findLast(({ partition }) => partition === busiest);
    const between = Number(oldest?.offset) - Number(newest?.offset) - 1;
    for (const sleeper of sleepers) {
      expect(gapsOf(sleeper)).toMatchObject([{ gap: 'EXPIRED' }]);
      // Offsets that a transaction's marker took are passed before, or counted as missed.
      const missed = Number(gapsOf(sleeper)[0]?.missed);
      expect(missed).toBeGreaterThan(between / 2);
      expect(missed).toBeLessThanOrEqual(between);
    }
    for (const awake of world.subscribers.slice(0, 2)) expect(gapsOf(awake)).toEqual([]);
  });

  it('a topic that is deleted and made anew is told once, and read from its beginning', async () => {
    await using world = await openWorld();
    const sleeper = world.subscribe({ name: 'asleep', transport: 'WebSocket' });
    await haveSeen([sleeper], 50);
    sleeper.sleep();
    await world.recreate();
    await haveSeen(world.subscribers.slice(0, 2), 100);
    sleeper.wake();
    await haveSeen([sleeper], 100);
    await expectFlawless(world);
    for (const subscriber of world.subscribers) {
      expect(gapsOf(subscriber)).toMatchObject([{ gap: 'RECREATED', missed: null }]);
    }
  });

  it('partitions that are added are read from their beginning, by those who are there and by those who come back', async () => {
    await using world = await openWorld();
    const sleeper = world.subscribe({ name: 'asleep', transport: 'WebSocket' });
    await haveSeen([sleeper], 50);
    sleeper.sleep();
    await world.addPartitions(3);
    const isAdded = ({ reading }: Subscriber) => reading.some((one) => isSeen(one) && one.partition >= 4);
    await vi.waitUntil(() => world.subscribers.slice(0, 2).every(isAdded), patience);
    sleeper.wake();
    await expectFlawless(world);
    expect(world.subscribers.filter((one) => !isAdded(one))).toEqual([]);
    expect(world.subscribers.flatMap(gapsOf)).toEqual([]);
  });

  it('events of transactions that were aborted are never seen', async () => {
    await using world = await openWorld();
    const aborted = world.history.count('NOT_WRITTEN');
    await vi.waitUntil(() => world.history.count('NOT_WRITTEN') > aborted + 20, patience);
    await expectFlawless(world);
  });
});
