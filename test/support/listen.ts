import { once } from 'node:events';
import type { Server } from 'node:net';

/** Lets a server listen on a port of the loopback address (0: any free one) until it is disposed. */
export async function listen(server: Server, port = 0): Promise<AsyncDisposable & { readonly port: number }> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server was expected');
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
