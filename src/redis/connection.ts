import { createClient, RESP_TYPES } from '@redis/client';
import { SluiceError } from '#errors';
import { isReply, refused, shuttingDown, unavailable } from './failures.ts';
import type { Logger, RedisOptions } from './options.ts';

const firstRetryMs = 50;

/** One connection to Redis: connects at its first use, again and again when it is lost, until it is closed. */
export class Connection {
  readonly #options: RedisOptions;
  readonly #client: ReturnType<typeof createRaw>;
  readonly #address: string;
  #connecting = false;
  #isClosed = false;
  #lastError: unknown;
  #hasBeenReady = false;
  readonly #onLost = new Set<() => void>();
  readonly #onBack = new Set<() => void>();

  constructor(options: RedisOptions, logger: Logger) {
    this.#options = options;
    this.#address = addressOf(options.url);
    this.#client = createRaw(options);
    // Without a listener an error would end the process.
    this.#client.on('error', (error: unknown) => {
      this.#lastError = error;
      logger.debug({ err: error }, `no connection to Redis at ${this.#address}`);
    });
    this.#client.on('reconnecting', () => {
      if (this.#hasBeenReady) for (const tell of this.#onLost) tell();
    });
    this.#client.on('ready', () => {
      const isBack = this.#hasBeenReady;
      this.#hasBeenReady = true;
      this.#lastError = undefined;
      if (!isBack) return;
      logger.info({}, `Redis at ${this.#address} answers again.`);
      for (const tell of this.#onBack) tell();
    });
  }

  /** Calls the first when the connection is lost, the second when it stands again with all its subscriptions. */
  watch({ onLost, onBack }: { readonly onLost: () => void; readonly onBack: () => void }): void {
    this.#onLost.add(onLost);
    this.#onBack.add(onBack);
  }

  /** Resolves when the connection stands; rejects with REDIS_UNAVAILABLE when it does not within the time. */
  async ready(what: string, withinMs = this.#options.deadlineMs): Promise<void> {
    if (this.#isClosed) throw shuttingDown();
    if (this.#client.isReady) return;
    if (!this.#connecting) {
      this.#connecting = true;
      // It tries until it is closed; what hinders it is told by the event.
      this.#client.connect().catch(() => undefined);
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = setTimeout(() => reject(unavailable(what, this.#address, this.#lastError)), withinMs);
    this.#client.once('ready', resolve);
    try {
      await promise;
    } finally {
      clearTimeout(late);
      this.#client.off('ready', resolve);
    }
    if (this.#isClosed) throw shuttingDown();
  }

  /**
   * Sends a command and resolves with its reply: texts as buffers. Rejects with REDIS_REFUSED when Redis answers with an
   * error, with REDIS_UNAVAILABLE when it does not answer; `details.isSent` says whether the command may have been carried out.
   */
  async command(
    what: string,
    args: readonly (string | Buffer)[],
    withinMs = this.#options.deadlineMs,
  ): Promise<unknown> {
    const startedAtMs = performance.now();
    await this.ready(what, withinMs);
    const leftMs = Math.max(1, withinMs - (performance.now() - startedAtMs));
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error('no answer')), leftMs);
    try {
      return await Promise.race([this.#client.sendCommand(args, asBuffers), late.promise]);
    } catch (error) {
      if (isReply(error)) throw refused(what, error.message, error);
      const { message } = unavailable(what, this.#address, error);
      throw new SluiceError('REDIS_UNAVAILABLE', message, { cause: error, details: { isSent: true } });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Subscribes to a channel or pattern; the library subscribes again after each reconnect. */
  async subscribe(name: string, isPattern: boolean, listener: MessageListener): Promise<void> {
    await this.ready(`subscribing to "${name}"`);
    try {
      if (isPattern) await this.#client.pSubscribe(name, listener, true);
      else await this.#client.subscribe(name, listener, true);
    } catch (error) {
      if (isReply(error)) throw refused(`subscribing to "${name}"`, error.message, error);
      throw unavailable(`subscribing to "${name}"`, this.#address, error);
    }
  }

  /** Takes a subscription back. Never rejects. */
  async unsubscribe(name: string, isPattern: boolean, listener: MessageListener): Promise<void> {
    const taken = isPattern
      ? this.#client.pUnsubscribe(name, listener, true)
      : this.#client.unsubscribe(name, listener, true);
    await taken.catch(() => undefined);
  }

  /** Whether Redis answers now. Never rejects. */
  async isReady(withinMs: number): Promise<boolean> {
    return await this.command('a readiness question', ['PING'], withinMs).then(
      () => true,
      (error: unknown) => error instanceof SluiceError && error.code === 'REDIS_REFUSED',
    );
  }

  /** Cuts the connection; commands that wait for an answer are rejected. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#client.isOpen) this.#client.destroy();
  }
}

/** Gets each message, as it was sent, with the channel that it came by. */
export type MessageListener = (message: Buffer, channel: Buffer) => void;

const asBuffers = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

function createRaw(options: RedisOptions) {
  const { url, clientName, connectTimeoutMs, longestRetryMs, pingIntervalMs, silenceMs } = options;
  return createClient({
    url,
    name: clientName,
    // Understood by every Redis, also where an ACL forbids HELLO.
    RESP: 2,
    disableOfflineQueue: true,
    pingInterval: pingIntervalMs,
    socket: {
      connectTimeout: connectTimeoutMs,
      socketTimeout: silenceMs,
      reconnectStrategy: (retries) => Math.min(firstRetryMs * 2 ** Math.min(retries, 10), longestRetryMs),
    },
  });
}

/** Host and port alone, for messages. */
function addressOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'the address given';
}
