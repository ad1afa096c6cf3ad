import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { listen, post } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { type GatewayProcess, startGateway } from '../support/gateway.ts';

const cleanUp = new AsyncDisposableStack();
let gateway: GatewayProcess;

beforeAll(async () => {
  const schema = cleanUp.use(
    await declare({
      'a.graphql': `type Thing @stream(topic: "${uniqueName('things')}", plural: "things") { name: String! }`,
    }),
  );
  gateway = cleanUp.use(await startGateway({ schema: schema.folder }));
});
afterAll(() => cleanUp.disposeAsync());

const origin = () => new URL(gateway.url).origin;
const produceOne = () => post(gateway.url, 'mutation { produceThings(events: { name: "a" }) { records { outcome } } }');

describe('the server', () => {
  it('says that it lives and that it is ready', async () => {
    expect((await fetch(`${origin()}/health/live`)).status).toBe(200);
    const ready = await fetch(`${origin()}/health/ready`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ ready: true, kafka: true });
  });

  it('leads from its root to GraphiQL, which it serves itself', async () => {
    const page = await fetch(`${origin()}/`, { headers: { accept: 'text/html' } });
    expect(page.url).toBe(gateway.url);
    const html = await page.text();
    expect(html).toContain('Sluice');
    expect(html).not.toMatch(/<(script|link)[^>]+(src|href)="https?:/);
  });

  it('streams a subscription over server-sent events', async () => {
    const controller = new AbortController();
    const response = await fetch(
      `${gateway.url}?query=${encodeURIComponent('subscription { things { nodes { name } } }')}`,
      {
        headers: { accept: 'text/event-stream' },
        signal: controller.signal,
      },
    );
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const readUntil = async (wanted: string) => {
      while (!text.includes(wanted)) text += (await reader.read()).value ?? '';
    };
    await readUntil('"nodes":[]');
    await produceOne();
    await readUntil('"nodes":[{"name":"a"}]');
    controller.abort();
  });

  it.each([
    ['a syntax error', '{ things(', 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', '{ thinks { nodes { name } } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a wrong argument type', '{ things(first: "x") { nodes { name } } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a scalar out of range', '{ things(from: { time: "1 pm" }) { nodes { name } } }', 'GRAPHQL_VALIDATION_FAILED'],
    [
      'a variable that is missing',
      'query ($n: Int!) { things(first: $n) { nodes { name } } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'two operations of which none is named',
      'query A { __typename } query B { __typename }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'a subscription that depends on a variable',
      'subscription ($is: Boolean!) { things @include(if: $is) { nodes { name } } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['a number out of range', '{ things(first: -1) { nodes { name } } }', 'BAD_INPUT'],
    ['a cursor that is none', '{ things(after: "zzz") { nodes { name } } }', 'BAD_CURSOR'],
    ['a document that is nested far too deeply', `${'{a'.repeat(2400)}${'}'.repeat(2400)}`, 'GRAPHQL_PARSE_FAILED'],
    ['a document of far too many tokens', `{ ${'a '.repeat(20_000)} }`, 'GRAPHQL_PARSE_FAILED'],
  ])('answers %s with its code over HTTP and over WebSocket alike', async (_title, query, code) => {
    const http = await post(gateway.url, query);
    expect(http.errors?.[0]?.extensions?.code).toBe(code);
    await using listener = listen(gateway.webSocketUrl, query);
    const overSocket = await listener.next().then(
      ({ errors }) => errors,
      (thrown: unknown) => thrown as { extensions: { code: string } }[],
    );
    expect(overSocket).toEqual(http.errors);
  });

  it('answers a variable that does not fit with its path', async () => {
    const { errors } = await post(
      gateway.url,
      'mutation ($events: [ThingInput!]!) { produceThings(events: $events) { before } }',
      {
        events: [{ name: 'fine' }, { name: null }],
      },
    );
    expect(errors?.[0]?.message).toContain('events[1].name');
    expect(errors?.[0]?.extensions?.code).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it('refuses what another web page could forge', async () => {
    const forged = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: JSON.stringify({ query: 'mutation { produceThings(events: { name: "forged" }) { before } }' }),
    });
    expect(forged.status).toBe(415);
    const viaGet = await fetch(
      `${gateway.url}?query=${encodeURIComponent('mutation { produceThings(events: { name: "forged" }) { before } }')}`,
    );
    expect(viaGet.status).toBe(405);
    const socket = new WebSocket(gateway.webSocketUrl, 'graphql-transport-ws', { origin: 'http://evil.example' });
    await expect(new Promise((_resolve, reject) => socket.once('error', reject))).rejects.toThrow('403');
  });

  it('survives nonsense on every door', async () => {
    for (const body of ['', '[]', '{', 'null', '{"query":5}', '{"query":"{ __typename }","variables":7}']) {
      const response = await fetch(gateway.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
    }
    const isBadRequest = { errors: [{ extensions: { code: 'BAD_REQUEST', retryable: false } }] };
    for (const parameters of [
      '',
      'variables={}',
      'query={__typename}&variables={',
      'query={__typename}&extensions=x',
    ]) {
      for (const accept of ['application/json', 'application/graphql-response+json']) {
        const response = await fetch(`${gateway.url}?${parameters}`, { headers: { accept } });
        expect([response.status, await response.json()]).toMatchObject([400, isBadRequest]);
      }
    }
    const socket = new WebSocket(gateway.webSocketUrl, 'graphql-transport-ws');
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.once('open', () => socket.send('nonsense'));
    expect(await closed).toBe(4400);
    await new Promise<void>((resolve) => {
      const raw = connect(Number(new URL(gateway.url).port), '127.0.0.1', () =>
        raw.end('\x00\x01\x02 not HTTP\r\n\r\n'),
      );
      raw.resume().once('close', () => resolve());
    });
    const halfway = request(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 1000 },
    });
    halfway.on('error', () => undefined);
    halfway.write('{"query"');
    halfway.destroy();
    expect((await post(gateway.url, '{ __typename }')).data).toEqual({ __typename: 'Query' });
  });

  it('tells WebSocket clients to come back when it stops, and ends with 0', async () => {
    await using schema = await declare({
      'a.graphql': `type Other @stream(topic: "${uniqueName('others')}", plural: "others") { name: String! }`,
    });
    await using second = await startGateway({ schema: schema.folder });
    const socket = new WebSocket(second.webSocketUrl, 'graphql-transport-ws');
    await new Promise((resolve) => socket.once('open', resolve));
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    const code = second.stop();
    expect(await closed).toBe(1012);
    expect(await code).toBe(0);
  });
});
