import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecordDecoder, type FeedSource, Feeds } from '#feed';
import { field } from '../../support/fields.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { subscribeTo } from '../../support/subscribe.ts';

type ValueDecoder = Parameters<typeof createRecordDecoder>[0];

/** Counts how often it was asked. */
function countingDecoder(): ValueDecoder & { count: number } {
  return {
    count: 0,
    decode(value) {
      this.count += 1;
      const text = value.toString();
      return text === 'bad' ? { ok: false, fault: { reason: 'bad' } } : { ok: true, node: { text } };
    },
  };
}

function sourceOf(codec: ValueDecoder, areReported: boolean) {
  const bad = { areReported, count: 0 };
  const source: FeedSource = {
    topic: 't',
    field: 'things',
    fields: [field('text', 'String')],
    decode: createRecordDecoder(codec, false, bad),
  };
  return { source, bad };
}

const never = new AbortController().signal;
const all = { from: { kind: 'earliest' }, until: { kind: 'latest' }, where: null, signal: never } as const;

describe('records that do not decode', () => {
  it('are left out of every page as if compaction had removed them, whoever reads from wherever, and counted', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
        fc.nat(40),
        fc.integer({ min: 1, max: 7 }),
        async (good, written, maxRecords) => {
          const log = new MemoryLog(2);
          const before = good.slice(0, written);
          const append = (isGood: boolean, index: number) => void log.append(index % 2, isGood ? `${index}` : 'bad');
          before.forEach(append);
          const { source, bad } = sourceOf(countingDecoder(), false);
          const feeds = new Feeds({ log });
          await using replay = subscribeTo(feeds, source, { from: { kind: 'earliest' }, maxRecords });
          await replay.next();
          for (let index = before.length; index < good.length; index += 1) append(good[index] === true, index);
          const expected = good.flatMap((isGood, index) => (isGood ? [`${index}`] : [])).toSorted();
          const seen: unknown[] = [];
          while (seen.length < expected.length) {
            const page = await replay.next();
            seen.push(...page.records.map(({ node }) => node?.['text']));
          }
          expect(seen.toSorted()).toEqual(expected);

          const page = await feeds.query(source, { ...all, first: 100 });
          expect(page.records.map(({ node }) => node?.['text']).toSorted()).toEqual(expected);
          expect(page).toMatchObject({ hasNextPage: false, gap: null, lag: 0n });
          if (expected.length < good.length) expect(bad.count).toBeGreaterThanOrEqual(good.length - expected.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('have their fault where they are reported', async () => {
    const log = new MemoryLog(1);
    log.append(0, 'bad');
    log.append(0, 'good');
    const { source, bad } = sourceOf(countingDecoder(), true);
    const { records } = await new Feeds({ log }).query(source, { ...all, first: 10 });
    expect(records).toMatchObject([
      { fault: 'bad', node: null },
      { fault: null, node: { text: 'good' } },
    ]);
    expect(bad.count).toBe(1);
  });
});

describe('a record at the live end', () => {
  it('is decoded once, however many subscribe to it, filtered or not', async () => {
    const log = new MemoryLog(1);
    const codec = countingDecoder();
    const { source } = sourceOf(codec, true);
    const feeds = new Feeds({ log });
    await using stack = new AsyncDisposableStack();
    const subscriptions = Array.from({ length: 50 }, (_, index) => {
      const where = index % 3 === 0 ? null : { text: { startsWith: index % 3 === 1 ? 'a' : '' } };
      return stack.use(subscribeTo(feeds, source, { from: { kind: 'latest' }, maxRecords: 10, where }));
    });
    for (const subscription of subscriptions) await subscription.next();
    for (let n = 0; n < 20; n += 1) log.append(0, `a${n}`);
    for (const subscription of subscriptions) {
      let taken = 0;
      while (taken < 20) taken += (await subscription.next()).records.length;
    }
    expect(codec.count).toBe(20);
  });
});
