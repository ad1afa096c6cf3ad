import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Answer } from './client.ts';

/** A subscription over one HTTP response. */
export interface StreamRequest {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: 'GET' | 'POST';
}

/** The body of an open response, cut into pieces, on a connection of its own. */
export interface BodyStream {
  readonly response: IncomingMessage;
  /** The next piece; null when the body ended as it should. Rejects when it was broken off. */
  next(): Promise<string | null>;
  /** Leaves rudely. */
  drop(): void;
}

/** One of the server-sent events. */
interface ServerSentEvent {
  readonly id: string | null;
  readonly event: string;
  readonly answer: Answer | null;
}

/** Events of a stream, without its comments. */
export interface EventStream extends Pick<BodyStream, 'response' | 'drop'> {
  next(): Promise<ServerSentEvent | null>;
}

/** Opens server-sent events. */
export async function openEvents(url: string, request: StreamRequest): Promise<EventStream> {
  const headers = { accept: 'text/event-stream', ...request.headers };
  const { response, next, drop } = await openBody(url, { ...request, headers }, '\n\n');
  return {
    response,
    drop,
    async next() {
      for (;;) {
        const block = await next();
        if (block === null) return null;
        if (block !== ':') return toEvent(block);
      }
    },
  };
}

/** Opens a multipart response; its pieces are the JSON texts of its parts. The last piece, without JSON, is `--`. */
export async function openParts(url: string, request: StreamRequest, boundary: string): Promise<BodyStream> {
  const { response, next, drop } = await openBody(url, request, `\r\n--${boundary}`);
  // What comes before the first boundary is nothing.
  await next();
  return { response, drop, next: async () => (await next())?.replace(/^\r\n[^{]*\r\n\r\n/, '').trim() ?? null };
}

async function openBody(url: string, request: StreamRequest, delimiter: string): Promise<BodyStream> {
  const response = await send(url, request);
  response.setEncoding('utf8');
  const pieces = cut(response, delimiter);
  return {
    response,
    next: async () => (await pieces.next()).value ?? null,
    drop: () => response.destroy(),
  };
}

function send(url: string, { query, variables, headers, method = 'POST' }: StreamRequest): Promise<IncomingMessage> {
  const target = new URL(url);
  if (method === 'GET') {
    target.searchParams.set('query', query);
    if (variables) target.searchParams.set('variables', JSON.stringify(variables));
  }
  return new Promise((resolve, reject) => {
    const request = httpRequest(target, {
      method,
      agent: false,
      headers: { ...(method === 'POST' && { 'content-type': 'application/json' }), ...headers },
    });
    request.once('response', resolve).once('error', reject);
    request.end(method === 'POST' ? JSON.stringify({ query, variables }) : undefined);
  });
}

async function* cut(response: AsyncIterable<string>, delimiter: string): AsyncGenerator<string, null, void> {
  let rest = '';
  for await (const text of response) {
    const pieces = (rest + text).split(delimiter);
    rest = pieces.pop() ?? '';
    yield* pieces;
  }
  if (rest !== '') yield rest;
  return null;
}

function toEvent(block: string): ServerSentEvent {
  const fields = new Map(block.split('\n').map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
  const data = fields.get('data');
  return {
    id: fields.get('id') ?? null,
    event: fields.get('event') ?? 'message',
    answer: data ? (JSON.parse(data) as Answer) : null,
  };
}
