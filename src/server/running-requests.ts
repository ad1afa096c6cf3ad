import type { RequestListener, ServerResponse } from 'node:http';

/** The HTTP requests that are being answered, so that a stop can wait for them. */
export class RunningRequests {
  readonly #responses = new Set<ServerResponse>();
  #isEnding = false;

  /** The listener, with its requests counted. */
  track(listener: RequestListener): RequestListener {
    return (request, response) => {
      this.#responses.add(response);
      response.once('close', () => this.#responses.delete(response));
      // A client that sends one request after the other would keep its connection for ever.
      if (this.#isEnding) response.shouldKeepAlive = false;
      listener(request, response);
    };
  }

  /** Resolves when none runs any more; until then each connection has no further one than it has now. */
  async ended(): Promise<void> {
    this.#isEnding = true;
    while (this.#responses.size > 0) await Promise.all(Array.from(this.#responses, closed));
  }
}

function closed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => response.once('close', () => resolve()));
}
