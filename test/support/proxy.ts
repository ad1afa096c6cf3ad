import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Which way bytes travel: from the client to the target, or back. */
export type Direction = 'up' | 'down';

/** What a proxy forwards to, and how. */
export interface ProxyOptions {
  /** `host:port` of the target, until `retarget`. */
  readonly target: string;
  /**
   * The target is a Kafka broker: wherever it names its own address in an answer, it names the proxy's. Clients that
   * come through the proxy then stay with it, whatever the broker advertises.
   */
  readonly rewriteAddress?: boolean;
}

interface Pair {
  readonly client: Socket;
  readonly target: Socket;
  /** The ways in which the receiver does not keep up. */
  readonly full: Set<Direction>;
}

/** A TCP proxy for fault tests, on loopback. Closes all that it holds when it is disposed. */
export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #options: ProxyOptions;
  readonly #pairs = new Set<Pair>();
  readonly #stalled = new Set<Direction>();
  readonly #ending = new Set<Pair>();
  #target: string;
  #refusing = false;
  #dropAnswers = 0;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#target = options.target;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** A proxy that listens on a free port. */
  static async open(options: ProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The proxy does not listen.');
    return address.port;
  }

  /** `host:port` for clients. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** Resets every connection; new ones are welcome. */
  cut(): void {
    for (const pair of this.#pairs) this.#reset(pair);
  }

  /** Ends every connection in the middle of the next bytes that the target sends over it: the client gets half of them. */
  cutMidway(): void {
    for (const pair of this.#pairs) this.#ending.add(pair);
  }

  /** New connections lead there; those that are open stay. */
  retarget(address: string): void {
    this.#target = address;
  }

  /** The next answer of the target that comes is lost together with its connection: the request was carried out. */
  loseNextAnswer(): void {
    this.#dropAnswers += 1;
  }

  /** Forwards nothing in that direction any more, over connections old and new; nothing is lost. */
  stall(direction: Direction): void {
    this.#stalled.add(direction);
    for (const pair of this.#pairs) this.#flow(pair);
  }

  /** Forwards again in both directions. */
  resume(): void {
    this.#stalled.clear();
    for (const pair of this.#pairs) this.#flow(pair);
  }

  /** Resets every connection, and new ones as soon as they come, until `accept()`. */
  refuse(): void {
    this.#refusing = true;
    this.cut();
  }

  accept(): void {
    this.#refusing = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    if (this.#refusing) {
      client.resetAndDestroy();
      return;
    }
    const { host, port } = parse(this.#target);
    const target = connect(port, host);
    const pair: Pair = { client, target, full: new Set() };
    this.#pairs.add(pair);
    client.setNoDelay(true);
    target.setNoDelay(true);
    const forward = (direction: Direction, chunk: Buffer) => {
      if ((direction === 'up' ? target : client).write(chunk)) return;
      pair.full.add(direction);
      this.#flow(pair);
    };
    const onDrain = (direction: Direction) => {
      pair.full.delete(direction);
      this.#flow(pair);
    };
    target.on('drain', () => onDrain('up'));
    client.on('drain', () => onDrain('down'));
    client.on('data', (chunk) => forward('up', chunk));
    target.on('data', (chunk) => {
      if (this.#dropAnswers > 0) {
        this.#dropAnswers -= 1;
        this.#reset(pair);
        return;
      }
      if (this.#ending.delete(pair)) {
        this.#pairs.delete(pair);
        client.end(chunk.subarray(0, chunk.length >> 1));
        target.destroy();
        return;
      }
      forward('down', this.#options.rewriteAddress ? this.#rewrite(chunk) : chunk);
    });
    for (const socket of [client, target]) {
      socket.on('error', () => this.#reset(pair));
      socket.on('close', () => this.#reset(pair));
    }
    this.#flow(pair);
  }

  /** A receiver that does not read slows the sender, as it would without a proxy. */
  #flow({ client, target, full }: Pair): void {
    if (this.#stalled.has('up') || full.has('up')) client.pause();
    else client.resume();
    if (this.#stalled.has('down') || full.has('down')) target.pause();
    else target.resume();
  }

  #reset(pair: Pair): void {
    this.#ending.delete(pair);
    if (!this.#pairs.delete(pair)) return;
    pair.client.resetAndDestroy();
    pair.target.destroy();
  }

  /** In Kafka's answers a broker's host is followed by its port as four bytes: the length stays the same. */
  #rewrite(chunk: Buffer): Buffer {
    const { host, port } = parse(this.#target);
    const own = Buffer.concat([Buffer.from(host), int32(port)]);
    let at = chunk.indexOf(own);
    if (at < 0) return chunk;
    const rewritten = Buffer.from(chunk);
    for (; at >= 0; at = chunk.indexOf(own, at + 1)) rewritten.writeInt32BE(this.port, at + host.length);
    return rewritten;
  }
}

function parse(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
