import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Sink } from '#feed';
import type { RenderedPage } from '#graphql';
import { nextFramePieces, nextMessageHead, shortNextFrame } from './next-frame.ts';
import type { TrafficCounters } from './traffic.ts';

/** Bounds of what waits in this process for sockets. */
export interface BacklogLimits {
  /** Above it a socket gets nothing more until it has taken all of it, in bytes. */
  readonly socketBacklogBytes: number;
  /** Above it, over all sockets, those that have anything waiting get nothing more, in bytes. */
  readonly totalBacklogBytes: number;
}

/**
 * One WebSocket and the pages on their way to it. Pages are written as ready frames straight to the socket below the
 * WebSocket library, all that is due in one go; everything else of the protocol goes through the library, whose frames
 * are whole ones on the same socket too.
 */
export class Connection {
  readonly client: WebSocket;
  readonly #socket: Socket;
  readonly #limits: BacklogLimits;
  readonly #traffic: TrafficCounters;
  /** Frames that wait for {@link flush}: long ones and what came before them, then short ones, as characters. */
  #pieces: (Buffer | string)[] = [];
  #frames = '';
  #queuedBytes = 0;
  /** What it holds of the total, as counted last. */
  #waitingBytes = 0;
  #drained: Promise<void> | null = null;
  /** When the client sent something last, on the clock of `performance.now()`. */
  heardAtMs = performance.now();
  /** When it is asked next whether it lives. */
  pingAtMs = 0;
  #takenBytes = 0;
  #takenAtMs = 0;

  constructor(client: WebSocket, socket: Socket, shared: { limits: BacklogLimits; traffic: TrafficCounters }) {
    this.client = client;
    this.#socket = socket;
    this.#limits = shared.limits;
    this.#traffic = shared.traffic;
  }

  /** Where the pages of one of its operations go. */
  sinkFor(operationId: string): Sink<RenderedPage> {
    return new OperationSink(this, operationId);
  }

  /** For how long it has said nothing and, while something waits for it, taken nothing either. */
  silentForMs(nowMs: number): number {
    const waiting = this.#socket.writableLength;
    const takenBytes = this.#socket.bytesWritten - waiting;
    if (takenBytes !== this.#takenBytes) {
      this.#takenBytes = takenBytes;
      this.#takenAtMs = nowMs;
    }
    // What is taken into an empty buffer says nothing: the system takes it also when nobody is there.
    return nowMs - (waiting > 0 ? Math.max(this.heardAtMs, this.#takenAtMs) : this.heardAtMs);
  }

  /** False while too much waits for it. */
  get isReady(): boolean {
    const waiting = this.#socket.writableLength + this.#queuedBytes;
    if (waiting === 0) return true;
    return waiting < this.#limits.socketBacklogBytes && this.#traffic.bytesWaiting < this.#limits.totalBacklogBytes;
  }

  /** Puts a page's frame with what is to be written. */
  queue(head: string, page: RenderedPage): void {
    const frame = shortNextFrame(head, page);
    if (frame !== null) {
      this.#frames += frame;
      this.#queuedBytes += frame.length;
      return;
    }
    if (this.#frames !== '') this.#pieces.push(this.#frames);
    this.#frames = '';
    for (const piece of nextFramePieces(head, page)) {
      this.#pieces.push(piece);
      this.#queuedBytes += piece.length;
    }
  }

  /** Writes what was put together, in one go. */
  flush(): void {
    if (this.#queuedBytes === 0) return;
    if (this.client.readyState === this.client.OPEN) this.#write();
    this.#frames = '';
    this.#queuedBytes = 0;
    if (this.#pieces.length > 0) this.#pieces = [];
    if (this.#socket.writableLength > 0) void this.#watch();
  }

  #write(): void {
    const socket = this.#socket;
    this.#traffic.bytesSent += this.#queuedBytes;
    if (this.#pieces.length === 0) {
      socket.write(this.#frames, 'latin1');
      return;
    }
    socket.cork();
    for (const piece of this.#pieces) socket.write(piece, 'latin1');
    if (this.#frames !== '') socket.write(this.#frames, 'latin1');
    socket.uncork();
  }

  /** Resolves when the socket has taken all that waits for it, or is gone. */
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

  /** It is gone: what waited for it waits no more. */
  closed(): void {
    this.#count(0);
    this.#pieces = [];
    this.#frames = '';
    this.#queuedBytes = 0;
  }

  #watch(): Promise<void> {
    this.#count(this.#socket.writableLength);
    this.#drained ??= new Promise((resolve) => {
      // Its callback comes when everything before it has left, and at once with an error when the socket is gone.
      this.#socket.write('', () => {
        this.#drained = null;
        this.#count(this.#socket.destroyed ? 0 : this.#socket.writableLength);
        resolve();
      });
    });
    return this.#drained;
  }

  #count(waitingBytes: number): void {
    this.#traffic.bytesWaiting += waitingBytes - this.#waitingBytes;
    this.#waitingBytes = waitingBytes;
  }
}

/** The pages of one operation of a connection. */
class OperationSink implements Sink<RenderedPage> {
  readonly #connection: Connection;
  readonly #head: string;

  constructor(connection: Connection, operationId: string) {
    this.#connection = connection;
    this.#head = nextMessageHead(operationId);
  }

  get isReady(): boolean {
    return this.#connection.isReady;
  }

  push(page: RenderedPage): void {
    this.#connection.queue(this.#head, page);
  }

  flush(): void {
    this.#connection.flush();
  }

  whenReady(signal: AbortSignal): Promise<void> {
    return this.#connection.whenReady(signal);
  }
}
