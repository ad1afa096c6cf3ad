import { createServer } from 'node:net';
import { listen } from './listen.ts';

/**
 * Keeps the local stack's default ports taken until it is disposed, so that a gateway under test chooses others at
 * random and does not meet another gateway that starts on this machine at the same time.
 */
export async function takeDefaultPorts(): Promise<AsyncDisposable> {
  const taken = new AsyncDisposableStack();
  for (const port of [9092, 8081, 8083]) {
    // Taken by somebody else serves as well.
    // Whoever looks for a Kafka or a Flink there is sent away: a connection that stays would keep the port from being given back.
    const listening = await listen(
      createServer((socket) => socket.destroy()),
      port,
    ).catch(() => null);
    if (listening) taken.use(listening);
  }
  return taken;
}
