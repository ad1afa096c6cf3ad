import { createRequire } from 'node:module';
import { Kafka, type logCreator, logLevel } from 'kafkajs';
import { addZstd } from './compression.ts';
import { takeMetadataFrom } from './kafkajs-metadata.ts';
import type { ConnectionOptions, Logger } from './options.ts';
import { quickenVarints } from './quick-varints.ts';
import type { Wire } from './wire.ts';

/** What a client of kafkajs is built of. */
export interface KafkajsParts {
  readonly wire: Wire;
  /** What it is for, and for nothing else. */
  readonly use: 'producers' | 'admin';
  readonly logger: Logger;
}

/**
 * A kafkajs client that takes its metadata from the wire, logs through the logger and retries nothing by itself but what
 * its parts insist on.
 */
export function createKafkajs(connection: ConnectionOptions, { wire, use, logger }: KafkajsParts): Kafka {
  restIdleRequestQueues();
  addZstd();
  quickenVarints();
  const client = new Kafka({
    // Asked at each connect: one that answers comes first, for kafkajs does nothing else while it waits for the first.
    brokers: async () => {
      await wire.metadata([]).catch(() => {});
      return wire.brokers.map(({ host, port }) => `${host}:${port}`);
    },
    clientId: connection.clientId,
    connectionTimeout: connection.connectTimeoutMs,
    requestTimeout: connection.requestTimeoutMs,
    retry: { retries: 0 },
    logLevel: logLevel.INFO,
    logCreator: logThrough(logger),
  });
  takeMetadataFrom(wire, client, use);
  return client;
}

/** One complaint of a part of kafkajs in this time; the others go where debugging goes. */
const tellEveryMs = 10_000;

/** kafkajs calls errors what a later try cures, and says them at each try. What is not cured, the caller is told. */
function logThrough(logger: Logger): logCreator {
  const toldAtMs = new Map<string, number>();
  return () =>
    ({ level, namespace, log }) => {
      const { message, timestamp: at, logger: _, ...rest } = log;
      const now = Date.parse(at);
      const isTold = level <= logLevel.WARN && now - (toldAtMs.get(namespace) ?? 0) > tellEveryMs;
      if (isTold) toldAtMs.set(namespace, now);
      logger[isTold ? 'info' : 'debug']({ part: `kafkajs ${namespace}`, ...rest }, message);
    };
}

interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

let resting = false;

/**
 * After its first answer each connection of kafkajs 2.2.4 checks its queue of pending requests once a millisecond for
 * ever, with a timeout of some minus 1.7 trillion milliseconds, for which Node 24 prints `TimeoutNegativeWarning`.
 * A queue without pending requests, which nobody throttles, has nothing to check: this lets it rest.
 */
function restIdleRequestQueues(): void {
  if (resting) return;
  resting = true;
  const queueClass: { prototype?: RequestQueue } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue');
  const { prototype } = queueClass;
  const schedule = prototype?.scheduleCheckPendingRequests;
  if (!prototype || !schedule) return;
  prototype.scheduleCheckPendingRequests = function rest(this: RequestQueue) {
    if (this.pending.length === 0 && this.throttledUntil <= Date.now()) return;
    schedule.call(this);
  };
}
