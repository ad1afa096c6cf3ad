import { request as httpRequest, type IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { Answer } from './client.ts';

/** A subscription to open. */
export interface PageRequest {
  /** Of the API, over HTTP. */
  readonly url: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The last `id:` that came over SSE, to resume from. */
  readonly lastEventId: string | null;
  onAnswer(answer: Answer, eventId: string | null): void;
}

/** An open subscription whose socket is in the test's hand: no library between that reads on, or comes back by itself. */
export interface PageStream {
  /** How it ended, in words. Never rejects. */
  readonly ended: Promise<string>;
  /** Reads nothing from the socket any more. */
  pause(): void;
  resume(): void;
  /** Leaves rudely. */
  drop(): void;
}

const protocol = 'graphql-transport-ws';

/** Subscribes over a WebSocket of its own. */
export function openOverWebSocket({ url, query, variables, onAnswer }: PageRequest): PageStream {
  const socket = new WebSocket(url.replace('http', 'ws'), protocol);
  const ended = Promise.withResolvers<string>();
  const send = (message: object) => socket.send(JSON.stringify(message));
  let fault = '';
  socket.on('open', () => send({ type: 'connection_init' }));
  socket.on('message', (data) => {
    const message = JSON.parse(String(data));
    if (message.type === 'connection_ack') send({ type: 'subscribe', id: '1', payload: { query, variables } });
    else if (message.type === 'ping') send({ type: 'pong' });
    else if (message.type === 'next') onAnswer(message.payload, null);
    else if (message.type === 'error') onAnswer({ errors: message.payload }, null);
    if (message.type === 'error' || message.type === 'complete') socket.close(1000);
  });
  // A frame that was cut off, a connection that was refused: the close that follows says that it is over.
  socket.on('error', (error) => {
    fault = ` (${error.message})`;
  });
  socket.on('close', (code, reason) => ended.resolve(`${code} ${reason}${fault}`));
  return {
    ended: ended.promise,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    drop: () => socket.terminate(),
  };
}

/** Subscribes over server-sent events, with a connection of its own. */
export function openOverSse({ url, query, variables, lastEventId, onAnswer }: PageRequest): PageStream {
  const request = httpRequest(url, {
    method: 'POST',
    agent: false,
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(lastEventId !== null && { 'last-event-id': lastEventId }),
    },
  });
  const ended = Promise.withResolvers<string>();
  let open: IncomingMessage | null = null;
  let isPaused = false;
  request.on('error', (error) => ended.resolve(error.message));
  request.on('response', (response) => {
    open = response;
    const parser = new EventParser(onAnswer);
    response.setEncoding('utf8');
    response.on('data', (text: string) => parser.push(text));
    response.on('error', (error) => ended.resolve(error.message));
    response.on('close', () => ended.resolve(`closed, HTTP ${response.statusCode}`));
    if (isPaused) response.pause();
  });
  request.end(JSON.stringify({ query, variables }));
  return {
    ended: ended.promise,
    pause() {
      isPaused = true;
      open?.pause();
    },
    resume() {
      isPaused = false;
      open?.resume();
    },
    drop: () => request.destroy(),
  };
}

/** Cuts a text stream into events, see https://html.spec.whatwg.org/multipage/server-sent-events.html */
class EventParser {
  readonly #onAnswer: PageRequest['onAnswer'];
  #rest = '';
  #parts: string[] = [];

  constructor(onAnswer: PageRequest['onAnswer']) {
    this.#onAnswer = onAnswer;
  }

  push(text: string): void {
    this.#parts.push(text);
    // A long event comes in many pieces: put together once.
    if (!text.includes('\n')) return;
    const blocks = (this.#rest + this.#parts.join('')).split('\n\n');
    this.#parts = [];
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) this.#take(block);
  }

  #take(block: string): void {
    const lines = block.split('\n');
    const field = (name: string) =>
      lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ''));
    const data = field('data').join('\n');
    if (field('event')[0] !== 'next' || data === '') return;
    this.#onAnswer(JSON.parse(data), field('id')[0] ?? null);
  }
}
