import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecordDecoder, type FeedSource, Feeds, type Page, type Sink, type SubscribeRequest } from '#feed';
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

const textsOf = (pages: readonly Page[]) => pages.flatMap(({ records }) => records.map(({ node }) => node?.text));

/** A sink that keeps what it gets; it can be held up and let go. */
class HeldSink implements Sink<Page> {
  readonly pages: Page[] = [];
  flushes = 0;
  #onReady: (() => void)[] = [];
  #isHeld = false;

  get isReady(): boolean {
    return !this.#isHeld;
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    for (const resolve of this.#onReady.splice(0)) resolve();
  }

  push(page: Page): void {
    this.pages.push(page);
  }

  flush(): void {
    this.flushes += 1;
  }

  whenReady(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#onReady.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}

/** A subscription into a held sink, whose renders are counted with those of its group. */
function open(feeds: Feeds, wishes: Partial<SubscribeRequest<Page>> & { readonly renders?: { count: number } } = {}) {
  const { renders, ...rest } = wishes;
  const controller = new AbortController();
  const sink = new HeldSink();
  const ended = feeds.subscribe<Page>(
    source,
    {
      from: { kind: 'latest' },
      until: null,
      where: null,
      maxRecords: 100,
      overflow: 'CATCH_UP',
      group: 'all',
      render: (page) => {
        if (renders) renders.count += 1;
        return page;
      },
      toSlowError: (place) => Object.assign(new Error('slow'), { place }),
      ...rest,
      sink,
    },
    controller.signal,
  );
  return {
    sink,
    ended,
    async [Symbol.asyncDispose]() {
      controller.abort();
      await ended.catch(() => undefined);
    },
  };
}

const until = (predicate: () => boolean) => expect.poll(predicate, { interval: 1 }).toBe(true);

describe('a group', () => {
  it('makes each page once for all of its live subscriptions', async () => {
    const log = new MemoryLog(1);
    const feeds = new Feeds({ log });
    const renders = { count: 0 };
    await using first = open(feeds, { renders });
    await using second = open(feeds, { renders });
    await until(() => first.sink.pages.length === 1 && second.sink.pages.length === 1);
    // Each one's first page says where it stands; those are its own.
    expect(renders.count).toBe(2);
    await turn();
    log.append(0, 'a');
    await until(() => textsOf(second.sink.pages).includes('a'));
    expect(renders.count).toBe(3);
    expect(first.sink.pages[1]).toBe(second.sink.pages[1]);
    expect(feeds.counters).toMatchObject({ subscriptions: 2, groups: 1, topics: 1, recordsDelivered: 2 });
  });

  it('tells different filters apart, and gives a record only to those whom it concerns', async () => {
    const log = new MemoryLog(1);
    const feeds = new Feeds({ log });
    const wants = (value: string) => open(feeds, { where: { text: { eq: value } }, group: value });
    await using a = wants('a');
    await using b = wants('b');
    await until(() => a.sink.pages.length + b.sink.pages.length === 2);
    await turn();
    log.append(0, 'a');
    log.append(0, 'b');
    log.append(0, 'neither');
    await until(() => textsOf([...a.sink.pages, ...b.sink.pages]).length === 2);
    expect([textsOf(a.sink.pages), textsOf(b.sink.pages)]).toEqual([['a'], ['b']]);
    expect(feeds.counters.groups).toBe(2);
  });

  it('does not wait for a member whose sink is full: it reads on by itself and joins again, record for record', async () => {
    const log = new MemoryLog(2);
    const feeds = new Feeds({ log, ringBytes: 1000 });
    await using quick = open(feeds);
    await using slow = open(feeds);
    await until(() => quick.sink.pages.length + slow.sink.pages.length === 2);
    await turn();
    slow.sink.hold();
    const values = Array.from({ length: 200 }, (_, index) => String(index));
    for (const [index, value] of values.entries()) {
      log.append(index % 2, value);
      if (index % 20 === 0) await turn();
    }
    await until(() => textsOf(quick.sink.pages).length === 200);
    // What was pushed before it was known to be full, and no more.
    expect(textsOf(slow.sink.pages).length).toBeLessThan(60);
    slow.sink.release();
    await until(() => textsOf(slow.sink.pages).length === 200);
    log.append(0, 'live again');
    await until(() => textsOf(slow.sink.pages).length === 201);
    expect(new Set(textsOf(slow.sink.pages))).toEqual(new Set([...values, 'live again']));
    expect(feeds.counters.catchUps).toBeGreaterThan(0);
    expect(feeds.counters.ringMisses).toBeGreaterThan(0);
  });

  it('shares the pages of those who catch up from the same place', async () => {
    const log = new MemoryLog(1);
    for (let index = 0; index < 300; index += 1) log.append(0, String(index));
    const feeds = new Feeds({ log });
    const renders = { count: 0 };
    const all = Array.from({ length: 20 }, () => open(feeds, { renders, from: { kind: 'earliest' } }));
    await using cleanUp = new AsyncDisposableStack();
    for (const one of all) cleanUp.use(one);
    await until(() => all.every(({ sink }) => textsOf(sink.pages).length === 300));
    // 20 first pages, and the three of 100 records once or little more.
    expect(renders.count).toBeLessThan(20 + 12);
    expect(log.reads).toBeLessThan(10);
  });

  it('gives a fresh cursor to a subscription whose stream moves on without it', async () => {
    const log = new MemoryLog(1);
    const feeds = new Feeds({ log, idlePageMs: 10 });
    await using idle = open(feeds, { where: { text: { eq: 'never' } }, group: 'never' });
    await until(() => idle.sink.pages.length === 1);
    await turn();
    log.append(0, 'other');
    await until(() => idle.sink.pages.length === 2);
    expect(idle.sink.pages[1]).toMatchObject({ records: [], live: true, end: new Map([[0, 1n]]) });
  });

  it('gives its last page when the gateway is about to stop', async () => {
    const log = new MemoryLog(1);
    const feeds = new Feeds({ log });
    await using one = open(feeds, { where: { text: { eq: 'never' } }, group: 'never' });
    await until(() => one.sink.pages.length === 1);
    await turn();
    log.append(0, 'other');
    await until(() => feeds.counters.recordsSeen === 1);
    feeds.flush();
    expect(one.sink.pages.at(-1)?.end).toEqual(new Map([[0, 1n]]));
  });

  it('leaves nothing behind when ten thousand subscribe and leave', async () => {
    const log = new MemoryLog(4);
    const feeds = new Feeds({ log });
    for (let round = 0; round < 100; round += 1) {
      const all = Array.from({ length: 100 }, (_, index) =>
        open(feeds, index % 2 ? { where: { text: { eq: String(index) } }, group: `g${index}` } : {}),
      );
      log.append(round % 4, String(round));
      await turn();
      await Promise.all(all.map((one) => one[Symbol.asyncDispose]()));
    }
    expect(feeds.counters).toMatchObject({ subscriptions: 0, groups: 0, topics: 0 });
    expect(feeds.followed).toEqual([]);
    await until(() => log.tails === 0);
  });
});

describe('overflow', () => {
  it('LATEST gives the newest record of each key and says how many it left out', async () => {
    const log = new MemoryLog(1);
    const feeds = new Feeds({ log });
    await using slow = open(feeds, { overflow: 'LATEST' });
    await until(() => slow.sink.pages.length === 1);
    await turn();
    slow.sink.hold();
    log.append(0, 'first', { key: 'a' });
    for (let index = 0; index < 10; index += 1) log.append(0, String(index), { key: index % 2 ? 'a' : 'b' });
    await until(() => feeds.counters.recordsSeen === 11 && feeds.counters.catchUps === 1);
    slow.sink.release();
    await until(() => slow.sink.pages.length === 2);
    expect(slow.sink.pages[1]).toMatchObject({ gap: { reason: 'CONFLATED', missed: 9n } });
    expect(textsOf(slow.sink.pages)).toEqual(['8', '9']);
    log.append(0, 'live', { key: 'a' });
    await until(() => textsOf(slow.sink.pages).includes('live'));
    expect(slow.sink.pages.at(-1)?.gap).toBeNull();
  });

  it('DISCONNECT ends the subscription with the place to go on from', async () => {
    const log = new MemoryLog(1);
    const feeds = new Feeds({ log });
    const slow = open(feeds, { overflow: 'DISCONNECT' });
    await until(() => slow.sink.pages.length === 1);
    await turn();
    slow.sink.hold();
    log.append(0, 'a');
    await expect(slow.ended).rejects.toMatchObject({ place: { position: new Map([[0, 0n]]) } });
    expect(feeds.counters).toMatchObject({ disconnects: 1, subscriptions: 0 });
  });
});

describe('a bounded replay', () => {
  const replay = (feeds: Feeds, wishes: Parameters<typeof subscribeTo>[2]) => subscribeTo(feeds, source, wishes);

  it('completes at the end that was there, and says so on its last page', async () => {
    const log = new MemoryLog(2);
    for (let index = 0; index < 7; index += 1) log.append(index % 2, String(index));
    const feeds = new Feeds({ log });
    await using pages = replay(feeds, { from: { kind: 'earliest' }, until: { kind: 'latest' }, maxRecords: 3 });
    const seen: Page[] = [];
    for (let page = await pages.next(); ; page = await pages.next()) {
      seen.push(page);
      if (!page.hasNextPage) break;
    }
    await pages.end();
    expect(textsOf(seen).toSorted()).toEqual(['0', '1', '2', '3', '4', '5', '6']);
  });

  it('completes with its first page when there is nothing', async () => {
    await using pages = replay(new Feeds({ log: new MemoryLog(1) }), {
      from: { kind: 'earliest' },
      until: { kind: 'latest' },
    });
    expect(await pages.next()).toMatchObject({ records: [], hasNextPage: false });
    await pages.end();
  });

  it('says on a last page of its own that nothing more fits the filter', async () => {
    const log = new MemoryLog(1);
    for (const value of ['a', 'b', 'b']) log.append(0, value);
    await using pages = replay(new Feeds({ log }), {
      from: { kind: 'earliest' },
      until: { kind: 'latest' },
      where: { text: { eq: 'none' } },
    });
    expect(await pages.next()).toMatchObject({ hasNextPage: true });
    expect(await pages.next()).toMatchObject({ records: [], hasNextPage: false, end: new Map([[0, 3n]]) });
    await pages.end();
  });

  it('waits for the records up to an end that is not there yet', async () => {
    const log = new MemoryLog(1);
    const feeds = new Feeds({ log });
    const offsets = [{ partition: 0, offset: 2n }];
    let nowMs = 1000;
    const timed = new Feeds({ log, now: () => nowMs });
    await using pages = replay(timed, { from: { kind: 'latest' }, until: { kind: 'time', timestampMs: 1020 } });
    expect(await pages.next()).toMatchObject({ hasNextPage: true });
    log.append(0, 'before', { timestampMs: 1010 });
    expect(textsOf([await pages.next()])).toEqual(['before']);
    nowMs = 1020;
    log.append(0, 'after', { timestampMs: 1030 });
    expect(await pages.next()).toMatchObject({ records: [], hasNextPage: false });
    await pages.end();
    expect(
      textsOf([
        await feeds.query(source, {
          first: 9,
          from: { kind: 'earliest' },
          until: { kind: 'offsets', offsets },
          where: null,
          signal: new AbortController().signal,
        }),
      ]),
    ).toEqual(['before', 'after']);
  });
});

describe('a topic that goes away', () => {
  it('is followed again with a gap when it is made anew', async () => {
    const log = new MemoryLog(1);
    log.append(0, 'old');
    const feeds = new Feeds({ log });
    await using pages = subscribeTo(feeds, source, { from: { kind: 'latest' } });
    await pages.next();
    log.recreate();
    log.append(0, 'new');
    const page = await pages.next();
    expect(page.gap).toEqual({ reason: 'RECREATED', missed: null });
    const rest = page.records.length > 0 ? page : await pages.next();
    expect(textsOf([rest])).toEqual(['new']);
  });
});

describe('a log that is truncated at its live end', () => {
  it('tells so those who were behind at that moment too, however much is written since', async () => {
    const log = new MemoryLog(1);
    const feeds = new Feeds({ log });
    await using quick = open(feeds);
    await using slow = open(feeds);
    await until(() => quick.sink.pages.length + slow.sink.pages.length === 2);
    await turn();
    for (const value of ['a', 'b', 'c']) log.append(0, value);
    await until(() => textsOf(slow.sink.pages).length === 3);
    slow.sink.hold();
    log.append(0, 'd');
    await until(() => feeds.counters.catchUps === 1);
    log.truncate(0, 1n);
    for (const value of ['B', 'C', 'D', 'E']) log.append(0, value);
    await until(() => textsOf(quick.sink.pages).includes('E'));
    slow.sink.release();
    await until(() => textsOf(slow.sink.pages).includes('E'));
    for (const { sink } of [quick, slow]) {
      const gap = sink.pages.findIndex((page) => page.gap?.reason === 'TRUNCATED');
      expect(textsOf(sink.pages.slice(gap))).toEqual(['B', 'C', 'D', 'E']);
    }
  });
});

describe('subscriptions of all kinds together', () => {
  it('lose, double and swap nothing, whatever their pace', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(2), fc.nat(4), fc.nat(3)), { minLength: 1, maxLength: 80 }),
        fc.integer({ min: 300, max: 3000 }),
        fc.integer({ min: 1, max: 6 }),
        async (steps, ringBytes, maxRecords) => {
          const log = new MemoryLog(3);
          const feeds = new Feeds({ log, ringBytes, ringsTotalBytes: ringBytes * 2 });
          const values = ['x', 'y'];
          const wishes = [
            {},
            { maxRecords },
            { where: { text: { eq: 'x' } }, group: 'x' },
            { where: { text: { in: ['y'] } }, group: 'y' },
          ];
          await using cleanUp = new AsyncDisposableStack();
          const all = wishes.map((wish, index) => {
            const group = 'group' in wish ? wish.group : `all ${'maxRecords' in wish}`;
            return cleanUp.use(open(feeds, { ...wish, group, from: { kind: index % 2 ? 'earliest' : 'latest' } }));
          });
          await until(() => all.every(({ sink }) => sink.pages.length > 0));
          const written: { place: string; text: string }[] = [];
          for (const [partition, held, pause] of steps) {
            const value = values[(partition + held) % 2] ?? 'x';
            const record = log.append(partition, value, { hole: BigInt(pause) });
            written.push({ place: `${partition}:${record.offset}`, text: value });
            const sink = all[held]?.sink;
            if (sink?.isReady) sink.hold();
            else sink?.release();
            if (pause > 1) await turn();
          }
          for (const { sink } of all) sink.release();
          const wanted = [
            written,
            written,
            written.filter(({ text: t }) => t === 'x'),
            written.filter(({ text: t }) => t === 'y'),
          ];
          const placesOf = (pages: readonly Page[]) =>
            pages.flatMap(({ records }) => records.map(({ partition, offset }) => `${partition}:${offset}`));
          for (const [index, { sink }] of all.entries()) {
            const expected = wanted[index]?.map(({ place }) => place) ?? [];
            await until(() => placesOf(sink.pages).length >= expected.length);
            for (const partition of ['0:', '1:', '2:']) {
              const of = (places: readonly string[]) => places.filter((place) => place.startsWith(partition));
              expect(of(placesOf(sink.pages))).toEqual(of(expected));
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
