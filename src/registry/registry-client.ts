import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { z } from 'zod';
import { messageOf, SluiceError } from '#errors';
import type { RegistryOptions } from './options.ts';

/** One request; GET without a body. */
export interface RegistryRequest {
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

const maxConnections = 8;
const maxResponseBytes = 4 * 1024 * 1024;
const mediaType = 'application/vnd.schemaregistry.v1+json';
const errorBody = z.object({ error_code: z.number().optional(), message: z.string() });
const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

/** An answer that is no success. */
class RefusedRequest extends Error {
  readonly status: number;

  constructor(status: number, said: string) {
    super(said);
    this.name = 'RefusedRequest';
    this.status = status;
  }
}

/** Makes the client; rejects with `BAD_CONFIG` when a certificate cannot be read. Connects only when asked something. */
export async function createRegistryClient(options: RegistryOptions): Promise<RegistryClient> {
  const [ca, cert, key] = await Promise.all([
    readPem('SLUICE_REGISTRY_CA_FILE', options.caFile),
    readPem('SLUICE_REGISTRY_CERT_FILE', options.certFile),
    readPem('SLUICE_REGISTRY_KEY_FILE', options.keyFile),
  ]);
  try {
    return new RegistryClient(options, { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
  } catch (thrown) {
    throw new SluiceError('BAD_CONFIG', `The schema registry's settings cannot be used: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/** What TLS is done with. */
interface Certificates {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * JSON over HTTP to a schema registry, with kept-alive connections. Every request has a deadline, and is sent
 * again a bounded number of times where that cannot do anything twice. Rejects with a SluiceError: `NOT_FOUND`, `REGISTRY_UNAVAILABLE`,
 * `REGISTRY_REFUSED`, `SHUTTING_DOWN` once closed.
 */
export class RegistryClient {
  readonly #pool: Pool;
  readonly #prefix: string;
  readonly #url: string;
  readonly #timeoutMs: number;
  readonly #retryPausesMs: readonly number[];
  readonly #headers: Readonly<Record<string, string>>;
  #isClosed = false;

  constructor(options: RegistryOptions, certificates: Certificates) {
    const url = new URL(options.url);
    this.#url = url.origin + url.pathname;
    this.#prefix = url.pathname.replace(/\/$/, '');
    this.#timeoutMs = options.timeoutMs;
    this.#retryPausesMs = options.retryPausesMs;
    this.#headers = { accept: `${mediaType}, application/json`, 'content-type': mediaType, ...authorization(options) };
    this.#pool = new Pool(url.origin, {
      connections: maxConnections,
      keepAliveTimeout: 4_000,
      maxResponseSize: maxResponseBytes,
      connect: { timeout: Math.min(options.timeoutMs, 5_000), ...certificates },
    });
  }

  /** Sends the request (POST when it has a body) and gives the answer as the schema reads it. */
  async request<T>(path: string, answer: z.ZodType<T>, request: RegistryRequest = {}): Promise<T> {
    const timeoutMs = request.timeoutMs ?? this.#timeoutMs;
    const signal = AbortSignal.timeout(timeoutMs);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#attempt(path, answer, { body: request.body, signal });
      } catch (thrown) {
        const pauseMs = this.#retryPausesMs[attempt];
        if (pauseMs === undefined || signal.aborted || this.#isClosed || !mayRetry(thrown, request)) {
          throw this.#translate(thrown, signal.aborted ? timeoutMs : null);
        }
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Ends at once; what is under way fails with SHUTTING_DOWN. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pool.destroy();
  }

  async #attempt<T>(
    path: string,
    answer: z.ZodType<T>,
    { body, signal }: { readonly body: unknown; readonly signal: AbortSignal },
  ): Promise<T> {
    const response = await this.#pool.request({
      path: this.#prefix + path,
      method: body === undefined ? 'GET' : 'POST',
      headers: this.#headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal,
    });
    const text = await response.body.text();
    if (response.statusCode >= 300) throw new RefusedRequest(response.statusCode, saidIn(text));
    try {
      return answer.parse(JSON.parse(text));
    } catch (thrown) {
      throw new SluiceError(
        'REGISTRY_REFUSED',
        `The schema registry at ${this.#url} gave an answer to ${path} that is none of a schema registry: ${text.slice(0, 100)}. Does SLUICE_REGISTRY_URL name its Confluent API?`,
        { cause: thrown },
      );
    }
  }

  #translate(thrown: unknown, timeoutMs: number | null): SluiceError {
    if (thrown instanceof SluiceError) return thrown;
    const cause = { cause: thrown };
    if (this.#isClosed) return new SluiceError('SHUTTING_DOWN', 'This gateway is stopping.', cause);
    const peer = `The schema registry at ${this.#url}`;
    if (thrown instanceof RefusedRequest) {
      const { status, message } = thrown;
      if (status === 404) return new SluiceError('NOT_FOUND', `${peer} says: ${message}`, cause);
      if (status === 401 || status === 403) {
        const text = `${peer} does not let the gateway in (${status}): ${message}. See SLUICE_REGISTRY_USERNAME and SLUICE_REGISTRY_TOKEN.`;
        return new SluiceError('REGISTRY_REFUSED', text, cause);
      }
      if (isAway(status)) return new SluiceError('REGISTRY_UNAVAILABLE', `${peer} says ${status}: ${message}`, cause);
      return new SluiceError('REGISTRY_REFUSED', `${peer} says ${status}: ${message}`, cause);
    }
    const why = timeoutMs === null ? messageOf(thrown) : `no answer within ${timeoutMs} ms`;
    return new SluiceError('REGISTRY_UNAVAILABLE', `${peer} cannot be reached: ${why}.`, cause);
  }
}

function authorization({ username, password, token }: RegistryOptions): Readonly<Record<string, string>> {
  if (token !== null) return { authorization: `Bearer ${token}` };
  if (username === null) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
}

async function readPem(setting: string, file: string | null): Promise<string | null> {
  if (file === null) return null;
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    throw new SluiceError('BAD_CONFIG', `${setting}: ${file} cannot be read: ${messageOf(thrown)}`, { cause: thrown });
  }
}

/** A registry registers the same schema once, whoever asks how often; so a POST that got no answer is repeated too, but an unclear 5xx is not. */
function mayRetry(thrown: unknown, { body }: RegistryRequest): boolean {
  if (thrown instanceof SluiceError) return false;
  if (thrown instanceof RefusedRequest) return isAway(thrown.status) && (body === undefined || thrown.status !== 500);
  return body === undefined || neverSent.has(codeOf(thrown));
}

function isAway(status: number): boolean {
  return status >= 500 || status === 429 || status === 408;
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}

function saidIn(text: string): string {
  try {
    const said = errorBody.safeParse(JSON.parse(text));
    if (said.success) return said.data.message.slice(0, 500);
  } catch {
    // No JSON: a proxy's page, say.
  }
  return text.slice(0, 200) || '(nothing)';
}
