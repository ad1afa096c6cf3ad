import { createServer } from 'node:net';
import { GraphQLInt, GraphQLObjectType, GraphQLSchema } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { openServer, serverOptions } from '#server';
import { Admission } from '../../../src/server/admission.ts';
import { post } from '../../support/client.ts';
import { listen } from '../../support/listen.ts';

/** A schema with one endless subscription. */
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { one: { type: GraphQLInt, resolve: () => 1 } } }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      never: {
        type: GraphQLInt,
        subscribe: async function* () {
          await new Promise(() => {});
        },
      },
    },
  }),
});

/** A server on a free port, that counts what it logs. */
async function open(parts: { readonly options?: object; readonly readiness?: () => Promise<never> } = {}) {
  const errors: string[] = [];
  const quiet = () => {};
  const server = await openServer({
    schema,
    tabs: [],
    lastPages: () => undefined,
    readiness: parts.readiness ?? (async () => ({ kafka: true, flink: null })),
    logger: {
      debug: quiet,
      info: quiet,
      warn: quiet,
      error: (_facts: object, message: string) => errors.push(message),
    },
    options: serverOptions.parse({ port: 0, ...parts.options }),
  });
  return { ...server, errors, [Symbol.asyncDispose]: () => server.close() };
}

describe('the server', () => {
  it('takes the next port when the wanted one is in use, unless that was asked for by name', async () => {
    await using taken = await listen(createServer());
    const { port } = taken;
    await expect(open({ options: { port, isPortFixed: true } })).rejects.toMatchObject({ code: 'BAD_CONFIG' });
    await using server = await open({ options: { port, isPortFixed: false } });
    expect(server.port).toBeGreaterThan(port);
    expect((await post(server.url, '{ one }')).data).toEqual({ one: 1 });
  });

  it('is not ready when it cannot tell, and says why to its log', async () => {
    await using server = await open({ readiness: () => Promise.reject(new Error('broken')) });
    const ready = await fetch(new URL('/health/ready', server.url));
    expect([ready.status, await ready.json()]).toEqual([503, { ready: false }]);
    expect(server.errors).toEqual(['the readiness check failed']);
  });

  it('says where the API is to who looks elsewhere', async () => {
    await using server = await open();
    const lost = await fetch(new URL('/graphiql', server.url));
    expect([lost.status, await lost.json()]).toEqual([404, { error: expect.stringContaining('at /graphql') }]);
  });

  it('closes a socket with too many operations', async () => {
    await using server = await open({ options: { maxOperationsPerSocket: 2 } });
    const socket = new WebSocket(server.url.replace('http', 'ws'), 'graphql-transport-ws');
    const complaint = vi.spyOn(console, 'error');
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    const send = (message: object) => socket.send(JSON.stringify(message));
    socket.once('open', () => send({ type: 'connection_init' }));
    socket.once('message', () => {
      for (const id of ['1', '2', '3']) send({ id, type: 'subscribe', payload: { query: 'subscription { never }' } });
    });
    expect(await closed).toBe(4429);
    expect(complaint).not.toHaveBeenCalled();
    complaint.mockRestore();
  });

  it('ends with sockets and streams open', async () => {
    const server = await open();
    const socket = new WebSocket(server.url.replace('http', 'ws'), 'graphql-transport-ws');
    await new Promise((resolve) => socket.once('open', resolve));
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    const query = encodeURIComponent('subscription { never }');
    const stream = await fetch(`${server.url}?query=${query}`, { headers: { accept: 'text/event-stream' } });
    const text = stream.text();
    await server.close();
    expect(await closed).toBe(1012);
    // The stream ends as a whole one, but does not say that the subscription is over.
    expect(await text).toBe(':\n\n');
    await expect(post(server.url, '{ one }')).rejects.toThrow('fetch failed');
  });
});

describe('the admission', () => {
  it('lets nothing new through once the gateway is stopping', () => {
    const admission = new Admission();
    const operation = { kind: 'query', name: null } as const;
    admission.admit(operation);
    admission.drain();
    expect(() => admission.admit(operation)).toThrow(expect.objectContaining({ code: 'SHUTTING_DOWN' }));
  });
});
