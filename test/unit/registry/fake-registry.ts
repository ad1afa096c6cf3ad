import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A schema as the fake answers it. */
interface FakeSchema {
  readonly schema: string;
  readonly schemaType?: string;
  readonly references?: readonly { readonly name: string; readonly subject: string; readonly version: number }[];
}

/** A schema registry within the test, whose every answer can be spoilt. */
export interface FakeRegistry extends AsyncDisposable {
  readonly url: string;
  /** What was asked, e.g. `GET /schemas/ids/1`. */
  readonly asked: string[];
  readonly headers: IncomingMessage['headers'][];
  /** By path without the prefix. */
  readonly answers: Map<string, unknown>;
  /** Answers instead, as long as it is set; false: the usual way after all. */
  spoil: ((request: IncomingMessage, response: ServerResponse) => boolean) | null;
  add(id: number, schema: FakeSchema): void;
}

/** Starts one; with a certificate over TLS. */
export async function openFakeRegistry(tls?: { readonly key: string; readonly cert: string }): Promise<FakeRegistry> {
  const asked: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const answers = new Map<string, unknown>();
  const listener: RequestListener = (request, response) => {
    const path = (request.url ?? '').replace('/api', '');
    asked.push(`${request.method} ${path}`);
    headers.push(request.headers);
    if (registry.spoil?.(request, response)) return;
    const answer = answers.get(path);
    request.resume();
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { error_code: 40403, message: `no ${path}` }));
  };
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const registry: FakeRegistry = {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/api`,
    asked,
    headers,
    answers,
    spoil: null,
    add: (id, schema) => void answers.set(`/schemas/ids/${id}`, schema),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return registry;
}

/** A value, or key, in Confluent's wire format. */
export function framed(id: number, payload = ''): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(id, 1);
  return Buffer.concat([head, Buffer.from(payload)]);
}
