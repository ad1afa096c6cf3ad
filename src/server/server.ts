import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GraphQLSchema } from 'graphql';
import { SluiceError } from '#errors';
import { Admission } from './admission.ts';
import { createGraphqlHttp, createRequestListener, graphqlPath } from './http.ts';
import type { Logger, Readiness, ServerOptions } from './options.ts';
import { ResultStreams } from './result-streams.ts';
import { RunningRequests } from './running-requests.ts';
import { createTraffic, type TrafficCounters } from './traffic.ts';
import { serveWebSockets } from './websocket.ts';

/** What {@link openServer} serves. */
export interface ServerParts {
  readonly schema: GraphQLSchema;
  /** Operations that GraphiQL opens with. */
  readonly tabs: readonly string[];
  readonly readiness: () => Promise<Readiness>;
  /** Gives every subscriber what it has not had yet; comes when nothing new is admitted any more. */
  readonly lastPages: () => void;
  readonly logger: Logger;
  readonly options: ServerOptions;
}

/** A listening server. */
export interface Server {
  /** Of the API and of GraphiQL, such as http://127.0.0.1:4000/graphql. */
  readonly url: string;
  readonly port: number;
  /** What its sockets have done so far. */
  readonly traffic: Readonly<TrafficCounters>;
  /**
   * Admits nothing new, gives every subscriber a last page, tells WebSocket clients to come back and ends the streams
   * over HTTP, lets requests that run finish, and breaks off what is left at the deadline.
   */
  close(deadlineMs?: number): Promise<void>;
}

/** How many ports after the wanted one are tried. */
const portsTried = 20;
const defaultCloseDeadlineMs = 5000;

/** Listens on HTTP and WebSocket. Rejects with BAD_CONFIG when the port is in use and no other may be taken. */
export async function openServer(parts: ServerParts): Promise<Server> {
  const { options, logger } = parts;
  const admission = new Admission();
  const traffic = createTraffic();
  const streams = new ResultStreams({ options, traffic, logger });
  const http = { ...parts, admission, streams };
  const graphql = createGraphqlHttp(http);
  const requests = new RunningRequests();
  const server = createServer(requests.track(createRequestListener(http, graphql)));
  const webSockets = serveWebSockets(server, { graphql, logger, options, traffic });
  const port = await listen(server, options);
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}${graphqlPath}`,
    port,
    traffic,
    async close(deadlineMs = defaultCloseDeadlineMs) {
      admission.drain();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
      parts.lastPages();
      await Promise.all([webSockets.close(deadlineMs), streams.close(), requests.ended()]);
      // Connections on which nothing was ever asked: browsers open some ahead.
      server.closeAllConnections();
      await closed;
      clearTimeout(deadline);
      await graphql.dispose();
    },
  };
}

async function listen(server: HttpServer, { host, port, isPortFixed }: ServerOptions): Promise<number> {
  const last = isPortFixed || port === 0 ? port : port + portsTried;
  for (let candidate = port; candidate <= last; candidate += 1) {
    try {
      return await listenOn(server, host, candidate);
    } catch (error) {
      if (!isInUse(error))
        throw new SluiceError('BAD_CONFIG', `Cannot listen on ${host}:${candidate}: ${String(error)}`, {
          cause: error,
        });
    }
  }
  throw new SluiceError(
    'BAD_CONFIG',
    `Port ${port} on ${host} is in use. Stop what uses it, or choose another with PORT or --port.`,
  );
}

function listenOn(server: HttpServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
