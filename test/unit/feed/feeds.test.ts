import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecordDecoder, type FeedSource, Feeds, type Page, type StartPosition } from '#feed';
import { field } from '../../support/fields.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { subscribeTo } from '../../support/subscribe.ts';

const text = { decode: (value: Buffer) => ({ ok: true as const, node: { text: value.toString() } }) };
const source: FeedSource = {
  topic: 't',
  field: 'things',
  fields: [field('text', 'String')],
  decode: createRecordDecoder(text, false),
};
const never = new AbortController().signal;
const epochs = new Map<number, number>();

const subscribe = (feeds: Feeds, from: StartPosition, maxRecords = 100) =>
  subscribeTo(feeds, source, { from, maxRecords });

const textsOf = (page: Page) => page.records.map(({ node }) => node?.text);
const places = (pages: readonly Page[]) =>
  pages.flatMap(({ records }) => records.map(({ partition, offset }) => `${partition}:${offset}`));

describe('a subscription', () => {
  it('gives a first page at once on an empty stream and says that it is live', async () => {
    const feeds = new Feeds({ log: new MemoryLog(2) });
    await using subscription = subscribe(feeds, { kind: 'latest' });
    expect(await subscription.next()).toMatchObject({ records: [], live: true, lag: 0n, gap: null, hasNextPage: true });
  });

  it('sees what is written after its first page', async () => {
    const log = new MemoryLog(2);
    log.append(0, 'old');
    const feeds = new Feeds({ log });
    await using subscription = subscribe(feeds, { kind: 'latest' });
    await subscription.next();
    log.append(1, 'new');
    expect(textsOf(await subscription.next())).toEqual(['new']);
  });

  it('opens one tail for all subscribers of a topic and closes it with the last', async () => {
    const log = new MemoryLog(1);
    const feeds = new Feeds({ log });
    {
      await using first = subscribe(feeds, { kind: 'latest' });
      await using second = subscribe(feeds, { kind: 'latest' });
      await Promise.all([first.next(), second.next()]);
      expect(log.tails).toBe(1);
      log.append(0, 'x');
      expect([textsOf(await first.next()), textsOf(await second.next())]).toEqual([['x'], ['x']]);
    }
    await expect.poll(() => log.tails).toBe(0);
    expect(feeds.followed).toEqual([]);
  });

  it('reads from the earliest record and goes on live', async () => {
    const log = new MemoryLog(1);
    log.append(0, 'a');
    log.append(0, 'b', { hole: 3n });
    const feeds = new Feeds({ log });
    await using subscription = subscribe(feeds, { kind: 'earliest' });
    expect((await subscription.next()).live).toBe(false);
    const page = await subscription.next();
    expect(textsOf(page)).toEqual(['a', 'b']);
    expect(page.live).toBe(true);
    log.append(0, 'c');
    expect(textsOf(await subscription.next())).toEqual(['c']);
  });

  it('tells a gap when retention has passed its start, then goes on with the oldest there is', async () => {
    const log = new MemoryLog(1);
    for (const value of ['a', 'b', 'c', 'd']) log.append(0, value);
    log.expire(0, 2n);
    const feeds = new Feeds({ log });
    const cursor = { topicId: 'topic-1', position: new Map([[0, 1n]]), epochs };
    await using subscription = subscribe(feeds, { kind: 'after', cursor });
    await subscription.next();
    const page = await subscription.next();
    expect(page.gap).toEqual({ reason: 'EXPIRED', missed: 1n });
    const rest = page.records.length > 0 ? page : await subscription.next();
    expect(textsOf(rest)).toEqual(['c', 'd']);
  });

  it('starts over with a gap when the topic was deleted and made anew', async () => {
    const log = new MemoryLog(1);
    log.append(0, 'a');
    const feeds = new Feeds({ log });
    const cursor = { topicId: 'another', position: new Map([[0, 7n]]), epochs };
    await using subscription = subscribe(feeds, { kind: 'after', cursor });
    expect((await subscription.next()).gap).toEqual({ reason: 'RECREATED', missed: null });
    expect(textsOf(await subscription.next())).toEqual(['a']);
  });

  it('says so when its cursor is past the end of the log', async () => {
    const log = new MemoryLog(1);
    log.append(0, 'a');
    const feeds = new Feeds({ log });
    const cursor = { topicId: 'topic-1', position: new Map([[0, 9n]]), epochs };
    await using subscription = subscribe(feeds, { kind: 'after', cursor });
    expect((await subscription.next()).gap).toEqual({ reason: 'TRUNCATED', missed: null });
  });

  it('reads a partition that is added while it runs from its beginning', async () => {
    const log = new MemoryLog(1);
    const feeds = new Feeds({ log });
    await using subscription = subscribe(feeds, { kind: 'latest' });
    await subscription.next();
    log.append(log.addPartition(), 'first of the new one');
    expect(textsOf(await subscription.next())).toEqual(['first of the new one']);
  });

  it('waits while the broker is away in the middle of history, and goes on by itself', async () => {
    const log = new MemoryLog(1);
    for (let index = 0; index < 10; index += 1) log.append(0, String(index));
    const feeds = new Feeds({ log });
    await using subscription = subscribe(feeds, { kind: 'earliest' }, 4);
    await subscription.next();
    log.isAway = true;
    const page = subscription.next();
    await new Promise((resolve) => setImmediate(resolve));
    log.isAway = false;
    expect(textsOf(await page)).toEqual(['0', '1', '2', '3']);
  });

  it('loses and doubles nothing however small its ring, its pages and its pace are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(2), fc.nat(3), fc.boolean()), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 2000 }),
        async (writes, maxRecords, ringBytes) => {
          const log = new MemoryLog(3);
          const feeds = new Feeds({ log, ringBytes });
          const written: string[] = [];
          const write = ([partition, hole]: readonly [number, number, boolean]) => {
            const record = log.append(partition, 'x', { hole: BigInt(hole) });
            written.push(`${partition}:${record.offset}`);
          };
          const half = Math.floor(writes.length / 2);
          for (const one of writes.slice(0, half)) write(one);
          const seen: Page[] = [];
          await using subscription = subscribe(feeds, { kind: 'earliest' }, maxRecords);
          seen.push(await subscription.next());
          for (const one of writes.slice(half)) {
            write(one);
            if (one[2] && places(seen).length < written.length) seen.push(await subscription.next());
          }
          while (places(seen).length < written.length) seen.push(await subscription.next());
          expect(places(seen).toSorted()).toEqual(written.toSorted());
          for (const partition of ['0:', '1:', '2:']) {
            const of = (all: readonly string[]) => all.filter((place) => place.startsWith(partition));
            expect(of(places(seen))).toEqual(of(written));
          }
          expect(seen.every(({ records }) => records.length <= maxRecords)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('resumes after any page of another subscription without loss or repetition', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 5 }),
        async (writes, size) => {
          const log = new MemoryLog(4);
          const feeds = new Feeds({ log });
          for (const partition of writes) log.append(partition, 'x');
          const seen: Page[] = [];
          let from: StartPosition = { kind: 'earliest' };
          while (places(seen).length < writes.length) {
            await using subscription = subscribe(feeds, from, size);
            await subscription.next();
            const page = await subscription.next();
            seen.push(page);
            from = { kind: 'after', cursor: { topicId: 'topic-1', position: page.end, epochs: page.epochs } };
          }
          expect(new Set(places(seen)).size).toBe(writes.length);
          expect(places(seen)).toHaveLength(writes.length);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a query', () => {
  const query = (feeds: Feeds, request: Partial<Parameters<Feeds['query']>[1]>) =>
    feeds.query(source, {
      first: 100,
      from: { kind: 'earliest' },
      until: { kind: 'latest' },
      where: null,
      signal: never,
      ...request,
    });

  it('merges the partitions by time and keeps the order within each', async () => {
    const log = new MemoryLog(2);
    log.append(0, 'a', { timestampMs: 1 });
    log.append(0, 'c', { timestampMs: 3 });
    log.append(1, 'b', { timestampMs: 2 });
    log.append(1, 'a late one', { timestampMs: 0 });
    const page = await query(new Feeds({ log }), {});
    expect(textsOf(page)).toEqual(['a', 'b', 'a late one', 'c']);
    expect(page).toMatchObject({ hasNextPage: false, live: true, lag: 0n });
  });

  it('pages through a history to its end and says when there is no more', async () => {
    const log = new MemoryLog(3);
    for (let index = 0; index < 25; index += 1) log.append(index % 3, String(index), { timestampMs: index });
    const feeds = new Feeds({ log });
    const seen: unknown[] = [];
    let from: StartPosition = { kind: 'earliest' };
    for (;;) {
      const page = await query(feeds, { first: 10, from });
      seen.push(...textsOf(page));
      if (!page.hasNextPage) break;
      from = { kind: 'after', cursor: { topicId: 'topic-1', position: page.end, epochs: page.epochs } };
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => String(index)));
  });

  it('gives the last records over all partitions', async () => {
    const log = new MemoryLog(2);
    for (let index = 0; index < 9; index += 1) log.append(index < 6 ? 0 : 1, String(index), { timestampMs: index });
    expect(textsOf(await query(new Feeds({ log }), { from: { kind: 'last', count: 4 } }))).toEqual([
      '5',
      '6',
      '7',
      '8',
    ]);
  });

  it('begins and ends at times and at offsets', async () => {
    const log = new MemoryLog(1);
    for (let index = 0; index < 6; index += 1) log.append(0, String(index), { timestampMs: index * 10 });
    const feeds = new Feeds({ log });
    const times = await query(feeds, {
      from: { kind: 'time', timestampMs: 15 },
      until: { kind: 'time', timestampMs: 40 },
    });
    expect(textsOf(times)).toEqual(['2', '3']);
    const at = (offset: bigint) => ({ kind: 'offsets', offsets: [{ partition: 0, offset }] }) as const;
    expect(textsOf(await query(feeds, { from: at(1n), until: at(3n) }))).toEqual(['1', '2']);
  });

  it('refuses a partition that does not exist', async () => {
    const feeds = new Feeds({ log: new MemoryLog(2) });
    const from = { kind: 'offsets', offsets: [{ partition: 5, offset: 0n }] } as const;
    await expect(query(feeds, { from })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('answers with an error when the broker is away', async () => {
    const log = new MemoryLog(1);
    log.isAway = true;
    await expect(query(new Feeds({ log }), {})).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE' });
  });
});
