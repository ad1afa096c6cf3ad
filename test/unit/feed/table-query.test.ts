import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FeedRecord, Feeds, type FeedsOptions, type Page, type SortColumn, type Where } from '#feed';
import { MemoryLog } from '../../support/memory-log.ts';
import { subscribeTo } from '../../support/subscribe.ts';
import { ClientRows, cursorOf, goOnAfter, put, rowsAt, table } from './table-world.ts';

const never = new AbortController().signal;

function open(options: Partial<FeedsOptions> = {}) {
  const log = new MemoryLog(2);
  const feeds = new Feeds({ log, now: () => 0, ...options });
  const query = (wishes: Partial<Parameters<Feeds['queryTable']>[1]> = {}) =>
    feeds.queryTable(table, { first: 100, after: null, where: null, orderBy: [], signal: never, ...wishes });
  return { log, feeds, query };
}

const ids = (page: Page) => page.records.map(({ key }) => String(key));

describe('a query of a table', () => {
  it('answers with the present rows in the order of their keys', async () => {
    const { log, query } = open();
    for (const id of ['c', 'b', 'a', 'b', 'd']) put(log, id, { score: 1, team: 'x' });
    put(log, 'c', null);
    put(log, 'd', 'bad');
    const page = await query();
    expect(ids(page)).toEqual(['a', 'b']);
    expect(page).toMatchObject({ hasNextPage: false, live: true, lag: 0n, gap: null });
  });

  it('orders by columns, absent values as the greatest, and by key where they agree', async () => {
    const { log, query } = open();
    put(log, 'a', { score: 2, team: 'x' });
    put(log, 'b', { score: null, team: 'x' });
    put(log, 'c', { score: 1, team: 'y' });
    put(log, 'd', { score: 2, team: 'y' });
    const by = async (...orderBy: SortColumn[]) => ids(await query({ orderBy }));
    expect(await by({ field: 'score', direction: 'ASC' })).toEqual(['c', 'a', 'd', 'b']);
    expect(await by({ field: 'score', direction: 'DESC' })).toEqual(['b', 'a', 'd', 'c']);
    expect(await by({ field: 'team', direction: 'DESC' }, { field: 'score', direction: 'ASC' })).toEqual([
      'c',
      'd',
      'a',
      'b',
    ]);
  });

  it('refuses a cursor of another order, of a subscription, and of a topic that was made anew', async () => {
    const { log, feeds, query } = open();
    for (const id of ['a', 'b', 'c']) put(log, id, { score: 1, team: 'x' });
    const page = await query({ first: 1 });
    const orderBy: SortColumn[] = [{ field: 'score', direction: 'ASC' }];
    await expect(query({ after: cursorOf(page), orderBy })).rejects.toMatchObject({ code: 'BAD_CURSOR' });
    await using subscription = subscribeTo(feeds, table, { from: { kind: 'rows' } });
    const first = await subscription.next();
    await expect(query({ after: cursorOf(first) })).rejects.toMatchObject({ code: 'BAD_CURSOR' });
    const foreign = { ...cursorOf(page), topicId: 'another' };
    await expect(query({ after: foreign })).rejects.toMatchObject({ code: 'BAD_CURSOR' });
  });

  it('has no rows after the end of its pages', async () => {
    const { log, query } = open();
    put(log, 'a', { score: 1, team: 'x' });
    const page = await query();
    expect(await query({ after: cursorOf(page) })).toMatchObject({ records: [], hasNextPage: false });
  });

  it('says that a table is too large, once it is and until it is no longer asked for', async () => {
    const dropped: (() => void)[] = [];
    const schedule = (work: () => void) => {
      dropped.push(work);
      return () => undefined;
    };
    const { log, feeds, query } = open({ tableMaxRows: 2, schedule });
    for (const id of ['a', 'b', 'c']) put(log, id, { score: 1, team: 'x' });
    await expect(query()).rejects.toMatchObject({ code: 'TABLE_TOO_LARGE' });
    const { reads } = log;
    await expect(query()).rejects.toMatchObject({ code: 'TABLE_TOO_LARGE' });
    expect(log.reads).toBe(reads);
    dropped.at(-1)?.();
    expect(feeds.followed).toEqual([]);
    put(log, 'a', null);
    log.expire(1, 1n);
    expect(ids(await query())).toEqual(['b', 'c']);
    await using subscription = subscribeTo(feeds, table, { from: { kind: 'latest' }, where: { team: { eq: 'x' } } });
    await subscription.next();
    put(log, 'd', { score: 1, team: 'x' });
    expect(ids(await subscription.next())).toEqual(['d']);
    // Not kept any more; its changes still are given, to be safe also those that do not fit.
    put(log, 'e', { score: 1, team: 'y' });
    expect((await subscription.next()).records).toMatchObject([{ operation: 'DELETE', node: null }]);
    await expect(query()).rejects.toMatchObject({ code: 'TABLE_TOO_LARGE' });
  });

  it('keeps the rows for the next query, and forgets them when nobody has asked for long', async () => {
    const scheduled: (() => void)[] = [];
    const { log, feeds, query } = open({
      schedule: (work) => {
        scheduled.push(work);
        return () => undefined;
      },
    });
    put(log, 'a', { score: 1, team: 'x' });
    await query();
    const { reads } = log;
    await query();
    expect(log.reads).toBe(reads);
    expect(feeds.followed).toEqual(['scores']);
    scheduled.at(-1)?.();
    await expect.poll(() => log.tails).toBe(0);
    expect(feeds.followed).toEqual([]);
    await query();
    expect(log.reads).toBeGreaterThan(reads);
  });

  it('takes of a key in two partitions the row with the newest timestamp', async () => {
    const { log, query } = open();
    const value = (score: number) => JSON.stringify({ id: 'a', score, team: 'x' });
    log.append(1, value(1), { key: 'a', timestampMs: 30 });
    log.append(0, value(2), { key: 'a', timestampMs: 10 });
    log.append(0, value(3), { key: 'a', timestampMs: 20 });
    expect((await query()).records).toMatchObject([{ partition: 1 }]);
    log.append(0, value(4), { key: 'a', timestampMs: 25 });
    log.append(0, value(5), { key: 'a', timestampMs: 40 });
    await expect.poll(async () => (await query()).records).toMatchObject([{ partition: 0, offset: 3n }]);
  });

  it('answers with TIMEOUT when the rows are not there in time', async () => {
    const { log, query } = open();
    put(log, 'a', { score: 1, team: 'x' });
    await expect(query({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'TIMEOUT' });
  });
});

const anyRow = fc.record({ score: fc.option(fc.nat(3)), team: fc.constantFrom('x', 'y') });
const anyPut = fc.record({
  id: fc.string({ minLength: 1, maxLength: 2, unit: fc.constantFrom('a', 'b', 'c', 'é') }),
  row: fc.option(anyRow),
});
const anyOrder = fc.uniqueArray(
  fc.record({ field: fc.constantFrom('id', 'score', 'team'), direction: fc.constantFrom('ASC' as const, 'DESC') }),
  { selector: ({ field }) => field, maxLength: 2 },
);

describe('the pages of a query of a table', () => {
  it('hold each row once, in order, when nothing changes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyPut, { maxLength: 40 }),
        anyOrder,
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom<Where | null>(null, { team: { eq: 'x' } }),
        async (puts, orderBy, first, where) => {
          const { log, query, feeds } = open();
          for (const { id, row } of puts) put(log, id, row);
          const whole = await query({ orderBy, where, first: 1000 });
          const found: FeedRecord[] = [];
          let last: Page | null = null;
          do {
            last = await query({ orderBy, where, first, after: last && cursorOf(last) });
            expect(last.records.length).toBeLessThanOrEqual(first);
            found.push(...last.records);
          } while (last.hasNextPage);
          expect(found).toEqual(whole.records);
          expect(last.bookmark).toBeUndefined();
          await feeds.close();
        },
      ),
      { numRuns: 150 },
    );
  });

  it('lose nothing to changes between them, for who subscribes at their end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyPut, { maxLength: 30 }),
        fc.array(fc.array(anyPut, { maxLength: 6 }), { maxLength: 6 }),
        anyOrder,
        fc.integer({ min: 1, max: 5 }),
        async (puts, between, orderBy, first) => {
          const { log, query, feeds } = open();
          const putAll = (some: typeof puts) => {
            for (const { id, row } of some) put(log, id, row);
          };
          putAll(puts);
          const client = new ClientRows();
          let last: Page | null = null;
          const later = [...between];
          do {
            last = await query({ orderBy, first, after: last && cursorOf(last) });
            client.take(last);
            putAll(later.shift() ?? []);
          } while (last.hasNextPage);
          const ends = [...(await log.bounds())];
          await using subscription = subscribeTo(feeds, table, { from: goOnAfter(last) });
          let page = await subscription.next();
          client.take(page);
          while (!ends.every(([partition, { end }]) => page.end.get(partition) === end)) {
            page = await subscription.next();
            client.take(page);
          }
          expect(client.rows).toEqual(await rowsAt(log, page.end));
          await feeds.close();
        },
      ),
      { numRuns: 150 },
    );
  });
});
