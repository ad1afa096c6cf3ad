import type { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Sink } from '#feed';
import type { RenderedPage } from '#graphql';
import type { BacklogLimits } from './connection.ts';
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
export class ResultStream implements Sink<RenderedPage> {
  readonly #response: ServerResponse;
  readonly #format: StreamFormat;
  readonly #shared: StreamShared;
  /** Aborts when nothing more is sent. */
  readonly #over = new AbortController();
  #pieces: Buffer[] = [];
  #queuedBytes = 0;
  #drained: Promise<void> | null = null;
  /** What it holds of the total, as counted last. */
  #waitingBytes = 0;
  #takenBytes = 0;
  #takenAtMs = performance.now();
  /** When the client is shown next that the connection lives, on the clock of `performance.now()`. */
  keepAliveAtMs = 0;

  constructor(response: ServerResponse, format: StreamFormat, shared: StreamShared) {
    this.#response = response;
    this.#format = format;
    this.#shared = shared;
  }

  /** False while too much waits for the client. */
  get isReady(): boolean {
    if (this.#over.signal.aborted) return true;
    const waiting = this.#response.writableLength + this.#queuedBytes;
    if (waiting === 0) return true;
    const { limits, traffic } = this.#shared;
    return waiting < limits.socketBacklogBytes && traffic.bytesWaiting < limits.totalBacklogBytes;
  }

  push(page: RenderedPage): void {
    if (this.#over.signal.aborted) return;
    const frame = this.#format.page(page);
    this.#pieces.push(frame);
    this.#queuedBytes += frame.length;
  }

  flush(): void {
    if (this.#queuedBytes === 0) return;
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#queuedBytes = 0;
    this.#write(...pieces);
  }

  /** Resolves when the client has taken all that waits for it, or nothing more is sent. */
  whenReady(signal: AbortSignal): Promise<void> {
    if (this.isReady || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      void this.#watch().then(done);
    });
  }

  /** Sends results until there are no more, the client leaves or it is interrupted. Resolves when the response is over. */
  run(results: AsyncIterator<ExecutionResult>, status = ok): Promise<void> {
    const response = this.#response;
    // Not waited for: behind a `next()` that never settles it would not settle either.
    this.#over.signal.addEventListener('abort', () => results.return?.().catch(this.#toLog), { once: true });
    return new Promise((resolve) => {
      const closed = () => {
        this.#over.abort();
        this.#count(0);
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
    this.#shared.logger.debug({ err: error }, 'a stream over HTTP was broken off');
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
      this.#shared.traffic.bytesSent += piece.length;
      response.write(piece);
    }
    socket.uncork();
    if (response.writableLength > 0) void this.#watch();
  }

  #watch(): Promise<void> {
    this.#count(this.#response.writableLength);
    this.#drained ??= new Promise((resolve) => {
      // Its callback comes when everything before it has left, and with an error when the client is gone.
      this.#response.write('', () => {
        this.#drained = null;
        this.#count(this.#response.destroyed ? 0 : this.#response.writableLength);
        resolve();
      });
    });
    return this.#drained;
  }

  #count(waitingBytes: number): void {
    this.#shared.traffic.bytesWaiting += waitingBytes - this.#waitingBytes;
    this.#waitingBytes = waitingBytes;
  }
}
