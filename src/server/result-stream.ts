import type { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Sink } from '#feed';
import type { RenderedPage } from '#graphql';
import { Backlog, type BacklogLimits } from './backlog.ts';
import type { Logger } from './options.ts';
import type { StreamFormat } from './stream-format.ts';
import type { TrafficCounters } from './traffic.ts';

/** What all streams share. */
export interface StreamShared {
  readonly limits: BacklogLimits;
  readonly traffic: TrafficCounters;
  readonly logger: Logger;
}

const ok = 200;

/**
 * The results of one operation on their way through one HTTP response: shared pages come to it as a sink, what the
 * operation yields itself is pulled. Both are written straight to Node's response.
 */
export class ResultStream extends Backlog implements Sink<RenderedPage> {
  readonly #response: ServerResponse;
  readonly #format: StreamFormat;
  readonly #logger: Logger;
  /** Aborts when nothing more is sent. */
  readonly #over = new AbortController();
  #pieces: Buffer[] = [];
  #takenBytes = 0;
  #takenAtMs = performance.now();
  /** When the client is shown next that the connection lives, on the clock of `performance.now()`. */
  keepAliveAtMs = 0;

  constructor(response: ServerResponse, format: StreamFormat, shared: StreamShared) {
    super(response, shared);
    this.#response = response;
    this.#format = format;
    this.#logger = shared.logger;
  }

  /** False while too much waits for the client; what is over takes anything, and sends nothing. */
  override get isReady(): boolean {
    return this.#over.signal.aborted || super.isReady;
  }

  push(page: RenderedPage): void {
    if (this.#over.signal.aborted) return;
    const frame = this.#format.page(page);
    this.#pieces.push(frame);
    this.queuedBytes += frame.length;
  }

  flush(): void {
    if (this.queuedBytes === 0) return;
    const pieces = this.#pieces;
    this.#pieces = [];
    this.queuedBytes = 0;
    this.#write(...pieces);
  }

  /** Sends results until there are no more, the client leaves or it is interrupted. Resolves when the response is over. */
  run(results: AsyncIterator<ExecutionResult>, status = ok): Promise<void> {
    const response = this.#response;
    // Not waited for: behind a `next()` that never settles it would not settle either.
    this.#over.signal.addEventListener('abort', () => results.return?.().catch(this.#toLog), { once: true });
    return new Promise((resolve) => {
      const closed = () => {
        this.#over.abort();
        this.forget();
        this.#pieces = [];
        resolve();
      };
      if (response.destroyed) {
        closed();
        return;
      }
      response.once('close', closed);
      response.on('error', this.#toLog);
      response.req.socket.setKeepAlive(true);
      response.writeHead(status, {
        'content-type': this.#format.contentType,
        'cache-control': 'no-cache, no-transform',
        // What stands between must pass on each result as it comes (nginx has it off only when told).
        'x-accel-buffering': 'no',
      });
      this.#write(Buffer.from(this.#format.opening));
      void this.#pump(results);
    });
  }

  /** Ends the response although the operation could go on: its client resumes it. */
  interrupt(): void {
    this.#end(this.#format.interrupted);
  }

  /** Breaks it off. */
  destroy(): void {
    this.#response.destroy();
  }

  /** For how long something waits for the client and it has taken none of it. */
  stalledForMs(nowMs: number): number {
    const waiting = this.#response.writableLength;
    const takenBytes = this.#response.req.socket.bytesWritten - waiting;
    if (waiting === 0 || takenBytes !== this.#takenBytes) {
      this.#takenBytes = takenBytes;
      this.#takenAtMs = nowMs;
    }
    return nowMs - this.#takenAtMs;
  }

  /** Shows the client that the connection lives; while something waits for it, that does. */
  keepAlive(): void {
    const { keepAlive } = this.#format;
    if (keepAlive !== null && this.#response.writableLength === 0) this.#write(Buffer.from(keepAlive));
  }

  async #pump(results: AsyncIterator<ExecutionResult>): Promise<void> {
    const { signal } = this.#over;
    let last: ExecutionResult | null = null;
    try {
      while (!signal.aborted) {
        await this.whenReady(signal);
        const next = await results.next();
        if (next.done) break;
        last = next.value;
        this.#write(Buffer.from(this.#format.result(last)));
      }
    } catch (error) {
      this.#toLog(error);
      this.destroy();
      return;
    }
    this.#end(this.#format.complete(last));
  }

  readonly #toLog = (error: unknown): void => {
    // A client that goes while it is written to is no fault; anything else was made an error result before.
    this.#logger.debug({ err: error }, 'a stream over HTTP was broken off');
  };

  #end(text: string): void {
    if (this.#over.signal.aborted) return;
    this.flush();
    this.#over.abort();
    this.#response.end(text);
  }

  /** Writes pieces in one go. */
  #write(...pieces: readonly Buffer[]): void {
    const response = this.#response;
    if (this.#over.signal.aborted || response.destroyed) return;
    const { socket } = response.req;
    socket.cork();
    for (const piece of pieces) {
      this.traffic.bytesSent += piece.length;
      response.write(piece);
    }
    socket.uncork();
    if (response.writableLength > 0) void this.watch();
  }
}
