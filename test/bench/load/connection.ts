import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { clientFrame, FrameReader, type FrameSink, opcodes } from './frames.ts';
import type { LoadSettings, Operation } from './subscribers.ts';

/** All sockets read into this one: what was read is looked at before the next read. */
const chunk = Buffer.allocUnsafe(512 * 1024);
const headEnd = Buffer.from('\r\n\r\n');
/** Every so many frames of a sampled connection is looked into. A prime, so that it falls into step with nothing. */
const sampleEvery = 7;
/** By so many bytes may the cursors of pages differ in length. */
const cursorSlack = 24;

/** Where a connection is taken from and what it is for. */
export interface ConnectionSettings extends Pick<LoadSettings, 'url' | 'frames' | 'nodeBytes'> {
  /** One of the loopback's many addresses, each with ephemeral ports of its own. */
  readonly localAddress: string;
  readonly operations: readonly Operation[];
  readonly isSampled: boolean;
}

/** One WebSocket of the load, on a plain socket: as little work a frame as there can be. */
export class Connection implements FrameSink {
  frames = 0;
  records = 0;
  bytes = 0;
  lastFrameAt = 0;
  /** Milliseconds from the records' time to their arrival, of the frames that were looked into. */
  latencies: number[] = [];
  /** What went wrong first; null as long as all is well. */
  failure: string | null = null;
  readonly #settings: ConnectionSettings;
  readonly #socket: Socket;
  readonly #reader = new FrameReader(this);
  readonly #opened = Promise.withResolvers<void>();
  #head: Buffer | null = Buffer.alloc(0);
  #pending: number;
  #isOpen = false;
  /** Length of a page without a record, known from the first page. */
  #emptyBytes = 0;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.#pending = settings.operations.length;
    const { hostname, port, pathname } = new URL(settings.url);
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      localAddress: settings.localAddress,
      onread: { buffer: chunk, callback: (length) => this.#read(length) },
    });
    this.#socket.setNoDelay(true);
    this.#socket.once('error', (error) => this.#fail(String(error)));
    this.#socket.once('close', () => this.#fail('The server closed the connection.'));
    this.#socket.once('connect', () => {
      const protocol = settings.operations.length > 0 ? 'Sec-WebSocket-Protocol: graphql-transport-ws\r\n' : '';
      this.#socket.write(
        `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${protocol}\r\n`,
      );
    });
  }

  /** Resolves when each subscription is known to be live; rejects with what went wrong. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  wants(opcode: number, length: number): boolean {
    if (opcode !== opcodes.text || !this.#isOpen) return true;
    if (this.#settings.operations.length > 0 && !this.#looksLikePage(length)) return true;
    return this.#settings.isSampled && this.frames % sampleEvery === 0;
  }

  frame(opcode: number, length: number, payload: Buffer | null): void {
    if (opcode === opcodes.text) {
      if (this.#settings.operations.length === 0 || (payload === null && this.#isOpen)) this.#count(length);
      else this.#look(length, String(payload));
    } else if (opcode === opcodes.ping) {
      this.#socket.write(clientFrame(opcodes.pong, payload ?? ''));
    } else if (opcode === opcodes.close) {
      this.#fail(`Closed: ${payload?.readUInt16BE(0)} ${payload?.toString('utf8', 2)}`);
    }
  }

  #read(length: number): boolean {
    if (this.#head === null) {
      this.#reader.push(chunk, 0, length);
      return true;
    }
    this.#head = Buffer.concat([this.#head, chunk.subarray(0, length)]);
    const end = this.#head.indexOf(headEnd);
    if (end < 0) return true;
    const head = this.#head;
    this.#head = null;
    if (!head.toString('latin1', 0, 12).endsWith(' 101')) this.#fail(head.toString());
    if (this.#settings.operations.length > 0) this.#send({ type: 'connection_init' });
    else this.#open();
    this.#reader.push(head, end + headEnd.length, head.length);
    return true;
  }

  #count(length: number): number {
    const records = this.#settings.frames === 'records' ? 1 : this.#recordsIn(length);
    this.frames += 1;
    this.bytes += length;
    this.records += records;
    this.lastFrameAt = Date.now();
    return records;
  }

  /** Pages differ in the records and, by a few bytes, in the cursor: much less than the half of a record. */
  #recordsIn(length: number): number {
    return Math.max(0, Math.round((length - this.#emptyBytes + 1) / (this.#settings.nodeBytes + 1)));
  }

  /** By its length alone. What does not is a message of the protocol: a ping, an error, the end of a subscription. */
  #looksLikePage(length: number): boolean {
    if (this.#settings.frames === 'records') return length >= this.#settings.nodeBytes;
    const beyond = length - this.#emptyBytes - this.#recordsIn(length) * (this.#settings.nodeBytes + 1);
    return Math.abs(beyond) <= cursorSlack;
  }

  #look(length: number, text: string): void {
    // The server of graphql-ws writes id first, Sluice may write type first: not to be relied on.
    const type = /"type":"(\w+)"/.exec(text.slice(0, 100))?.[1];
    if (type === 'next') this.#lookAtPage(length, text);
    else if (type === 'connection_ack') this.#subscribe();
    else if (type === 'ping') this.#send({ type: 'pong' });
    else if (type === 'pong') this.#open();
    else this.#fail(text.slice(0, 500));
  }

  #lookAtPage(length: number, text: string): void {
    if (text.includes('"errors":')) this.#fail(text.slice(0, 500));
    const times = [...text.matchAll(/"clickedAt":"([^"]+)"/g)];
    if (this.#emptyBytes === 0) {
      const { nodeBytes } = this.#settings;
      this.#emptyBytes = times.length === 0 ? length : length - times.length * (nodeBytes + 1) + 1;
    }
    const records = this.#count(length);
    // The way to count is checked wherever a frame is looked into.
    if (records !== times.length) {
      this.#fail(`${times.length} records counted as ${records} in ${length} bytes: ${text.slice(0, 300)}`);
    }
    if (this.#isOpen) for (const [, time] of times) this.latencies.push(this.lastFrameAt - Date.parse(String(time)));
    if (this.#settings.frames === 'records' || this.#isOpen) return;
    this.#pending -= 1;
    if (this.#pending === 0) this.#open();
  }

  #subscribe(): void {
    for (const payload of this.#settings.operations) this.#send({ id: randomUUID(), type: 'subscribe', payload });
    // No first page tells that a subscription is live: the next best is that the server has come past it.
    if (this.#settings.frames === 'records') this.#send({ type: 'ping' });
  }

  #send(message: object): void {
    this.#socket.write(clientFrame(opcodes.text, JSON.stringify(message)));
  }

  #open(): void {
    this.#isOpen = true;
    this.#opened.resolve();
  }

  #fail(reason: string): void {
    this.failure ??= reason;
    this.#opened.reject(new Error(reason));
  }
}
