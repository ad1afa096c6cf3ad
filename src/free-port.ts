import { createServer } from 'node:net';
import type { Config } from '#config';
import { SluiceError } from '#errors';

/** Finds out before anything is started whether a port that was asked for can be had. Rejects with BAD_CONFIG. */
export function requireFreePort({ host, port, isPortFixed }: Config['server']): Promise<void> {
  if (!isPortFixed || port === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? 'is in use. Stop what uses it, or choose'
          : `cannot be had (${error.message}). Choose`;
      reject(
        new SluiceError('BAD_CONFIG', `Port ${port} on ${host} ${why} another with PORT or --port.`, { cause: error }),
      );
    });
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}
