import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compileFilter,
  Feeds,
  type FeedsOptions,
  type Overflow,
  type Page,
  type StartPosition,
  type Where,
} from '#feed';
import { MemoryLog } from '../../support/memory-log.ts';
import { type PulledPages, subscribeTo } from '../../support/subscribe.ts';
import { ClientRows, goOnAfter, partitionOf, put, type Row, rowsAt, table } from './table-world.ts';

const rows: StartPosition = { kind: 'rows' };

function open(options: Partial<FeedsOptions> = {}) {
  const log = new MemoryLog(2);
  return { log, feeds: new Feeds({ log, now: () => 0, ...options }) };
}

/** Takes pages until one is live, and returns it. */
async function untilLive(subscription: PulledPages, client: ClientRows): Promise<Page> {
  for (;;) {
    const page = await subscription.next();
    client.take(page);
    if (page.live) return page;
  }
}

const edges = (page: Page) => page.records.map(({ operation, key, node }) => [operation, String(key), node?.score]);

describe('a subscription to a table', () => {
  it('begins with the present rows, in the order of their keys, and goes on with the changes', async () => {
    const { log, feeds } = open();
    put(log, 'b', { score: 1, team: 'x' });
    put(log, 'a', { score: 2, team: 'x' });
    put(log, 'c', { score: 3, team: 'x' });
    put(log, 'c', null);
    put(log, 'b', { score: 4, team: 'x' });
    await using subscription = subscribeTo(feeds, table, { from: rows });
    const first = await subscription.next();
    expect(first).toMatchObject({ records: [], live: false, gap: null });
    const snapshot = await subscription.next();
    expect(edges(snapshot)).toEqual([
      ['UPSERT', 'a', 2],
      ['UPSERT', 'b', 4],
    ]);
    expect(snapshot.live).toBe(true);
    put(log, 'a', null);
    expect(edges(await subscription.next())).toEqual([['DELETE', 'a', undefined]]);
  });

  it('says that it is live when there are no rows', async () => {
    const { feeds } = open();
    await using subscription = subscribeTo(feeds, table, { from: rows });
    await subscription.next();
    expect(await subscription.next()).toMatchObject({ records: [], live: true });
  });

  it('gives nothing of changes that concern neither the new nor the old row', async () => {
    const { log, feeds } = open();
    put(log, 'a', { score: 1, team: 'x' });
    put(log, 'b', { score: 1, team: 'y' });
    const where: Where = { team: { eq: 'x' } };
    await using subscription = subscribeTo(feeds, table, { from: rows, where });
    await untilLive(subscription, new ClientRows());
    put(log, 'b', { score: 2, team: 'y' });
    put(log, 'b', null);
    put(log, 'q', null);
    put(log, 'a', { score: 1, team: 'y' });
    put(log, 'a', { score: 2, team: 'y' });
    expect(edges(await subscription.next())).toEqual([['DELETE', 'a', undefined]]);
  });

  it('tells a record that does not decode as the end of its row', async () => {
    const { log, feeds } = open();
    put(log, 'a', { score: 1, team: 'x' });
    await using all = subscribeTo(feeds, table, { from: rows });
    await using some = subscribeTo(feeds, table, { from: rows, where: { team: { eq: 'x' } } });
    await Promise.all([untilLive(all, new ClientRows()), untilLive(some, new ClientRows())]);
    put(log, 'a', 'bad');
    expect((await all.next()).records).toMatchObject([{ operation: 'UPSERT', node: null, fault: 'it is bad' }]);
    expect((await some.next()).records).toMatchObject([{ operation: 'DELETE', node: null, fault: 'it is bad' }]);
  });

  it('reads the changes as a stream does when it is told where from', async () => {
    const { log, feeds } = open();
    put(log, 'a', { score: 1, team: 'x' });
    put(log, 'a', null);
    put(log, 'a', { score: 2, team: 'x' });
    await using subscription = subscribeTo(feeds, table, { from: { kind: 'earliest' } });
    await subscription.next();
    expect(edges(await subscription.next())).toEqual([
      ['UPSERT', 'a', 1],
      ['DELETE', 'a', undefined],
      ['UPSERT', 'a', 2],
    ]);
  });

  it('gives on catching up a deletion for a change that does not fit, unless its key tells', async () => {
    const { log, feeds } = open();
    put(log, 'a', { score: 1, team: 'y' });
    put(log, 'b', null);
    const from: StartPosition = { kind: 'earliest' };
    await using byTeam = subscribeTo(feeds, table, { from, where: { team: { eq: 'x' } } });
    await byTeam.next();
    expect(edges(await byTeam.next()).toSorted()).toEqual([
      ['DELETE', 'a', undefined],
      ['DELETE', 'b', undefined],
    ]);
    await using byKey = subscribeTo(feeds, table, { from, where: { id: { eq: 'b' } } });
    await byKey.next();
    expect(edges(await byKey.next())).toEqual([['DELETE', 'b', undefined]]);
  });

  it('begins anew after a gap: a cursor so old that deletions may be gone', async () => {
    let nowMs = 1_000_000;
    const { log, feeds } = open({ now: () => nowMs });
    log.tombstonesKept = 60_000;
    put(log, 'a', { score: 1, team: 'x' });
    const client = new ClientRows();
    let last: Page;
    {
      await using subscription = subscribeTo(feeds, table, { from: rows });
      last = await untilLive(subscription, client);
    }
    const cursor = goOnAfter(last, nowMs);
    nowMs += 61_000;
    {
      await using idle = subscribeTo(feeds, table, { from: cursor });
      expect(await idle.next()).toMatchObject({ gap: null, live: true });
    }
    put(log, 'a', null);
    put(log, 'c', { score: 1, team: 'x' });
    await using late = subscribeTo(feeds, table, { from: cursor });
    const first = await late.next();
    expect(first).toMatchObject({ gap: { reason: 'EXPIRED', missed: null }, live: false, records: [] });
    client.take(first);
    await untilLive(late, client);
    expect([...client.rows.keys()]).toEqual(['c']);
  });

  it.each(['truncated', 'made anew', 'expired'] as const)('begins anew after a gap: the log is %s', async (fault) => {
    const { log, feeds } = open();
    for (const id of ['a', 'b', 'c', 'd']) put(log, id, { score: 1, team: 'x' });
    const client = new ClientRows();
    await using subscription = subscribeTo(feeds, table, { from: rows });
    const last = await untilLive(subscription, client);
    if (fault === 'truncated') log.truncate(1, 1n);
    if (fault === 'made anew') log.recreate();
    if (fault === 'expired') {
      subscription.stop();
      log.expire(0, 5n);
    }
    put(log, 'e', { score: 1, team: 'x' });
    const again = fault === 'expired' ? subscribeTo(feeds, table, { from: goOnAfter(last) }) : subscription;
    const gaps: unknown[] = [];
    const ends = new Map([...(await log.bounds())].map(([partition, { end }]) => [partition, end]));
    for (;;) {
      const page = await again.next();
      client.take(page);
      if (page.gap) gaps.push(page.gap.reason);
      if (gaps.length > 0 && page.live && [...ends].every(([partition, end]) => page.end.get(partition) === end)) break;
    }
    expect(gaps).toEqual([{ truncated: 'TRUNCATED', 'made anew': 'RECREATED', expired: 'EXPIRED' }[fault]]);
    expect(client.rows).toEqual(await rowsAt(log, ends));
    await again[Symbol.asyncDispose]();
  });
});

type Step =
  | { readonly do: 'put'; readonly id: string; readonly row: Row | null | 'bad' }
  | { readonly do: 'look' | 'peek' | 'leave' | 'truncate'; readonly client: number };

const anyRow = fc.record({ score: fc.option(fc.nat(3)), team: fc.constantFrom('x', 'y') });
const anyPut = fc.record({
  do: fc.constant('put' as const),
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
  row: fc.oneof(
    { weight: 5, arbitrary: anyRow },
    { weight: 3, arbitrary: fc.constant(null) },
    fc.constant('bad' as const),
  ),
});
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: anyPut },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('look' as const), client: fc.nat(2) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('peek' as const), client: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('leave' as const), client: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('truncate' as const), client: fc.nat(2) }) },
);
const anyFilter = fc.constantFrom<Where | null>(
  null,
  { team: { eq: 'x' } },
  { score: { gt: 1 } },
  { not: { score: { eq: 1 } } },
  { id: { in: ['a', 'b', 'c'] } },
  { or: [{ id: { eq: 'd' } }, { score: { isNull: true } }] },
);

interface ClientWishes {
  readonly where: Where | null;
  readonly maxRecords: number;
  readonly overflow: Overflow;
}

/** A client that subscribes, is cut off, and resumes with the cursor of the last page that it had. */
class RoamingClient {
  readonly client = new ClientRows();
  readonly #feeds: Feeds;
  readonly #wishes: ClientWishes;
  #subscription: PulledPages | null = null;
  last: Page | null = null;

  constructor(feeds: Feeds, wishes: ClientWishes) {
    this.#feeds = feeds;
    this.#wishes = wishes;
  }

  async look(): Promise<Page> {
    const from = this.last ? goOnAfter(this.last) : rows;
    this.#subscription ??= subscribeTo(this.#feeds, table, { ...this.#wishes, from });
    let hasCome = false;
    const coming = this.#subscription.next().finally(() => {
      hasCome = true;
    });
    // What does not concern it comes as a fresh cursor only.
    for (let turns = 0; !hasCome && turns < 1000; turns += 1) {
      await turn();
      this.#feeds.flush();
    }
    if (!hasCome) throw new Error('No page has come.');
    this.last = await coming;
    this.client.take(this.last);
    return this.last;
  }

  async leave(): Promise<void> {
    await this.#subscription?.[Symbol.asyncDispose]();
    this.#subscription = null;
  }
}

const anyClient = fc.record({
  where: anyFilter,
  maxRecords: fc.integer({ min: 1, max: 4 }),
  overflow: fc.constantFrom('CATCH_UP' as const, 'LATEST' as const),
});

describe('the rows that a client of a table keeps', () => {
  const run = async (steps: readonly Step[], wishes: readonly ClientWishes[], options: Partial<FeedsOptions>) => {
    const log = new MemoryLog(2);
    const feeds = new Feeds({ log, now: () => 0, schedule: () => () => undefined, ...options });
    const clients = wishes.map((each) => new RoamingClient(feeds, each));
    const isOfThisLog = async ({ epochs }: Page) =>
      [...(await log.bounds())].every(([partition, { epoch }]) => epochs.get(partition) === epoch);
    const check = async (index: number, page: Page) => {
      // A page that was made before a loss was noticed is not the log's any more.
      if (!page.live || !(await isOfThisLog(page))) return;
      const where = wishes[index]?.where;
      const present = await rowsAt(log, page.end, where ? compileFilter(table.fields, where) : undefined);
      expect(clients[index]?.client.rows).toEqual(present);
    };
    const isUpToDate = async (page: Page | null) => {
      if (!page?.live || !(await isOfThisLog(page))) return false;
      return [...(await log.bounds())].every(([partition, { end }]) => page.end.get(partition) === end);
    };
    /** Looks until the page is the newest: a filtered client gets no page of what does not concern it. */
    const catchUp = async (index: number) => {
      const client = clients[index];
      if (!client) return;
      while (!(await isUpToDate(client.last))) await check(index, await client.look());
      expect(client.last?.live).toBe(true);
    };
    /** One page only, so that changes come between the pages of rows. */
    const peek = async (index: number) => {
      const client = clients[index];
      if (client && !client.last?.live) await check(index, await client.look());
    };
    for (const step of steps) {
      if (step.do === 'put') put(log, step.id, step.row);
      else if (step.do === 'truncate') {
        // Clients whose cursor lies before the loss: the others are told of it.
        const end = (await log.bounds()).get(step.client % 2)?.end ?? 0n;
        log.truncate(step.client % 2, end > 2n ? end - 2n : 0n);
        put(log, step.client % 2 === partitionOf('a') ? 'a' : 'b', { score: 2, team: 'x' });
      } else if (step.do === 'peek') await peek(step.client);
      else if (step.do === 'leave') await clients[step.client]?.leave();
      else if (!(await isUpToDate(clients[step.client]?.last ?? null))) await catchUp(step.client);
    }
    for (const index of clients.keys()) await catchUp(index);
    for (const client of clients) await client.leave();
    await feeds.close();
  };

  it('are those of the table that fit, at every live page, through cuts and resumes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyStep, { maxLength: 60 }),
        fc.array(anyClient, { minLength: 3, maxLength: 3 }),
        fc.record({ ringBytes: fc.constantFrom(1, 1000, 1_000_000), tableIdleMs: fc.constantFrom(0, 60_000) }),
        run,
      ),
      { numRuns: 150 },
    );
  });
});
