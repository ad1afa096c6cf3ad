import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toEntryId } from '#redis';
import { BridgeWorld, type Fate, until, warningsOf } from '../../support/bridge-world.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const entryHeader = 'sluice-redis-entry';

describe('a Redis Stream that is copied', () => {
  it('is in the topic from its first entry on, by key, with the ids of its entries, and goes on', async () => {
    const world = new BridgeWorld('STREAM');
    world.add(1, 2, 3);
    const gateway = world.gateway();
    await until(async () => expect(await world.copied()).toEqual([1, 2, 3]));
    world.add(4, 5);
    await until(async () =>
      expect(await world.copies()).toEqual([
        [2, 4],
        [1, 3, 5],
      ]),
    );
    const [batch] = await world.topic.read('copies', new Map([[1, 0n]]), {
      maxBytes: 1e6,
      signal: new AbortController().signal,
    });
    const ids = batch?.records.map(({ headers }) => String(headers.find(({ name }) => name === entryHeader)?.value));
    expect(ids).toEqual([toEntryId(0n), toEntryId(2n), toEntryId(4n)]);
    expect(gateway.of()).toEqual({ copied: 5, bad: 0, dropped: 0, unknown: 0 });
  });

  it('is copied by one gateway at a time; the next one goes on where that left off', async () => {
    const world = new BridgeWorld('STREAM');
    world.add(1, 2);
    const first = world.gateway();
    const second = world.gateway();
    await until(async () => expect(await world.copied()).toEqual([1, 2]));
    await first.close();
    world.add(3);
    await until(async () => expect(await world.copied()).toEqual([1, 2, 3]));
    expect([first.of()?.copied, second.of()?.copied]).toEqual([2, 1]);
  });

  it('is not written to by who has lost the lease, and what that wrote last is found by the next one', async () => {
    const world = new BridgeWorld('STREAM');
    const first = world.gateway();
    await until(() => expect(world.holder).not.toBeNull());
    // It dies in the middle of a batch: what goes to partition 0 is written, the rest is not, and nothing is noted.
    world.fateOf = (record) => {
      world.holder = {};
      return Number(String(record.key)) % 2 === 0 ? 'ACKED' : 'NOT_WRITTEN';
    };
    world.add(1, 2, 3, 4, 5);
    await until(async () => expect(await world.copied()).toEqual([2, 4]));
    await first.close();
    expect(await world.copied()).toEqual([2, 4]);
    world.fateOf = () => 'ACKED';
    world.holder = null;
    world.gateway();
    world.add(6);
    await until(async () =>
      expect(await world.copies()).toEqual([
        [2, 4, 6],
        [1, 3, 5],
      ]),
    );
  });

  it('waits for Kafka, tells that once, and writes nothing again of which the outcome was unknown', async () => {
    const world = new BridgeWorld('STREAM');
    world.fateOf = ({ key }, write) => {
      if (write > 6) return 'ACKED';
      return write === 1 && String(key) === '2' ? 'UNKNOWN, WRITTEN' : write % 2 === 0 ? 'UNKNOWN' : 'NOT_WRITTEN';
    };
    world.add(1, 2, 3);
    const gateway = world.gateway();
    await until(() => expect(gateway.problem()).toBe('Kafka is away.'));
    await until(async () => expect(await world.copied()).toEqual([1, 2, 3]));
    world.add(4);
    await until(async () => expect(await world.copied()).toEqual([1, 2, 3, 4]));
    expect(gateway.problem()).toBeNull();
    expect(warningsOf(gateway)).toEqual([expect.stringContaining('is not copied at present')]);
  });

  it('leaves out what does not fit, or is too large, and tells that once', async () => {
    const world = new BridgeWorld('STREAM');
    world.fateOf = ({ key }) => (String(key) === '2' ? 'TOO LARGE' : 'ACKED');
    world.add(1, 'no number', 2, '{}', 3);
    const gateway = world.gateway();
    await until(async () => expect(await world.copied()).toEqual([1, 3]));
    expect(gateway.of()).toMatchObject({ copied: 2, bad: 3 });
    expect(gateway.served.badRecords.count).toBe(3);
    expect(warningsOf(gateway)).toEqual([expect.stringContaining('what does not fit is not copied')]);

    const silent = new BridgeWorld('STREAM', { onBadRecord: 'SKIP' });
    silent.add('no number', 1);
    const other = silent.gateway();
    await until(() => expect(other.of()).toMatchObject({ copied: 1, bad: 1 }));
    expect(warningsOf(other)).toEqual([]);
  });

  it('is found by the ids in the topic when the note is lost, and copied anew when it is another stream', async () => {
    const world = new BridgeWorld('STREAM');
    world.add(...Array.from({ length: 7_000 }, (_, n) => n));
    const first = world.gateway();
    await until(() => expect(first.of()?.copied).toBe(7_000));
    await first.close();
    world.notes.clear();
    world.add(7_000);
    const second = world.gateway();
    await until(() => expect(second.of()?.copied).toBe(1));
    await second.close();
    world.redis = new MemoryLog(1);
    world.add(1, 3);
    const third = world.gateway();
    await until(() => expect(third.of()?.copied).toBe(2));
    expect((await world.copies())[1]?.slice(-2)).toEqual([1, 3]);
    expect(warningsOf(third)).toEqual([expect.stringContaining('was made anew')]);
  });

  it('that went back to an older copy of itself, with its note, goes on with what is new', async () => {
    const world = new BridgeWorld('STREAM');
    world.add(0, 1, 2);
    const first = world.gateway();
    await until(() => expect(first.of()?.copied).toBe(3));
    const older = new Map(world.notes);
    world.add(...Array.from({ length: 6_000 }, (_, n) => n + 3));
    await until(() => expect(first.of()?.copied).toBe(6_003));
    await first.close();
    for (const [name, note] of older) world.notes.set(name, note);
    world.redis.truncate(0, 3n);
    const second = world.gateway();
    await until(() => expect(world.holder).not.toBeNull());
    // Ids go by the clock: those of new entries are larger than any before.
    world.redis.append(0, '{"n":1}', { hole: 7_000n });
    await until(() => expect(second.of()?.copied).toBe(1));
    expect(warningsOf(second)).toEqual([]);
  });

  it('is copied from its beginning into a topic that was made anew', async () => {
    const world = new BridgeWorld('STREAM');
    world.add(1, 2);
    const gateway = world.gateway();
    await until(async () => expect(await world.copied()).toEqual([1, 2]));
    await gateway.close();
    world.topic.recreate();
    world.gateway();
    await until(async () => expect(await world.copied()).toEqual([1, 2]));
  });
});

describe('whatever becomes of the writes, and whenever the lease is lost,', () => {
  const fate = fc.constantFrom<Fate>('ACKED', 'NOT_WRITTEN', 'UNKNOWN', 'UNKNOWN, WRITTEN');
  const write = fc.record({ fates: fc.array(fate, { minLength: 1, maxLength: 6 }), losesLease: fc.boolean() });

  it('each entry of a Redis Stream is copied once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 6 }), fc.integer({ min: 1, max: 40 }), async (writes, count) => {
        const world = new BridgeWorld('STREAM');
        world.fateOf = ({ key }, number) => {
          const { fates, losesLease } = writes[number - 1] ?? { fates: [], losesLease: false };
          if (losesLease) world.holder = null;
          return fates[Number(String(key)) % fates.length] ?? 'ACKED';
        };
        const numbers = Array.from({ length: count }, (_, n) => n);
        world.add(...numbers.slice(0, count / 2));
        const gateways = [world.gateway(), world.gateway()];
        world.add(...numbers.slice(count / 2));
        // A later one may only come when all before are there.
        await until(async () => expect(await world.copied()).toContain(count - 1));
        await Promise.all(gateways.map((gateway) => gateway.close()));
        world.fateOf = () => 'ACKED';
        // Who stops while an outcome is unknown lets the lease run out.
        world.holder = null;
        const last = world.gateway();
        world.add(count);
        await until(async () => expect(await world.copied()).toContain(count));
        await last.close();
        expect(await world.copied()).toEqual([...numbers, count]);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a channel that is copied', () => {
  it('holds what comes while Kafka is away, as far as there is room, and tells how much was dropped', async () => {
    const world = new BridgeWorld('CHANNEL');
    let isAway = true;
    world.fateOf = () => (isAway ? 'NOT_WRITTEN' : 'ACKED');
    const gateway = world.gateway();
    await until(() => expect(world.holder).not.toBeNull());
    world.add(0);
    await until(() => expect(gateway.problem()).toBe('Kafka is away.'));
    world.add(...Array.from({ length: 11_999 }, (_, n) => n + 1));
    await until(() => expect(gateway.of()?.dropped).toBeGreaterThan(1_000));
    expect(gateway.problem()).toMatch(/^Kafka is away\. Messages dropped meanwhile: \d+\.$/);
    isAway = false;
    const all = () => (gateway.of()?.copied ?? 0) + (gateway.of()?.dropped ?? 0);
    await until(() => expect(all()).toBe(12_000));
    const [even = []] = await world.copies();
    expect(even).toEqual(even.toSorted((left, right) => left - right));
    expect(even.at(-1)).toBe(11_998);
    expect(gateway.problem()).toBeNull();
  });

  it('is written at most once: what was sent without an answer is not sent again', async () => {
    const world = new BridgeWorld('CHANNEL');
    world.fateOf = ({ key }, write) => (write === 1 ? (String(key) === '1' ? 'UNKNOWN' : 'NOT_WRITTEN') : 'ACKED');
    const gateway = world.gateway();
    await until(() => expect(world.holder).not.toBeNull());
    world.add(1, 2);
    await until(async () => expect(await world.copied()).toEqual([2]));
    expect(gateway.of()).toMatchObject({ copied: 1, unknown: 1, dropped: 0 });
  });

  it('is not copied any more by who has lost the lease', async () => {
    const world = new BridgeWorld('CHANNEL');
    const gateway = world.gateway();
    await until(() => expect(world.holder).not.toBeNull());
    world.add(1);
    await until(async () => expect(await world.copied()).toEqual([1]));
    world.holder = {};
    world.add(2);
    await until(() => expect(gateway.of()?.dropped).toBe(1));
    expect(await world.copied()).toEqual([1]);
  });
});
