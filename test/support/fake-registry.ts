import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A schema to be served, under a subject. */
interface ServedSchema {
  readonly subject: string;
  readonly id: number;
  readonly schemaType: 'AVRO' | 'PROTOBUF' | 'JSON';
  readonly schema: string;
}

/** The reading part of a schema registry's Confluent API over fixed schemas, one version a subject. */
export async function openFakeRegistry(
  schemas: readonly ServedSchema[],
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    const subject = /^\/subjects\/([^/]+)\/versions\/(?:latest|1)$/.exec(path)?.[1];
    const id = /^\/schemas\/ids\/(\d+)$/.exec(path)?.[1];
    const found = schemas.find((one) => one.subject === subject || String(one.id) === id);
    response.setHeader('content-type', 'application/vnd.schemaregistry.v1+json');
    if (found === undefined) {
      response.statusCode = 404;
      response.end(JSON.stringify({ error_code: 40401, message: 'Subject not found.' }));
    } else response.end(JSON.stringify({ ...found, version: 1 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A record's bytes as Confluent's serializers frame them. */
export function framed(id: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(id, 1);
  return Buffer.concat([head, body]);
}
