import { describe, expect, test } from 'vitest';
import type { AdHocPage } from '#queries';
import type { FlinkParts } from '../../../src/flink-parts.ts';
import { openQuietFlink } from '../../support/quiet-flink.ts';
import { clicksModel } from '../flink/models.ts';
import { FakeSelect } from './fake-select.ts';

async function openOn(fake: FakeSelect, settings: object = {}) {
  const server = await fake.serve();
  const urls = { restUrl: server.url, sqlGatewayUrl: server.url };
  const flink = openQuietFlink({
    settings: { ...urls, sql: 'all', ...settings },
    model: clicksModel(),
    bootstrapServers: '',
    restorePoints: null,
  });
  return {
    flink,
    sql: flink.sql,
    async [Symbol.asyncDispose]() {
      await flink.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

function follow(sql: FlinkParts['sql'], more: { readonly maxRows?: number; readonly client?: string } = {}) {
  const leaving = new AbortController();
  const order = { statement: 'SELECT n FROM t', client: 'me', maxRows: null, startFrom: 'LATEST', ...more } as const;
  return { pages: sql.subscribe(order, leaving.signal), leave: () => leaving.abort() };
}

async function rowsOf(pages: AsyncIterable<AdHocPage>): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for await (const { rows } of pages) for (const { values } of rows) all.push(values);
  return all;
}

describe('an ad hoc subscription', () => {
  test('gives the columns, then rows, and ends with its job after maxRows', async () => {
    const fake = new FakeSelect();
    await using opened = await openOn(fake);
    const { pages } = follow(opened.sql, { maxRows: 3 });
    expect((await pages.next()).value).toMatchObject({ columns: [{ name: 'n', type: 'BIGINT' }], rows: [] });
    expect(await rowsOf(pages)).toEqual([{ n: '1' }, { n: '2' }, { n: '3' }]);
    expect(fake.states).toEqual(['CANCELED']);
  });

  test('fetches no more than one page before it is asked for', async () => {
    const fake = new FakeSelect();
    await using opened = await openOn(fake);
    const { pages, leave } = follow(opened.sql);
    await pages.next();
    await pages.next();
    // That of the columns, the one that was taken, and the next.
    await expect.poll(() => fake.fetchesOf(0)).toBe(3);
    // Meanwhile another one is given all its pages.
    await rowsOf(follow(opened.sql, { maxRows: 3, client: 'you' }).pages);
    expect(fake.fetchesOf(0)).toBe(3);
    await pages.next();
    await expect.poll(() => fake.fetchesOf(0)).toBe(4);
    leave();
    await pages.return();
  });

  test('ends at once when its client leaves while it waits for rows', async () => {
    const fake = new FakeSelect();
    fake.rows = 0;
    await using opened = await openOn(fake);
    const { pages, leave } = follow(opened.sql);
    await pages.next();
    const pending = pages.next();
    leave();
    expect(await pending).toEqual({ done: true, value: undefined });
    expect(fake.states).toEqual(['CANCELED']);
  });

  test('whose operation the SQL Gateway has forgotten says so, and its job is cancelled by its id', async () => {
    const fake = new FakeSelect();
    await using opened = await openOn(fake);
    const { pages } = follow(opened.sql);
    await pages.next();
    fake.isForgetful = true;
    await expect(pages.next()).rejects.toMatchObject({ code: 'FLINK_UNAVAILABLE', retryable: true });
    expect(fake.states).toEqual(['CANCELED']);
  });

  test('loses its job and its place when its client takes nothing', async () => {
    const fake = new FakeSelect();
    await using opened = await openOn(fake, { sqlIdleMs: 1, sqlQueriesPerClient: 1 });
    const { pages } = follow(opened.sql);
    await pages.next();
    await expect.poll(() => fake.states).toEqual(['CANCELED']);
    const other = follow(opened.sql, { maxRows: 1 });
    await other.pages.next();
    await other.pages.return();
    await expect(pages.next()).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  test('is refused with OVERLOADED before Flink is asked when its client runs as many as it may', async () => {
    const fake = new FakeSelect();
    await using opened = await openOn(fake, { sqlQueriesPerClient: 1 });
    const { pages } = follow(opened.sql);
    await pages.next();
    await expect(follow(opened.sql).pages.next()).rejects.toMatchObject({ code: 'OVERLOADED' });
    const another = follow(opened.sql, { client: 'you', maxRows: 1 });
    expect(await rowsOf(another.pages)).toHaveLength(1);
    await pages.return();
    expect(fake.states).toEqual(['CANCELED', 'CANCELED']);
  });
});

test('a gateway that starts cancels the jobs of processes that are gone and those past their end, and no others', async () => {
  const fake = new FakeSelect();
  {
    await using opened = await openOn(fake);
    const { pages } = follow(opened.sql);
    await pages.next();
    await pages.return();
  }
  const told = [...fake.jobs.values()][0]?.labels ?? {};
  const own = JSON.parse(told['sluice.gateway'] ?? '{}');
  const add = (id: string, labels: Readonly<Record<string, string>>) =>
    fake.jobs.set(id.repeat(32), { state: 'RUNNING', labels: { ...told, ...labels } });
  fake.jobs.clear();
  add('a', { 'sluice.gateway': JSON.stringify({ ...own, start: '1' }) });
  add('b', { 'sluice.gateway': JSON.stringify({ ...own, host: 'elsewhere' }) });
  add('c', { 'sluice.gateway': JSON.stringify({ ...own, host: 'elsewhere' }), 'sluice.until': '1' });
  add('d', { 'sluice.gateway': JSON.stringify({ ...own, id: 'another' }) });
  fake.jobs.set('e'.repeat(32), { state: 'RUNNING', labels: { 'sluice.view': 'v' } });
  await using _next = await openOn(fake);
  await expect.poll(() => fake.states).toEqual(['CANCELED', 'RUNNING', 'CANCELED', 'RUNNING', 'RUNNING']);
});
