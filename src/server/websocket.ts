import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type DocumentNode, type ExecutionArgs, GraphQLError } from 'graphql';
import { CloseCode, type SubscribePayload } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import type { YogaServerInstance } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { graphqlPath } from './http.ts';
import type { Logger, ServerOptions } from './options.ts';

/** What the WebSocket side is made of. */
export interface WebSocketParts {
  readonly graphql: YogaServerInstance<object, object>;
  readonly logger: Logger;
  readonly options: ServerOptions;
}

/** The WebSocket side; `close` tells every client to come back (1012) and ends what is left. */
export interface WebSockets {
  close(): Promise<void>;
}

/** The pipeline's functions travel to graphql-ws inside the execution arguments. */
interface PipelineArgs extends ExecutionArgs {
  readonly rootValue: Pick<ReturnType<YogaServerInstance<object, object>['getEnveloped']>, 'execute' | 'subscribe'>;
}

/** The WebSocket close code for "service restart": clients of graphql-ws try again. */
const serviceRestart = 1012;

/** Serves graphql-transport-ws on the same path and through the same pipeline as HTTP. */
export function serveWebSockets(server: Server, parts: WebSocketParts): WebSockets {
  const { options, logger } = parts;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: options.maxRequestBytes });
  const protocol = useServer(
    {
      execute: (args) => (args as PipelineArgs).rootValue.execute(args),
      subscribe: (args) => (args as PipelineArgs).rootValue.subscribe(args),
      onSubscribe: (context, _id, payload) => {
        if (Object.keys(context.subscriptions).length > options.maxOperationsPerSocket) {
          const tooMany = 'Too many operations on one socket';
          context.extra.socket.close(CloseCode.TooManyInitialisationRequests, tooMany);
          // Not undefined: graphql-ws would then look for a schema of its own, and tell the console that there is none.
          return [new GraphQLError(tooMany)];
        }
        return prepare(parts.graphql, payload);
      },
      onError: (_context, _id, _payload, errors) => logger.debug({ errors }, 'an operation over WebSocket was refused'),
    },
    sockets,
    options.keepAliveMs,
  );
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refusal = refusalOf(request);
    if (refusal) {
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request));
  };
  server.on('upgrade', onUpgrade);
  return {
    async close() {
      server.off('upgrade', onUpgrade);
      for (const client of sockets.clients) client.close(serviceRestart, 'The gateway is restarting');
      await protocol.dispose();
    },
  };
}

/** Parses and validates as HTTP does. */
async function prepare(graphql: YogaServerInstance<object, object>, payload: SubscribePayload) {
  const { schema, execute, subscribe, contextFactory, parse, validate } = graphql.getEnveloped({ params: payload });
  const document = parseOrFault(parse, payload.query);
  if (document instanceof GraphQLError) return [document];
  const errors = validate(schema, document);
  if (errors.length > 0) return errors;
  return {
    schema,
    document,
    operationName: payload.operationName,
    variableValues: payload.variables,
    contextValue: await contextFactory(),
    rootValue: { execute, subscribe },
  };
}

/** A syntax error is the operation's, not the socket's: thrown, it would close the socket under its other operations. */
function parseOrFault(parse: (query: string) => DocumentNode, query: string): DocumentNode | GraphQLError {
  try {
    return parse(query);
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
}

/** A page of another origin may not open a socket: browsers do not ask before they do. */
function refusalOf(request: IncomingMessage): string | null {
  if ((request.url ?? '').split('?', 1)[0] !== graphqlPath) return '404 Not Found';
  const { origin, host } = request.headers;
  if (origin === undefined) return null;
  return URL.canParse(origin) && new URL(origin).host === host ? null : '403 Forbidden';
}
