import type { IncomingMessage, Server } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws';
import type { YogaServerInstance } from 'graphql-yoga';
import { type WebSocket, WebSocketServer } from 'ws';
import { messageOf } from '#errors';
import type { GraphQLContext } from '#graphql';
import { Connection } from './connection.ts';
import { graphqlPath } from './http.ts';
import { keepAlive } from './keep-alive.ts';
import type { Logger, ServerOptions } from './options.ts';
import { ProtocolSocket } from './protocol-socket.ts';
import type { TrafficCounters } from './traffic.ts';
import { createProtocolOptions, type SocketContext } from './websocket-operations.ts';

/** What the WebSocket side is made of. */
export interface WebSocketParts {
  readonly graphql: YogaServerInstance<object, GraphQLContext>;
  readonly logger: Logger;
  readonly options: ServerOptions;
  readonly traffic: TrafficCounters;
}

/** The WebSocket side; `close` tells every client to come back (1012) and ends those that do not leave in time. */
export interface WebSockets {
  close(deadlineMs: number): Promise<void>;
}

/** The WebSocket close code for "service restart": clients of graphql-ws try again. */
const serviceRestart = 1012;

/** Serves graphql-transport-ws on the same path and through the same pipeline as HTTP. */
export function serveWebSockets(server: Server, parts: WebSocketParts): WebSockets {
  const { options, traffic } = parts;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: options.maxRequestBytes, handleProtocols });
  const protocol = makeServer<Record<string, unknown> | undefined, SocketContext>(createProtocolOptions(parts));
  const connections = new Set<Connection>();
  const keepingAlive = keepAlive(connections, { options, traffic });
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refusal = refusalOf(request);
    if (refusal || !(socket instanceof Socket)) {
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      const connection = new Connection(client, socket, { limits: options, traffic });
      connections.add(connection);
      traffic.sockets += 1;
      const closed = speak(connection, protocol, parts.logger);
      // It comes once. `once` would keep a wrapper with each socket.
      client.on('close', (code, reason) => {
        connections.delete(connection);
        connection.closed();
        traffic.sockets -= 1;
        void closed(code, String(reason));
      });
    });
  };
  server.on('upgrade', onUpgrade);
  return {
    async close(deadlineMs) {
      server.off('upgrade', onUpgrade);
      keepingAlive.stop();
      const left = Array.from(connections, ({ client }) => gone(client));
      for (const { client } of connections) client.close(serviceRestart, 'The gateway is restarting');
      const deadline = setTimeout(() => {
        for (const { client } of connections) client.terminate();
      }, deadlineMs);
      await Promise.all(left);
      clearTimeout(deadline);
      sockets.close();
    },
  };
}

/** Hands a socket's messages to the protocol. What is returned tells it that the socket is closed. */
function speak(
  connection: Connection,
  protocol: ReturnType<typeof makeServer<never, SocketContext>>,
  logger: Logger,
): (code: number, reason: string) => Promise<void> {
  const { client } = connection;
  const socket = new ProtocolSocket(client);
  const closed = protocol.opened(socket, { connection });
  const heard = () => {
    connection.heardAtMs = performance.now();
  };
  client.on('pong', heard);
  client.on('message', (data) => {
    heard();
    socket.take(String(data)).catch((error: unknown) => {
      // A socket that goes while it is written to is no fault; anything else would be one of ours.
      logger.debug({ err: error }, 'a message over WebSocket could not be handled');
      client.close(CloseCode.InternalServerError, messageOf(error).slice(0, maxReasonLength));
    });
  });
  // The library has closed it with the code that fits: a broken frame, a message over the limit.
  client.on('error', (error) => logger.debug({ err: error }, 'a WebSocket was closed over an error'));
  return closed;
}

/** The reason of a close frame has at most 123 bytes (RFC 6455, 5.5). */
const maxReasonLength = 40;

function gone(client: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    if (client.readyState === client.CLOSED) resolve();
    else client.once('close', () => resolve());
  });
}

/** A page of another origin may not open a socket: browsers do not ask before they do. */
function refusalOf(request: IncomingMessage): string | null {
  if ((request.url ?? '').split('?', 1)[0] !== graphqlPath) return '404 Not Found';
  const { origin, host } = request.headers;
  if (origin === undefined) return null;
  return URL.canParse(origin) && new URL(origin).host === host ? null : '403 Forbidden';
}
