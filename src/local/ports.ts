import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { localFault } from './faults.ts';
import type { LocalOptions } from './options.ts';

/** Everything of the stack listens here and nowhere else. */
export const host = '127.0.0.1';

/** One port for each listener whose number must be known beforehand. */
export interface Ports {
  readonly kafka: number;
  readonly kafkaController: number;
  readonly flinkRest: number;
  readonly flinkRpc: number;
  readonly sqlGateway: number;
  /** Where there is a schema registry. */
  readonly registry?: number;
  readonly registryManagement?: number;
  /** Where there is a Redis. */
  readonly redis?: number;
}

const defaultPorts = { kafka: 9092, flinkRest: 8081, sqlGateway: 8083, registry: 8085, redis: 6379 } as const;
const titles = {
  kafka: 'Kafka',
  flinkRest: "Flink's REST API",
  sqlGateway: "Flink's SQL Gateway",
  registry: 'the schema registry',
  redis: 'Redis',
} as const;

/** Chooses every port: as asked, else the default one, else a free one. Rejects when a port that was asked for is taken. */
export async function choosePorts(
  asked: LocalOptions['ports'],
  { registry = false, redis = false }: { readonly registry?: boolean; readonly redis?: boolean } = {},
): Promise<Ports> {
  const chosen = new Set<number>();
  const named = async (name: keyof typeof defaultPorts): Promise<number> => {
    const wish = asked[name];
    const port = wish ?? defaultPorts[name];
    const free = port !== 0 && !chosen.has(port) && (await isPortFree(port));
    if (!free && wish) {
      throw localFault(
        `Port ${wish}, asked for ${titles[name]}, is in use. Name another one, or none: then a free one is taken.`,
      );
    }
    return free ? reserve(chosen, port) : findFreePort(chosen);
  };
  return {
    kafka: await named('kafka'),
    flinkRest: await named('flinkRest'),
    sqlGateway: await named('sqlGateway'),
    kafkaController: await findFreePort(chosen),
    flinkRpc: await findFreePort(chosen),
    ...(redis && { redis: await named('redis') }),
    ...(registry && { registry: await named('registry'), registryManagement: await findFreePort(chosen) }),
  };
}

/** True if nothing listens on the port of the loopback address. */
export async function isPortFree(port: number): Promise<boolean> {
  return !(await answers(port)) && (await canListen(port));
}

/**
 * A free port below the range that systems give to outgoing connections (Linux: from 32768), so that it stays free
 * until the JVM binds it. Random, so that two stacks that start at once do not choose the same.
 */
async function findFreePort(chosen: Set<number>): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(20_000, 32_000);
    if (!chosen.has(port) && (await isPortFree(port))) return reserve(chosen, port);
  }
  throw localFault('No free port was found between 20000 and 32000.');
}

function reserve(chosen: Set<number>, port: number): number {
  chosen.add(port);
  return port;
}

/** A listener on all addresses does not keep macOS from binding the loopback one: so ask whether somebody is there. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.setTimeout(1_000, () => settle(true));
  });
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
