import { describe, expect, it } from 'vitest';
import { type EventStream, openEvents } from '../../support/body-stream.ts';
import { holdIdentify, openInProcess } from '../../support/in-process.ts';

const query = 'subscription ($after: Cursor) { things(after: $after) { nodes { name } pageInfo { endCursor } } }';

/** The names in the next page, its cursor and its id. */
async function nextPage(stream: EventStream) {
  const event = await stream.next();
  if (!event?.answer) throw new Error(`A page was expected, not ${JSON.stringify(event)}.`);
  const { nodes, pageInfo } = event.answer.data.things;
  const names: string[] = nodes.map(({ name }: { name: string }) => name);
  return { names, id: event.id, endCursor: pageInfo.endCursor };
}

/** Appends a megabyte each time it is asked to: whatever a client does not read fills the system's buffers in the end. */
function fillerOf({ append }: Pick<Awaited<ReturnType<typeof openInProcess>>, 'append'>) {
  const names: string[] = [];
  const fill = () => {
    for (let count = 0; count < 5; count += 1) {
      const name = String(names.length).padEnd(200_000, '.');
      names.push(name);
      append(name);
    }
  };
  return { names, fill };
}

const often = { interval: 5 };

describe('server-sent events', () => {
  it('carry the cursor as their id, and go on after it', async () => {
    await using gateway = await openInProcess();
    const first = await openEvents(gateway.url, { query });
    expect(first.response.headers['content-type']).toBe('text/event-stream');
    await nextPage(first);
    gateway.append('a');
    const page = await nextPage(first);
    expect(page).toEqual({ names: ['a'], id: page.endCursor, endCursor: expect.any(String) });
    first.drop();
    gateway.append('b');
    const headers = { 'last-event-id': String(page.id) };
    const again = await openEvents(gateway.url, { query, headers, method: 'GET' });
    await nextPage(again);
    expect((await nextPage(again)).names).toEqual(['b']);
    again.drop();
  });

  it('take Last-Event-ID in place of the cursor that the operation was first opened with', async () => {
    await using gateway = await openInProcess();
    const stream = await openEvents(gateway.url, { query });
    const { endCursor } = await nextPage(stream);
    for (const name of ['a', 'b']) gateway.append(name);
    const { id } = await nextPage(stream);
    stream.drop();
    gateway.append('c');
    const headers = { 'last-event-id': String(id) };
    const again = await openEvents(gateway.url, { query, variables: { after: endCursor }, headers });
    await nextPage(again);
    expect((await nextPage(again)).names).toEqual(['c']);
    again.drop();
  });

  it('free all that belongs to a client that leaves without a word', async () => {
    await using gateway = await openInProcess();
    const streams = await Promise.all(Array.from({ length: 20 }, () => openEvents(gateway.url, { query })));
    await Promise.all(streams.map(nextPage));
    expect(gateway.feeds.counters.subscriptions).toBe(20);
    for (const stream of streams) stream.drop();
    await expect.poll(() => gateway.feeds.counters.subscriptions).toBe(0);
    await expect.poll(() => gateway.traffic.streams).toBe(0);
    expect(gateway.feeds.counters.topics).toBe(0);
  });

  it('say in the end that there is nothing more, so that an EventSource which comes back stays away', async () => {
    await using gateway = await openInProcess();
    gateway.append('a');
    const bounded = 'subscription { things(from: { earliest: true }, until: { latest: true }) { nodes { name } } }';
    const stream = await openEvents(gateway.url, { query: bounded, method: 'GET' });
    await stream.next();
    expect((await stream.next())?.answer?.data.things.nodes).toEqual([{ name: 'a' }]);
    expect(await stream.next()).toEqual({ id: 'complete', event: 'complete', answer: null });
    expect(await stream.next()).toBeNull();
    const headers = { 'last-event-id': 'complete' };
    const again = await openEvents(gateway.url, { query: bounded, method: 'GET', headers });
    expect(again.response.statusCode).toBe(204);
    expect(await again.next()).toBeNull();
  });

  it.each([
    ['a syntax error', 'subscription {', {}, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', 'subscription { thinks { nodes { name } } }', {}, 'GRAPHQL_VALIDATION_FAILED'],
    ['a number out of range', 'subscription { things(maxRecords: 0) { nodes { name } } }', {}, 'BAD_INPUT'],
    ['a Last-Event-ID that is none', query, { 'last-event-id': 'nonsense' }, 'BAD_CURSOR'],
    [
      '"after" and "from" together, even when an event id takes their place',
      'subscription { things(after: "a", from: { latest: true }) { nodes { name } } }',
      { 'last-event-id': 'nonsense' },
      'BAD_INPUT',
    ],
  ])('tell %s and then end for good', async (_title, document, headers, code) => {
    await using gateway = await openInProcess();
    const stream = await openEvents(gateway.url, { query: document, headers, method: 'GET' });
    expect(stream.response.statusCode).toBe(200);
    const refusal = await stream.next();
    expect(refusal).toMatchObject({ id: null, event: 'next', answer: { errors: [{ extensions: { code } }] } });
    expect(refusal?.answer?.errors?.[0]?.extensions).not.toHaveProperty('http');
    expect(await stream.next()).toEqual({ id: 'complete', event: 'complete', answer: null });
    expect(await stream.next()).toBeNull();
    expect(gateway.feeds.counters.subscriptions).toBe(0);
  });

  it('refuse what is no GraphQL request with its own status', async () => {
    await using gateway = await openInProcess();
    const stream = await openEvents(gateway.url, { query: '', method: 'GET' });
    expect(stream.response.statusCode).toBe(400);
    expect((await stream.next())?.answer?.errors?.[0]?.extensions?.code).toBe('BAD_REQUEST');
  });

  it('answer a query with one result', async () => {
    await using gateway = await openInProcess();
    const stream = await openEvents(gateway.url, { query: '{ __typename }' });
    expect((await stream.next())?.answer).toEqual({ data: { __typename: 'Query' } });
    expect((await stream.next())?.event).toBe('complete');
  });

  it('show that the connection lives while there is nothing to tell', async () => {
    await using gateway = await openInProcess({ keepAliveMs: 20 });
    const { body } = await fetch(
      `${gateway.url}?query=${encodeURIComponent('subscription { things { nodes { name } } }')}`,
      {
        headers: { accept: 'text/event-stream' },
      },
    );
    const reader = (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!/\n\n:\n\n:\n\n$/.test(text)) text += (await reader.read()).value;
    await reader.cancel();
  });

  it('are broken off for a client that takes nothing, which loses nothing by it', async () => {
    await using gateway = await openInProcess({ keepAliveMs: 40, stallTimeoutMs: 100 });
    let stream = await openEvents(gateway.url, { query });
    let { id } = await nextPage(stream);
    stream.response.pause();
    const { names, fill } = fillerOf(gateway);
    let waiting = 0;
    const slowCloses = () => {
      fill();
      waiting = Math.max(waiting, gateway.traffic.bytesWaiting);
      return gateway.traffic.slowCloses;
    };
    await expect.poll(slowCloses, often).toBe(1);
    // One page above the mark at most; all else stays in the log.
    expect(waiting).toBeGreaterThan(0);
    expect(waiting).toBeLessThan(256 * 1024 + 2 * 1024 * 1024);
    await expect.poll(() => gateway.feeds.counters.subscriptions).toBe(0);
    expect(gateway.traffic).toMatchObject({ bytesWaiting: 0, streams: 0 });
    const seen: string[] = [];
    const take = async () => {
      const page = await nextPage(stream);
      seen.push(...page.names);
      id = page.id;
    };
    await expect(async () => {
      for (;;) await take();
    }).rejects.toThrow();
    const comeBack = async () => {
      stream = await openEvents(gateway.url, { query, headers: { 'last-event-id': String(id) } });
    };
    await comeBack();
    // A machine that stands still for so long has it broken off again.
    while (seen.length < names.length) await take().catch(comeBack);
    expect(seen).toEqual(names);
    stream.drop();
  });

  it('catch up with a client that took nothing for a while', async () => {
    await using gateway = await openInProcess();
    const stream = await openEvents(gateway.url, { query });
    await nextPage(stream);
    stream.response.pause();
    const { names, fill } = fillerOf(gateway);
    const bytesWaiting = () => {
      fill();
      return gateway.traffic.bytesWaiting;
    };
    await expect.poll(bytesWaiting, often).toBeGreaterThan(0);
    stream.response.resume();
    const seen: string[] = [];
    while (seen.length < names.length) seen.push(...(await nextPage(stream)).names);
    expect(seen).toEqual(names);
    gateway.append('live again');
    expect((await nextPage(stream)).names).toEqual(['live again']);
    expect(gateway.traffic).toMatchObject({ bytesWaiting: 0, slowCloses: 0 });
    stream.drop();
  });

  it('leave nothing behind for a client that is gone before its first page', async () => {
    await using gateway = await openInProcess();
    const { id } = await nextPage(await openEvents(gateway.url, { query }));
    const hold = holdIdentify(gateway.log);
    const controller = new AbortController();
    const opening = fetch(`${gateway.url}?query=${encodeURIComponent(query)}`, {
      headers: { accept: 'text/event-stream', 'last-event-id': String(id) },
      signal: controller.signal,
    });
    await hold.asked;
    controller.abort();
    await expect(opening).rejects.toThrow('aborted');
    hold.goOn();
    await gateway.close();
    expect(gateway.traffic.streams).toBe(0);
    expect(gateway.feeds.counters.subscriptions).toBe(0);
  });

  it('give a slow subscriber that wants to be disconnected the cursor to come back with', async () => {
    await using gateway = await openInProcess();
    const slow = 'subscription { things(overflow: DISCONNECT) { nodes { name } } }';
    const stream = await openEvents(gateway.url, { query: slow });
    await stream.next();
    stream.response.pause();
    const { fill } = fillerOf(gateway);
    const disconnects = () => {
      fill();
      return gateway.feeds.counters.disconnects;
    };
    await expect.poll(disconnects, often).toBe(1);
    stream.response.resume();
    for (;;) {
      const event = await stream.next();
      const error = event?.answer?.errors?.[0];
      if (!error) continue;
      expect(error.extensions).toMatchObject({ code: 'SLOW_CONSUMER', cursor: event.id });
      break;
    }
    expect(await stream.next()).toEqual({ id: null, event: 'complete', answer: null });
  });
});
