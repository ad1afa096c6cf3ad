import { describe, expect, it } from 'vitest';
import { openParts } from '../../support/body-stream.ts';
import { openInProcess } from '../../support/in-process.ts';

const query = 'subscription ($after: Cursor) { things(after: $after) { nodes { name } pageInfo { endCursor } } }';
const apollo = {
  accept:
    'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9',
};
const plain = { accept: 'multipart/mixed' };
const parsed = (text: string | null) => JSON.parse(text ?? 'null');

describe('multipart responses', () => {
  it('carry pages as payloads, as Apollo Client wants them', async () => {
    await using gateway = await openInProcess();
    const stream = await openParts(gateway.url, { query, headers: apollo }, 'graphql');
    expect(stream.response.headers['content-type']).toBe('multipart/mixed;boundary="graphql";subscriptionSpec=1.0');
    expect(parsed(await stream.next()).payload.data.things.nodes).toEqual([]);
    gateway.append('a');
    const { data } = parsed(await stream.next()).payload;
    expect(data.things.nodes).toEqual([{ name: 'a' }]);
    stream.drop();
    await expect.poll(() => gateway.feeds.counters.subscriptions).toBe(0);
    gateway.append('b');
    const variables = { after: data.things.pageInfo.endCursor };
    const again = await openParts(gateway.url, { query, variables, headers: apollo }, 'graphql');
    await again.next();
    expect(parsed(await again.next()).payload.data.things.nodes).toEqual([{ name: 'b' }]);
    again.drop();
  });

  it('carry pages as they are for others', async () => {
    await using gateway = await openInProcess();
    const stream = await openParts(gateway.url, { query, headers: plain }, '-');
    expect(stream.response.headers['content-type']).toBe('multipart/mixed; boundary="-"');
    expect(parsed(await stream.next()).data.things.nodes).toEqual([]);
    gateway.append('a');
    expect(parsed(await stream.next()).data.things.nodes).toEqual([{ name: 'a' }]);
    stream.drop();
  });

  it('send a heartbeat in the protocol that has one', async () => {
    await using gateway = await openInProcess({ keepAliveMs: 20 });
    const stream = await openParts(gateway.url, { query, headers: apollo }, 'graphql');
    await stream.next();
    expect(parsed(await stream.next())).toEqual({});
    stream.drop();
  });

  it('end with the last boundary when the subscription completes', async () => {
    await using gateway = await openInProcess();
    const bounded = 'subscription { things(until: { latest: true }) { nodes { name } } }';
    const stream = await openParts(gateway.url, { query: bounded, headers: apollo }, 'graphql');
    expect(parsed(await stream.next()).payload.data.things.nodes).toEqual([]);
    expect(await stream.next()).toBe('--');
    expect(await stream.next()).toBeNull();
  });

  it('are not used for a refusal when the client takes JSON', async () => {
    await using gateway = await openInProcess();
    const refused = 'subscription { things(after: "nonsense") { nodes { name } } }';
    const answer = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...apollo },
      body: JSON.stringify({ query: refused }),
    });
    expect(answer.headers.get('content-type')).toContain('json');
    expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_CURSOR' } }] });
    const headers = { accept: 'multipart/mixed;subscriptionSpec="1.0"' };
    const stream = await openParts(gateway.url, { query: refused, headers }, 'graphql');
    expect(parsed(await stream.next())).toMatchObject({
      payload: null,
      errors: [{ extensions: { code: 'BAD_CURSOR' } }],
    });
    expect(await stream.next()).toBe('--');
  });

  it('are offered to who asks for a subscription and takes JSON alone', async () => {
    await using gateway = await openInProcess();
    const answer = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query }),
    });
    expect(answer.status).toBe(406);
    expect(await answer.json()).toMatchObject({ errors: [{ message: expect.stringContaining('text/event-stream') }] });
    expect(gateway.feeds.counters.subscriptions).toBe(0);
  });
});
