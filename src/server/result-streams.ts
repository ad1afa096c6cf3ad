import type { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Logger, ServerOptions } from './options.ts';
import { ResultStream } from './result-stream.ts';
import type { StreamFormat } from './stream-format.ts';
import type { TrafficCounters } from './traffic.ts';

/** A part of all streams is looked at in each turn, so that not all are written to at once. */
const turnsInPeriod = 16;

/** The open streams over HTTP: keeps them alive, ends those that take nothing, and all of them when the gateway stops. */
export class ResultStreams {
  readonly #options: ServerOptions;
  readonly #traffic: TrafficCounters;
  readonly #logger: Logger;
  readonly #open = new Map<ResultStream, Promise<void>>();
  #turns: NodeJS.Timeout | null = null;
  #isClosing = false;

  constructor(parts: { readonly options: ServerOptions; readonly traffic: TrafficCounters; readonly logger: Logger }) {
    this.#options = parts.options;
    this.#traffic = parts.traffic;
    this.#logger = parts.logger;
  }

  /** A stream that nothing was sent over yet; costs nothing when it is never run. */
  create(response: ServerResponse, format: StreamFormat): ResultStream {
    return new ResultStream(response, format, {
      limits: this.#options,
      traffic: this.#traffic,
      logger: this.#logger,
    });
  }

  /** Sends an operation's results; resolves when the response is over. */
  async run(stream: ResultStream, results: AsyncIterator<ExecutionResult>, status?: number): Promise<void> {
    stream.keepAliveAtMs = performance.now() + this.#options.keepAliveMs;
    const ended = stream.run(results, status);
    this.#open.set(stream, ended);
    this.#traffic.streams += 1;
    this.#turns ??= setInterval(() => this.#turn(), Math.max(1, this.#options.keepAliveMs / turnsInPeriod));
    // It was admitted before the gateway began to stop, and comes to its first result only now.
    if (this.#isClosing) stream.interrupt();
    await ended;
    this.#open.delete(stream);
    this.#traffic.streams -= 1;
    if (this.#open.size === 0 && this.#turns) {
      clearInterval(this.#turns);
      this.#turns = null;
    }
  }

  /** Ends all streams, each after what waits for its client; resolves when the last one is over. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const stream of this.#open.keys()) stream.interrupt();
    await Promise.all(this.#open.values());
  }

  #turn(): void {
    const nowMs = performance.now();
    for (const stream of this.#open.keys()) {
      if (stream.stalledForMs(nowMs) > this.#options.stallTimeoutMs) {
        this.#traffic.slowCloses += 1;
        stream.destroy();
      } else if (stream.keepAliveAtMs <= nowMs) {
        stream.keepAliveAtMs = nowMs + this.#options.keepAliveMs;
        stream.keepAlive();
      }
    }
  }
}
