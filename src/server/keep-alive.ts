import type { Connection } from './connection.ts';
import type { TrafficCounters } from './traffic.ts';

/** When a socket counts as gone. */
export interface KeepAliveOptions {
  /** How often a socket is asked whether it lives, in milliseconds. */
  readonly keepAliveMs: number;
  /** How long it may take nothing of what waits for it, or show no sign of life, in milliseconds. */
  readonly stallTimeoutMs: number;
}

/** A part of all sockets is looked at in each turn, so that not all are asked at once. */
const turnsInPeriod = 16;

/**
 * Pings sockets and ends those that are gone. A slow but living client's pong waits behind everything that is on its way
 * to it: what counts is that the socket takes something, or says something, within the stall time.
 */
export function keepAlive(
  connections: ReadonlySet<Connection>,
  { options, traffic }: { readonly options: KeepAliveOptions; readonly traffic: TrafficCounters },
): { stop(): void } {
  const turn = () => {
    const nowMs = performance.now();
    for (const connection of connections) {
      if (connection.silentForMs(nowMs) > options.stallTimeoutMs) {
        traffic.slowCloses += 1;
        connection.client.terminate();
      } else if (connection.pingAtMs <= nowMs) {
        connection.pingAtMs = nowMs + options.keepAliveMs;
        if (connection.client.readyState === connection.client.OPEN) connection.client.ping();
      }
    }
  };
  const timer = setInterval(turn, Math.max(1, options.keepAliveMs / turnsInPeriod));
  return { stop: () => clearInterval(timer) };
}
