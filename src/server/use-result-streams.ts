import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { GraphQLContext } from '#graphql';
import { acceptsJson, toStreamFormat } from './accept.ts';
import type { ResultStream } from './result-stream.ts';
import type { ResultStreams } from './result-streams.ts';
import { sseFormat } from './sse.ts';

/** What yoga's context holds of a request over HTTP. */
interface NodeContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

const notAcceptable = 406;

/**
 * Answers subscriptions over HTTP, and single results where no JSON is accepted, as a stream over Node's own response.
 * A subscription that shares its pages gets the stream as their sink.
 */
export function useResultStreams(streams: ResultStreams): Plugin<GraphQLContext> {
  const created = new WeakMap<ServerResponse, ResultStream>();
  return {
    onSubscribe({ args, extendContext }) {
      const { sink, req, res } = args.contextValue as GraphQLContext & Partial<NodeContext>;
      if (sink || !req || !res) return;
      const format = toStreamFormat(req.headers.accept);
      if (!format) return;
      const stream = streams.create(res, format);
      created.set(res, stream);
      const lastEventId = format === sseFormat ? req.headers['last-event-id'] : undefined;
      extendContext({ sink: stream, ...(typeof lastEventId === 'string' && { lastEventId }) });
    },
    onResultProcess({ result, serverContext, setResultProcessor }) {
      const { req, res } = serverContext as unknown as NodeContext;
      const { accept } = req.headers;
      // The server takes no batches.
      if (Array.isArray(result)) return;
      const run = (stream: ResultStream, results: AsyncIterator<ExecutionResult>, status?: number) =>
        setResultProcessor(async (_result, { Response }) => {
          await streams.run(stream, results, status);
          // Node's response is over by now: this one is not sent.
          return new Response(null);
        }, 'text/event-stream');
      if (!isAsyncIterable(result)) {
        const format = acceptsJson(accept) ? null : toStreamFormat(accept);
        if (format) run(created.get(res) ?? streams.create(res, format), single(result), statusOf(result));
        return;
      }
      const stream = created.get(res);
      const results = result[Symbol.asyncIterator]();
      if (stream) run(stream, results);
      else {
        void results.return?.();
        setResultProcessor(
          (_result, { Response }) => Response.json(noStream, { status: notAcceptable }),
          'application/json',
        );
      }
    },
  };
}

const noStream = {
  errors: [
    {
      message:
        'A subscription answers with a stream: accept "text/event-stream" or "multipart/mixed", or use a WebSocket.',
      extensions: { code: 'BAD_REQUEST', retryable: false },
    },
  ],
};

async function* single(result: ExecutionResult): AsyncGenerator<ExecutionResult, void, void> {
  yield result;
}

/** What is no GraphQL request has its own status; errors of GraphQL travel in the stream, as its protocols have it. */
function statusOf({ errors = [] }: ExecutionResult): number {
  const statuses = errors.map(({ extensions }) => {
    const http = extensions.http as { readonly status?: number; readonly spec?: boolean } | undefined;
    return http?.spec === true ? 0 : (http?.status ?? 0);
  });
  return Math.max(0, ...statuses) || 200;
}
