import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { z } from 'zod';
import { messageOf, SluiceError } from '#errors';
import { FlinkFault } from './fault.ts';
import { isFlinkAway, toSluiceError } from './flink-errors.ts';
import { parseExactly } from './parse-exactly.ts';

/** Whom a {@link RestClient} talks to. */
export interface RestClientOptions {
  readonly baseUrl: string;
  /** How error messages call the other side, e.g. `The JobManager`. */
  readonly peer: string;
  /** The longest time one request may take, retries included, unless the request says otherwise. */
  readonly timeoutMs: number;
}

/** One request; GET without a body unless said otherwise. */
export interface RestRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly timeoutMs?: number;
  /** How the answer's JSON is read; unless said otherwise integers beyond 2^53 become bigint. */
  readonly parse?: (text: string) => unknown;
}

const maxConnections = 8;
const maxResponseBytes = 64 * 1024 * 1024;
const retryPausesMs = [50, 250];
const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);
const errorBody = z.object({ errors: z.array(z.string()) });

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}

/**
 * JSON over HTTP to one Flink REST endpoint, with kept-alive connections. Every request has a deadline. A GET is tried
 * up to three times, anything else only when the connection was refused, so that nothing is ever done twice.
 * Rejects with a SluiceError: FLINK_UNAVAILABLE, FLINK_REFUSED, SQL_REJECTED, NOT_FOUND, SHUTTING_DOWN once closed.
 */
export class RestClient {
  readonly #pool: Pool;
  readonly #prefix: string;
  readonly #options: RestClientOptions;
  #closed = false;

  constructor(options: RestClientOptions) {
    const url = new URL(options.baseUrl);
    this.#options = options;
    this.#prefix = url.pathname.replace(/\/$/, '');
    this.#pool = new Pool(url.origin, {
      connections: maxConnections,
      // Flink closes idle connections after five minutes (rest.idleness-timeout): always be the first to close.
      keepAliveTimeout: 30_000,
      keepAliveMaxTimeout: 60_000,
      maxResponseSize: maxResponseBytes,
      connect: { timeout: Math.min(options.timeoutMs, 5_000) },
    });
  }

  /** Sends the request and gives the answer as the schema reads it. */
  async request<T>(path: string, answer: z.ZodType<T>, request: RestRequest = {}): Promise<T> {
    const timeoutMs = request.timeoutMs ?? this.#options.timeoutMs;
    const signal = AbortSignal.timeout(timeoutMs);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#attempt(path, answer, request, signal);
      } catch (thrown) {
        const pauseMs = retryPausesMs[attempt];
        if (pauseMs === undefined || signal.aborted || this.#closed || !this.#mayRetry(thrown, request)) {
          throw this.#translate(thrown, timeoutMs, signal);
        }
        await sleep(pauseMs);
      }
    }
  }

  /** Ends at once; what is under way fails with SHUTTING_DOWN. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool.destroy();
  }

  async #attempt<T>(path: string, answer: z.ZodType<T>, request: RestRequest, signal: AbortSignal): Promise<T> {
    const { statusCode, body } = await this.#pool.request({
      path: this.#prefix + path,
      method: request.method ?? 'GET',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: request.body === undefined ? null : JSON.stringify(request.body),
      signal,
    });
    const text = await body.text();
    if (statusCode >= 400) throw toSluiceError(new FlinkFault(statusCode, this.#errorTexts(text)));
    try {
      return answer.parse(text === '' ? {} : (request.parse ?? parseExactly)(text));
    } catch (cause) {
      const address = this.#options.baseUrl;
      throw new SluiceError('FLINK_REFUSED', `${address}${path} did not answer as Flink does. Is the address right?`, {
        cause,
      });
    }
  }

  #errorTexts(text: string): readonly string[] {
    try {
      return errorBody.parse(JSON.parse(text)).errors;
    } catch {
      return [text.slice(0, 500)];
    }
  }

  #mayRetry(thrown: unknown, request: RestRequest): boolean {
    if (neverSent.has(codeOf(thrown))) return true;
    if ((request.method ?? 'GET') !== 'GET') return false;
    return thrown instanceof SluiceError ? isFlinkAway(thrown) : true;
  }

  #translate(thrown: unknown, timeoutMs: number, signal: AbortSignal): SluiceError {
    if (thrown instanceof SluiceError) return thrown;
    const { peer, baseUrl } = this.#options;
    if (this.#closed) return new SluiceError('SHUTTING_DOWN', 'The gateway is stopping.', { cause: thrown });
    const reason = signal.aborted ? `did not answer within ${timeoutMs} ms` : `cannot be reached (${reasonOf(thrown)})`;
    return new SluiceError('FLINK_UNAVAILABLE', `${peer} at ${baseUrl} ${reason}.`, { cause: thrown });
  }
}

/** ECONNREFUSED to a name with several addresses is an AggregateError without a message. */
function reasonOf(thrown: unknown): string {
  return messageOf(thrown) || codeOf(thrown) || 'no reason given';
}
