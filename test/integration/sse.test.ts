import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EventStream, openEvents, openParts } from '../support/body-stream.ts';
import { listen, post } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { type OwnGateway, openOwnGateway } from '../support/gateway.ts';

const cleanUp = new AsyncDisposableStack();
let gateway: OwnGateway;

beforeAll(async () => {
  const schema = cleanUp.use(
    await declare({
      'a.graphql': `type Thing @stream(topic: "${uniqueName('things')}", plural: "things") { name: String! }`,
    }),
  );
  gateway = cleanUp.use(await openOwnGateway({ schema: schema.folder }));
});
afterAll(() => cleanUp.disposeAsync());

const query =
  'subscription ($after: Cursor) { things(after: $after) { nodes { name } pageInfo { endCursor gap { reason } } } }';

interface Things {
  readonly nodes: readonly { readonly name: string }[];
  readonly pageInfo: { readonly endCursor: string; readonly gap: null };
}

async function produce(...names: readonly string[]): Promise<void> {
  const mutation = 'mutation ($events: [ThingInput!]!) { produceThings(events: $events) { records { outcome } } }';
  const { data } = await post(gateway.url, mutation, { events: names.map((name) => ({ name })) });
  expect(data.produceThings.records).toEqual(names.map(() => ({ outcome: 'ACKED' })));
}

/** Takes pages until so many names were seen; these, and the last cursor. */
async function take(next: () => Promise<Things>, wanted: number) {
  const names: string[] = [];
  let cursor = '';
  while (names.length < wanted) {
    const { nodes, pageInfo } = await next();
    expect(pageInfo.gap).toBeNull();
    names.push(...nodes.map(({ name }) => name));
    cursor = pageInfo.endCursor;
  }
  return { names: names.toSorted(), cursor };
}

function eventsOf(stream: EventStream): () => Promise<Things> {
  return async () => {
    const event = await stream.next();
    expect(event?.id).toBe(event?.answer?.data.things.pageInfo.endCursor);
    return event?.answer?.data.things;
  };
}

describe('a cursor', () => {
  it('that came over WebSocket goes on over server-sent events, over multipart, and over WebSocket again', async () => {
    const first = listen(gateway.webSocketUrl, query);
    const overSocket = async () => (await first.next()).data.things as Things;
    await overSocket();
    await produce('a', 'b', 'c');
    let { names, cursor } = await take(overSocket, 3);
    expect(names).toEqual(['a', 'b', 'c']);
    await first[Symbol.asyncDispose]();

    await produce('d', 'e', 'f');
    const events = await openEvents(gateway.url, { query, headers: { 'last-event-id': cursor } });
    ({ names, cursor } = await take(eventsOf(events), 3));
    expect(names).toEqual(['d', 'e', 'f']);
    events.drop();

    await produce('g', 'h', 'i');
    const headers = { accept: 'multipart/mixed;subscriptionSpec=1.0' };
    const parts = await openParts(gateway.url, { query, variables: { after: cursor }, headers }, 'graphql');
    const overMultipart = async () => JSON.parse((await parts.next()) ?? '').payload.data.things as Things;
    ({ names, cursor } = await take(overMultipart, 3));
    expect(names).toEqual(['g', 'h', 'i']);
    parts.drop();

    await produce('j');
    await using last = listen(gateway.webSocketUrl, query, { after: cursor });
    expect((await take(async () => (await last.next()).data.things, 1)).names).toEqual(['j']);
  });
});

describe('server-sent events', () => {
  it('lose and double nothing for a client that is cut off again and again', async () => {
    const total = 300;
    const wanted = Array.from({ length: total }, (_, index) => `n${String(index).padStart(3, '0')}`);
    let stream = await openEvents(gateway.url, { query, method: 'GET' });
    let last = (await stream.next())?.id ?? '';
    const producing = (async () => {
      for (let from = 0; from < total; from += 20) await produce(...wanted.slice(from, from + 20));
    })();
    const seen: string[] = [];
    for (let pages = 1; seen.length < total; pages += 1) {
      const page = await eventsOf(stream)();
      seen.push(...page.nodes.map(({ name }) => name));
      last = page.pageInfo.endCursor;
      if (pages % 3 > 0) continue;
      stream.drop();
      stream = await openEvents(gateway.url, { query, method: 'GET', headers: { 'last-event-id': last } });
    }
    await producing;
    expect(seen.toSorted()).toEqual(wanted);
    stream.drop();
  });

  it('refuse the cursor of another field', async () => {
    const foreign = await startGatewayWithOther();
    await using other = foreign.gateway;
    const stream = await openEvents(other.url, { query: 'subscription { others { pageInfo { endCursor } } }' });
    const id = String((await stream.next())?.id);
    stream.drop();
    const refused = await openEvents(gateway.url, { query, headers: { 'last-event-id': id } });
    expect((await refused.next())?.answer?.errors?.[0]?.extensions?.code).toBe('BAD_CURSOR');
    expect((await refused.next())?.id).toBe('complete');
    await foreign.schema[Symbol.asyncDispose]();
  });
});

async function startGatewayWithOther() {
  const schema = await declare({
    'a.graphql': `type Other @stream(topic: "${uniqueName('others')}", plural: "others") { name: String! }`,
  });
  return { schema, gateway: await openOwnGateway({ schema: schema.folder }) };
}
