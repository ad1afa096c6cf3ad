import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import { createYoga, type YogaLogger, type YogaServerInstance } from 'graphql-yoga';
import { type GraphQLContext, toClientError } from '#graphql';
import { type Admission, useAdmission } from './admission.ts';
import type { Logger, Readiness, ServerOptions } from './options.ts';
import type { ResultStreams } from './result-streams.ts';
import { completedEventId } from './sse.ts';
import { useGetParameters } from './use-get-parameters.ts';
import { useProduceLane } from './use-produce-lane.ts';
import { useResultStreams } from './use-result-streams.ts';

/** The path of the API, over every transport. */
export const graphqlPath = '/graphql';

/** What the HTTP side is made of. */
export interface HttpParts {
  readonly schema: GraphQLSchema;
  /** Operations that GraphiQL opens with, one a tab. */
  readonly tabs: readonly string[];
  readonly admission: Admission;
  readonly streams: ResultStreams;
  readonly readiness: () => Promise<Readiness>;
  readonly logger: Logger;
  readonly options: ServerOptions;
}

/** The GraphQL pipeline over HTTP: POST and GET, streams of results, and GraphiQL from the package. */
export function createGraphqlHttp(parts: HttpParts): YogaServerInstance<object, GraphQLContext> {
  const { schema, tabs, admission, streams, logger, options } = parts;
  return createYoga({
    schema,
    graphqlEndpoint: graphqlPath,
    healthCheckEndpoint: '/health/live',
    landingPage: false,
    context: (initial) => toClient(initial as InitialContext),
    // No page of another origin may use this API from a browser: what it can do is more than read.
    cors: false,
    multipart: false,
    maxRequestBodySize: options.maxRequestBytes,
    logging: toYogaLogger(logger),
    maskedErrors: { maskError: (error) => toClientError(error, logger) },
    graphiql: {
      title: 'Sluice',
      subscriptionsProtocol: 'WS',
      defaultTabs: tabs.map((query) => ({ query })),
      shouldPersistHeaders: false,
    },
    // The page and its scripts are one text of 15 MB: loaded when somebody opens GraphiQL.
    renderGraphiQL: async (graphiql) => (await import('@graphql-yoga/render-graphiql')).renderGraphiQL(graphiql),
    plugins: [
      useGetParameters(),
      useAdmission(admission, options.maxTokens),
      useProduceLane(),
      useResultStreams(streams),
    ],
  });
}

/** Over WebSocket the client is known already. */
type InitialContext = Pick<GraphQLContext, 'client'> & { readonly req?: IncomingMessage };

function toClient({ client, req }: InitialContext): Pick<GraphQLContext, 'client'> {
  return { client: client ?? req?.socket.remoteAddress ?? 'unknown' };
}

/** Yoga tells every error that a client gets; what is a fault of the gateway is logged where it is masked. */
function toYogaLogger(logger: Logger): YogaLogger {
  const debug = (...parts: unknown[]) => logger.debug({ parts }, 'from the GraphQL server');
  return {
    debug,
    info: debug,
    warn: (...parts) => logger.warn({ parts }, 'from the GraphQL server'),
    error: (...parts) => {
      if (parts[0] instanceof GraphQLError) debug(...parts);
      else logger.error({ err: parts[0], parts: parts.slice(1) }, 'from the GraphQL server');
    },
  };
}

/** Answers what is not GraphQL, and hands the rest on. */
export function createRequestListener(
  parts: HttpParts,
  graphql: YogaServerInstance<object, GraphQLContext>,
): RequestListener {
  return (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0];
    if (path === '/') redirect(response);
    else if (path === '/health/ready') void answerReadiness(parts, response);
    else if (path === '/health/live') answerJson(response, 200, { live: true });
    else if (path !== graphqlPath)
      answerJson(response, 404, { error: `Nothing is at ${path}. The API and GraphiQL are at ${graphqlPath}.` });
    else if (isForgeable(request)) refuseForgeable(response);
    // An EventSource that comes back after the end: the one answer that makes it stay away.
    else if (request.headers['last-event-id'] === completedEventId) response.writeHead(204).end();
    else void graphql(request, response);
  };
}

/** A browser sends these without asking first, from any page: they could be forged. */
function isForgeable(request: IncomingMessage): boolean {
  return (
    request.method === 'POST' &&
    !/^application\/(json|graphql(-response)?\+json)/.test(request.headers['content-type'] ?? '')
  );
}

function refuseForgeable(response: ServerResponse): void {
  const message = 'A POST carries JSON: send it with the header "content-type: application/json".';
  answerJson(response, 415, { errors: [{ message, extensions: { code: 'BAD_REQUEST', retryable: false } }] });
}

async function answerReadiness({ readiness, logger }: HttpParts, response: ServerResponse): Promise<void> {
  try {
    const parts = await readiness();
    // Streams work without Flink; without Kafka nothing does.
    answerJson(response, parts.kafka ? 200 : 503, { ready: parts.kafka === true, ...parts });
  } catch (error) {
    logger.error({ err: error }, 'the readiness check failed');
    answerJson(response, 503, { ready: false });
  }
}

function redirect(response: ServerResponse): void {
  response.writeHead(302, { location: graphqlPath }).end();
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}
