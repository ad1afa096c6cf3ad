import { describe, expect, it } from 'vitest';
import { listen, post, until } from '../support/client.ts';
import { FaultWorld } from '../support/fault-world.ts';
import { expectFlawless } from '../support/flawless-world.ts';
import { checkpointsOf, openFlinkStack } from '../support/flink-stack.ts';
import type { Seen } from '../support/reading.ts';

const views = `
  "Every event again: at least once."
  type Copy @view(topic: "copies", plural: "copies", sql: "SELECT producer, number FROM events") {
    producer: ID!
    number: Int!
  }
  type Total @view(topic: "totals", plural: "totals", key: ["producer"], sql: "SELECT producer, COUNT(*) AS cnt FROM events GROUP BY producer") {
    producer: ID!
    cnt: BigInt!
  }
`;

/** The rows of the table, as soon as they count so many events; upserts before may repeat. */
async function totalsOf(world: FaultWorld, events: number): Promise<ReadonlyMap<string, number>> {
  const url = (world.replicas[0]?.directUrl ?? '').replace('http', 'ws');
  await using listener = listen(url, 'subscription { totals(from: { earliest: true }) { nodes { producer cnt } } }');
  const totals = new Map<string, number>();
  await until(listener, ({ data, errors }) => {
    expect(errors).toBeUndefined();
    for (const { producer, cnt } of data.totals.nodes) totals.set(producer, Number(cnt));
    return [...totals.values()].reduce((sum, count) => sum + count, 0) >= events || undefined;
  });
  return totals;
}

function countsOf(log: readonly Seen[]): ReadonlyMap<string, number> {
  return new Map([...Map.groupBy(log, ({ producer }) => producer)].map(([producer, all]) => [producer, all.length]));
}

describe('a Flink job that is restarted from a checkpoint', () => {
  it('loses no event, and its tables come out right', async () => {
    await using stack = await openFlinkStack();
    const { broker, flink } = stack;
    await using world = await FaultWorld.open({
      broker,
      topic: 'events',
      replicas: 1,
      isInProcess: true,
      everyMs: 50,
      views,
      flink,
    });
    const copies = world.subscribe({ name: 'copies', transport: 'WebSocket', field: 'copies', isDerived: true });
    world.subscribe({ name: 'events', transport: 'WebSocket' });
    world.produce();
    const everyJob = async (isSo: (job: { completed: number; restored: number }) => boolean) => {
      const jobs = await checkpointsOf(flink.flinkRest);
      return jobs.length === 2 && jobs.every(isSo);
    };
    await expect.poll(() => everyJob(({ completed }) => completed > 0)).toBe(true);
    await expect.poll(() => copies.reading.length).toBeGreaterThan(0);

    await stack.killTaskManager();
    await expect.poll(() => everyJob(({ restored }) => restored > 0)).toBe(true);
    const before = copies.reading.length;
    await expect.poll(() => copies.reading.length).toBeGreaterThan(before + 100);

    await expectFlawless(world);
    const log = await world.readLog();
    expect(await totalsOf(world, log.length)).toEqual(countsOf(log));
    const { data } = await post(world.replicas[0]?.directUrl ?? '', '{ streams { topic state } }');
    expect(data.streams).toContainEqual({ topic: 'copies', state: 'RUNNING' });
  });
});
