import { type ExecutionArgs, GraphQLError, type GraphQLFormattedError, getOperationAST } from 'graphql';
import { CloseCode, type Context, type ServerOptions as ProtocolOptions, type SubscribePayload } from 'graphql-ws';
import type { YogaServerInstance } from 'graphql-yoga';
import type { Sink } from '#feed';
import { type GraphQLContext, type PushedPages, type RenderedPage, withPhase } from '#graphql';
import type { Connection } from './connection.ts';
import type { Logger, ServerOptions } from './options.ts';

type Yoga = YogaServerInstance<object, GraphQLContext>;

/** What the protocol keeps for each socket. */
export interface SocketContext extends Record<PropertyKey, unknown> {
  readonly connection: Connection;
}

/** The pipeline's functions travel to graphql-ws inside the execution arguments. */
interface PipelineArgs extends ExecutionArgs {
  readonly rootValue: Pick<ReturnType<Yoga['getEnveloped']>, 'execute' | 'subscribe'> & {
    /** The subscription that was opened. */
    readonly opened: { pages: PushedPages | null };
    /** What the client asked for. */
    readonly payload: SubscribePayload;
  };
}

/** The WebSocket close code for "try again later": clients of graphql-ws do. */
const tryAgainLater = 1013;
/** The reason of a close frame has at most 123 bytes (RFC 6455, 5.5). */
const maxReasonBytes = 123;

/** How operations over WebSocket are prepared and run: through the same pipeline as those over HTTP. */
export function createProtocolOptions(parts: {
  readonly graphql: Yoga;
  readonly logger: Logger;
  readonly options: ServerOptions;
}): ProtocolOptions<Record<string, unknown> | undefined, SocketContext> {
  const { graphql, logger, options } = parts;
  return {
    execute: (args) => (args as PipelineArgs).rootValue.execute(args),
    async subscribe(args) {
      const { subscribe, opened, payload } = (args as PipelineArgs).rootValue;
      const result = await subscribe({ ...args });
      if (!opened.pages) return result;
      // Idle subscribers are many: what served to open one is let go of, and what the pipeline wrapped around it too.
      Object.assign(args, { rootValue: null, contextValue: null, variableValues: null });
      Object.assign(payload, { query: '', variables: null });
      return opened.pages;
    },
    onSubscribe: (context, id, payload) => {
      const { connection } = context.extra;
      if (Object.keys(context.subscriptions).length > options.maxOperationsPerSocket) {
        const tooMany = `Too many operations on one socket: ${options.maxOperationsPerSocket} may be open`;
        connection.client.close(CloseCode.TooManyInitialisationRequests, tooMany);
        // Not undefined: graphql-ws would then look for a schema of its own, and tell the console that there is none.
        return [new GraphQLError(tooMany)];
      }
      return prepare(graphql, payload, { sink: connection.sinkFor(id), client: connection.name });
    },
    onNext: (_context, _id, _payload, _args, { data, errors }) =>
      errors && { ...(data !== undefined && { data }), errors: errors.map(withoutStatus) },
    onError: (context, _id, _payload, errors) => {
      logger.debug({ errors }, 'an operation over WebSocket ended with an error');
      disconnectIfSlow(context, errors);
      return errors.map(withoutStatus);
    },
  };
}

/** A subscriber that asked to be disconnected when it is slow: the reason carries its cursor where that fits. */
function disconnectIfSlow(
  { extra }: Context<undefined, SocketContext> | Context<Record<string, unknown> | undefined, SocketContext>,
  errors: readonly GraphQLError[],
): void {
  const slow = errors.find(({ extensions }) => extensions.code === 'SLOW_CONSUMER');
  if (!slow) return;
  const reason = `SLOW_CONSUMER ${String(slow.extensions.cursor)}`;
  // After the error message, which carries the cursor whatever its length.
  setImmediate(() =>
    extra.connection.client.close(tryAgainLater, reason.length <= maxReasonBytes ? reason : 'SLOW_CONSUMER'),
  );
}

/** A status is for HTTP. */
function withoutStatus(error: GraphQLError): GraphQLFormattedError {
  const { http: _http, ...extensions } = error.extensions;
  return { ...error.toJSON(), extensions };
}

/** Parses and validates as HTTP does. */
async function prepare(
  graphql: Yoga,
  payload: SubscribePayload,
  whose: { readonly sink: Sink<RenderedPage>; readonly client: string },
) {
  const opened: PipelineArgs['rootValue']['opened'] = { pages: null };
  const onPages = (pages: PushedPages) => {
    opened.pages = pages;
  };
  const initial = { params: payload, ...whose, onPages };
  const { schema, execute, subscribe, contextFactory, parse, validate } = graphql.getEnveloped(initial);
  const document = orFault(() => parse(payload.query), 'parse');
  if (document instanceof GraphQLError) return [document];
  // A rule that evaluates @skip or @include of a subscription throws, for it has no variables.
  const errors = orFault(() => validate(schema, document), 'validate');
  if (errors instanceof GraphQLError) return [errors];
  if (errors.length > 0) return errors;
  if (!getOperationAST(document, payload.operationName)) {
    return [withPhase(new GraphQLError('Could not determine what operation to execute.'), 'validate')];
  }
  return {
    schema,
    document,
    operationName: payload.operationName,
    variableValues: payload.variables,
    contextValue: await contextFactory(),
    rootValue: { execute, subscribe, opened, payload },
  };
}

/** A fault of the document is the operation's, not the socket's: thrown, it would close the socket under its other operations. */
function orFault<T>(work: () => T, phase: 'parse' | 'validate'): T | GraphQLError {
  try {
    return work();
  } catch (error) {
    if (error instanceof GraphQLError || error instanceof RangeError) return withPhase(error, phase);
    throw error;
  }
}
