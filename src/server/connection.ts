import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Sink } from '#feed';
import type { RenderedPage } from '#graphql';
import { Backlog, type BacklogLimits } from './backlog.ts';
import { nextFramePieces, nextMessageHead, shortNextFrame } from './next-frame.ts';
import type { TrafficCounters } from './traffic.ts';

/** How many there have been. */
let opened = 0;

/**
 * One WebSocket and the pages on their way to it. Pages are written as ready frames straight to the socket below the
 * WebSocket library, all that is due in one go; everything else of the protocol goes through the library, whose frames
 * are whole ones on the same socket too.
 */
export class Connection extends Backlog {
  readonly client: WebSocket;
  readonly #socket: Socket;
  readonly #number = ++opened;
  /** Frames that wait for {@link flush}: long ones and what came before them, then short ones, as characters. */
  #pieces: (Buffer | string)[] = [];
  #frames = '';
  /** When the client sent something last, on the clock of `performance.now()`. */
  heardAtMs = performance.now();
  /** When it is asked next whether it lives. */
  pingAtMs = 0;
  #takenBytes = 0;
  #takenAtMs = 0;

  constructor(client: WebSocket, socket: Socket, shared: { limits: BacklogLimits; traffic: TrafficCounters }) {
    super(socket, shared);
    this.client = client;
    this.#socket = socket;
  }

  /** Tells it from all others of this process. Not the address: Node would keep that in memory with each socket. */
  get name(): string {
    return `socket-${this.#number}`;
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

  /** Puts a page's frame with what is to be written. */
  queue(head: string, page: RenderedPage): void {
    const frame = shortNextFrame(head, page);
    if (frame !== null) {
      this.#frames += frame;
      this.queuedBytes += frame.length;
      return;
    }
    if (this.#frames !== '') this.#pieces.push(this.#frames);
    this.#frames = '';
    for (const piece of nextFramePieces(head, page)) {
      this.#pieces.push(piece);
      this.queuedBytes += piece.length;
    }
  }

  /** Writes what was put together, in one go. */
  flush(): void {
    if (this.queuedBytes === 0) return;
    if (this.client.readyState === this.client.OPEN) this.#write();
    this.#frames = '';
    this.queuedBytes = 0;
    if (this.#pieces.length > 0) this.#pieces = [];
    if (this.#socket.writableLength > 0) void this.watch();
  }

  #write(): void {
    const socket = this.#socket;
    this.traffic.bytesSent += this.queuedBytes;
    if (this.#pieces.length === 0) {
      socket.write(this.#frames, 'latin1');
      return;
    }
    socket.cork();
    for (const piece of this.#pieces) socket.write(piece, 'latin1');
    if (this.#frames !== '') socket.write(this.#frames, 'latin1');
    socket.uncork();
  }

  /** It is gone: what waited for it waits no more. */
  closed(): void {
    this.forget();
    this.#pieces = [];
    this.#frames = '';
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
