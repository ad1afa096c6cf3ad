import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Listens on a free loopback port and says where, in the line that the benchmark waits for. */
export function listen(server: Server): void {
  server.listen(0, '127.0.0.1', 4096, () => {
    const { port } = server.address() as AddressInfo;
    process.stdout.write(`ready http://127.0.0.1:${port}/graphql\n`);
  });
  process.on('disconnect', () => process.exit());
}

/** Repeats an action at a rate for as long as the process lives; rounds that cannot be held are left out. */
export function repeat(perSecond: number, action: () => void): void {
  if (perSecond > 0) setInterval(action, 1000 / perSecond);
}
