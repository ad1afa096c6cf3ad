import type { WebSocket as GraphqlSocket } from 'graphql-ws';
import type { WebSocket } from 'ws';

/** A WebSocket as graphql-ws sees it. Without a function of its own for each method, because idle sockets are many. */
export class ProtocolSocket implements GraphqlSocket {
  readonly #client: WebSocket;
  #onMessage: ((text: string) => Promise<void>) | null = null;

  constructor(client: WebSocket) {
    this.#client = client;
  }

  get protocol(): string {
    return this.#client.protocol;
  }

  /** Resolves when the text is written, or at once when nobody is there any more. */
  send(text: string): Promise<void> {
    const client = this.#client;
    return new Promise((resolve, reject) => {
      if (client.readyState !== client.OPEN) resolve();
      else client.send(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  close(code?: number, reason?: string): void {
    this.#client.close(code, reason);
  }

  onMessage(onMessage: (text: string) => Promise<void>): void {
    this.#onMessage = onMessage;
  }

  /** Hands a message to the protocol. Resolves when what it asked for has ended. */
  take(text: string): Promise<void> {
    return this.#onMessage?.(text) ?? Promise.resolve();
  }
}
