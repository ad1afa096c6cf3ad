import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

/** What a GraphQL server answered. */
export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  readonly data?: any;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions?: Record<string, unknown>;
  }[];
}

/** Sends one operation over HTTP. */
export async function post(url: string, query: string, variables?: Record<string, unknown>): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as Answer;
}

/** One open subscription over graphql-ws. */
export interface Listener extends AsyncDisposable {
  /** The next result, waiting for it. Rejects when the subscription has ended. */
  next(): Promise<Answer>;
}

/** Subscribes over WebSocket with a connection of its own. */
export function listen(webSocketUrl: string, query: string, variables?: Record<string, unknown>): Listener {
  const client: Client = createClient({ url: webSocketUrl, webSocketImpl: WebSocket, retryAttempts: 0, lazy: true });
  const results = client.iterate({ query, ...(variables && { variables }) });
  return {
    async next() {
      const result = await results.next();
      if (result.done) throw new Error('The subscription ended.');
      return result.value as Answer;
    },
    async [Symbol.asyncDispose]() {
      await client.dispose();
      await results.return?.(undefined);
    },
  };
}

/** Takes results until the test is content; returns what the last call of `enough` gave. */
export async function until<T>(listener: Listener, enough: (answer: Answer) => T | undefined): Promise<T> {
  for (;;) {
    const found = enough(await listener.next());
    if (found !== undefined) return found;
  }
}
