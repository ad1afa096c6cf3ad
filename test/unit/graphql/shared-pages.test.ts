import { parse, subscribe } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createCursors, Feeds, PageQueue } from '#feed';
import { createSchema, type GraphQLContext, type RenderedPage, serveSource } from '#graphql';
import type { Model, Stream } from '#model';
import { field } from '../../support/fields.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { openNoFlink } from '../../support/no-flink.ts';

const things: Stream = {
  kind: 'stream',
  typeName: 'Thing',
  description: null,
  topic: 'things',
  plural: 'things',
  fields: [field('name', 'String', true), field('size', 'Int')],
  key: [],
  partitions: 1,
  retentionMs: 1000,
  cleanup: 'DELETE',
  format: 'JSON',
  keyFormat: 'STRING',
  source: 'KAFKA',
  redis: null,
  into: null,
  onBadRecord: 'REPORT',
  deadLetterTopic: null,
  eventTime: { field: null, delayMs: 0 },
  place: { file: 'x', line: 1, column: 1 },
};

function open() {
  const model: Model = { sources: [things], enums: [], objects: [] };
  const log = new MemoryLog(1);
  const feeds = new Feeds({ log });
  const schema = createSchema({
    model,
    sources: model.sources.map((source) => serveSource(source)),
    feeds,
    cursors: createCursors([Buffer.alloc(32)]),
    writer: { write: () => Promise.resolve([]), close: () => Promise.resolve() },
    flink: openNoFlink(model),
    errorLog: { error: () => undefined },
    produceTimeoutMs: 1000,
    queryTimeoutMs: 1000,
    now: () => 0,
  });
  const cleanUp = new AsyncDisposableStack();
  const listen = async (query: string, variableValues: object = {}, context: Partial<GraphQLContext> = {}) => {
    const sink = new PageQueue<RenderedPage>();
    const contextValue: GraphQLContext = { sink, ...context };
    const control = await subscribe({
      schema,
      document: parse(query),
      contextValue,
      variableValues: { ...variableValues },
    });
    if (!(Symbol.asyncIterator in control)) throw new Error(JSON.stringify(control));
    const run = async (signal: AbortSignal) => {
      signal.addEventListener('abort', () => void control.return?.(undefined), { once: true });
      await control.next();
    };
    const left = new AbortController();
    const pages = sink.drain(run, left.signal);
    cleanUp.defer(async () => {
      left.abort();
      await pages.return();
    });
    const next = async () => {
      const { value, done } = await pages.next();
      if (done || !value) throw new Error('The subscription ended.');
      return value;
    };
    return { next, first: await next() };
  };
  return { log, feeds, listen, [Symbol.asyncDispose]: () => cleanUp.disposeAsync() };
}

const query = 'subscription { things { nodes { name } pageInfo { endCursor } } }';

describe('subscriptions share their pages', () => {
  it('whatever cursor each of them came with, and however they began', async () => {
    await using world = open();
    const one = await world.listen(query);
    const { cursor } = one.first;
    const withCursor =
      'subscription ($after: Cursor) { things(after: $after) { nodes { name } pageInfo { endCursor } } }';
    const two = await world.listen(withCursor, { after: cursor });
    const three = await world.listen(
      `subscription { things(after: "${cursor}", overflow: LATEST) { nodes { name } pageInfo { endCursor } } }`,
    );
    await expect.poll(() => world.feeds.counters.groups).toBe(1);
    world.log.append(0, '{"name":"a"}');
    const pages = await Promise.all([one, two, three].map(({ next }) => next()));
    expect(new Set(pages).size).toBe(1);
    expect(JSON.parse(pages[0]?.text ?? '')).toMatchObject({ data: { things: { nodes: [{ name: 'a' }] } } });
  });

  it('not when they select, filter or page differently', async () => {
    await using world = open();
    await world.listen(query);
    await world.listen('subscription { things { nodes { name size } } }');
    await world.listen('subscription { other: things { nodes { name } } }');
    await world.listen('subscription { things(maxRecords: 1) { nodes { name } } }');
    await world.listen('subscription { things(where: { name: { eq: "a" } }) { nodes { name } } }');
    const skipping = 'subscription ($no: Boolean!) { things { nodes { name size @skip(if: $no) } } }';
    await world.listen(skipping, { no: true });
    await world.listen(skipping, { no: false });
    expect(world.feeds.counters.groups).toBe(7);
  });

  it('when filters say the same, by a literal and by a variable', async () => {
    await using world = open();
    await world.listen('subscription { things(where: { name: { eq: "a" }, size: { gt: 1 } }) { nodes { name } } }');
    await world.listen('subscription ($w: ThingFilter) { things(where: $w) { nodes { name } } }', {
      w: { size: { gt: 1 }, name: { eq: 'a' } },
    });
    expect(world.feeds.counters.groups).toBe(1);
  });

  it('only with those who may see the same, and with nobody where that is unknown', async () => {
    await using world = open();
    for (const rights of ['reader', 'reader', 'admin', null, null]) await world.listen(query, {}, { rights });
    expect(world.feeds.counters).toMatchObject({ subscriptions: 5, groups: 4 });
  });
});
