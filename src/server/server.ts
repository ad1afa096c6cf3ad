import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GraphQLSchema } from 'graphql';
import { SluiceError } from '#errors';
import { Admission } from './admission.ts';
import { createGraphqlHttp, createRequestListener, graphqlPath } from './http.ts';
import type { Logger, Readiness, ServerOptions } from './options.ts';
import { serveWebSockets } from './websocket.ts';

/** What {@link openServer} serves. */
export interface ServerParts {
  readonly schema: GraphQLSchema;
  /** Operations that GraphiQL opens with. */
  readonly tabs: readonly string[];
  readonly readiness: () => Promise<Readiness>;
  readonly logger: Logger;
  readonly options: ServerOptions;
}

/** A listening server. */
export interface Server {
  /** Of the API and of GraphiQL, such as http://127.0.0.1:4000/graphql. */
  readonly url: string;
  readonly port: number;
  /** Admits nothing new, tells WebSocket clients to come back, and ends what is left at the deadline. */
  close(deadlineMs?: number): Promise<void>;
}

/** How many ports after the wanted one are tried. */
const portsTried = 20;
const defaultCloseDeadlineMs = 5000;

/** Listens on HTTP and WebSocket. Rejects with BAD_CONFIG when the port is in use and no other may be taken. */
export async function openServer(parts: ServerParts): Promise<Server> {
  const { options, logger } = parts;
  const admission = new Admission();
  const http = { ...parts, admission };
  const graphql = createGraphqlHttp(http);
  const server = createServer(createRequestListener(http, graphql));
  const webSockets = serveWebSockets(server, { graphql, logger, options });
  const port = await listen(server, options);
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}${graphqlPath}`,
    port,
    async close(deadlineMs = defaultCloseDeadlineMs) {
      admission.drain();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
      server.closeIdleConnections();
      await webSockets.close();
      // Streams over HTTP have no last word to wait for: a client resumes them with its cursor.
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
