import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { RenderedPage } from '#graphql';
import { Connection } from '../../../src/server/connection.ts';
import { createTraffic } from '../../../src/server/traffic.ts';
import { listen } from '../../support/listen.ts';

const never = new AbortController().signal;
const limits = { socketBacklogBytes: 1_000_000, totalBacklogBytes: 1_500_000 };
const pageOf = (data: object) => new RenderedPage(JSON.stringify({ data }), () => 'cursor');
const bigPage = pageOf({ text: 'x'.repeat(400_000) });

/** WebSockets of a server in this process, each with the connection that serves it. */
async function open(clients: number) {
  const sockets = new WebSocketServer({ noServer: true });
  const traffic = createTraffic();
  const connections: Connection[] = [];
  const server = createServer().on('upgrade', (request, socket: Socket, head) => {
    sockets.handleUpgrade(request, socket, head, (client) => {
      connections.push(new Connection(client, socket, { limits, traffic }));
    });
  });
  const listening = await listen(server);
  const peers: WebSocket[] = [];
  for (let client = 0; client < clients; client += 1) {
    const peer = new WebSocket(`ws://127.0.0.1:${listening.port}`);
    await once(peer, 'open');
    peers.push(peer);
  }
  await expect.poll(() => connections.length).toBe(clients);
  return {
    traffic,
    connections,
    peers,
    async [Symbol.asyncDispose]() {
      for (const peer of peers) peer.terminate();
      for (const { client } of connections) client.terminate();
      sockets.close();
      await listening[Symbol.asyncDispose]();
    },
  };
}

/** The socket below a WebSocket, to stop reading from it. */
const below = (peer: WebSocket): Socket => (peer as unknown as { readonly _socket: Socket })._socket;

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error(`There is no item ${index}.`);
  return item;
}

describe('a connection', () => {
  it('writes all that is due to its operations in one go, as messages of the protocol', async () => {
    await using world = await open(1);
    const [connection, peer] = [at(world.connections, 0), at(world.peers, 0)];
    const messages: unknown[] = [];
    peer.on('message', (text) => messages.push(JSON.parse(String(text))));
    const [one, two] = [connection.sinkFor('one'), connection.sinkFor('zwei ü')];
    one.push(pageOf({ a: 1 }));
    two.push(pageOf({ text: 'é' }));
    one.push(bigPage);
    two.push(pageOf({ b: 2 }));
    one.flush();
    two.flush();
    await expect.poll(() => messages.length).toBe(4);
    expect(messages).toMatchObject([
      { id: 'one', type: 'next', payload: { data: { a: 1 } } },
      { id: 'zwei ü', type: 'next', payload: { data: { text: 'é' } } },
      { id: 'one', type: 'next' },
      { id: 'zwei ü', type: 'next', payload: { data: { b: 2 } } },
    ]);
  });

  it('is not ready while too much waits for its socket, and is again when that is taken', async () => {
    await using world = await open(1);
    const [connection, peer] = [at(world.connections, 0), at(world.peers, 0)];
    const sink = connection.sinkFor('s');
    below(peer).pause();
    for (let page = 0; page < 100 && sink.isReady; page += 1) {
      sink.push(bigPage);
      sink.flush();
    }
    expect(sink.isReady).toBe(false);
    expect(world.traffic.bytesWaiting).toBeGreaterThanOrEqual(limits.socketBacklogBytes);
    const ready = sink.whenReady(never);
    below(peer).resume();
    await ready;
    expect([sink.isReady, world.traffic.bytesWaiting]).toEqual([true, 0]);
  });

  it('counts as slow with less when the sockets hold too much together', async () => {
    await using world = await open(3);
    const sinks = world.connections.map((connection) => connection.sinkFor('s'));
    for (const peer of world.peers) below(peer).pause();
    /** Until something waits for the socket, less than is too much for it alone. */
    const fill = (index: number) => {
      const sink = at(sinks, index);
      const before = world.traffic.bytesWaiting;
      while (world.traffic.bytesWaiting === before) {
        sink.push(bigPage);
        sink.flush();
      }
      while (sink.isReady && world.traffic.bytesWaiting < limits.totalBacklogBytes) {
        sink.push(pageOf({ text: 'x'.repeat(100_000) }));
        sink.flush();
      }
    };
    fill(0);
    fill(1);
    expect(world.traffic.bytesWaiting).toBeGreaterThanOrEqual(limits.totalBacklogBytes);
    // The one for which nothing waits is not slow, whatever the others are.
    expect(sinks.map(({ isReady }) => isReady)).toEqual([false, false, true]);
    at(world.connections, 0).client.terminate();
    at(world.connections, 0).closed();
    expect(world.traffic.bytesWaiting).toBeLessThan(limits.totalBacklogBytes);
  });

  it('says for how long nothing was heard, and nothing taken of what waits', async () => {
    await using world = await open(1);
    const [connection, peer] = [at(world.connections, 0), at(world.peers, 0)];
    const nowMs = connection.heardAtMs + 1000;
    expect(connection.silentForMs(nowMs)).toBeCloseTo(1000);
    below(peer).pause();
    const sink = connection.sinkFor('s');
    while (sink.isReady) {
      sink.push(bigPage);
      sink.flush();
    }
    // What it has taken into the system's buffers counts once.
    expect(connection.silentForMs(nowMs)).toBeCloseTo(0);
    expect(connection.silentForMs(nowMs + 500)).toBeCloseTo(500);
  });
});
