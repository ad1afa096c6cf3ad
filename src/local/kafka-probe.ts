import { connect } from 'node:net';
import { host } from './ports.ts';

/** What a broker says of its cluster. */
export interface ClusterSeen {
  readonly clusterId: string | null;
  /** Those that take requests; none while the only one is still registering. */
  readonly brokers: number;
}

const metadataKey = 3;
/** The newest version without flexible fields that every broker from 0.11.2 to 4.x knows. */
const metadataVersion = 4;

/**
 * Asks a broker for its cluster, over a connection of its own. Written by hand, as the only request this room makes:
 * the Kafka libraries belong to another room, and would log and retry while nothing listens yet. Null without an answer.
 */
export function askKafka(port: number, signal: AbortSignal): Promise<ClusterSeen | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    let received = Buffer.alloc(0);
    const settle = (seen: ClusterSeen | null) => {
      socket.destroy();
      resolve(seen);
    };
    socket.setTimeout(2_000, () => settle(null));
    socket.once('error', () => settle(null));
    socket.once('close', () => settle(null));
    socket.once('connect', () => socket.write(metadataRequest()));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) settle(readMetadata(received));
    });
  });
}

/** Size, header version 1 (key, version, correlation, client), no topics, no creation of topics. */
function metadataRequest(): Buffer {
  const client = Buffer.from('sluice-probe');
  const body = Buffer.alloc(10 + client.length + 5);
  body.writeInt16BE(metadataKey, 0);
  body.writeInt16BE(metadataVersion, 2);
  body.writeInt32BE(1, 4);
  body.writeInt16BE(client.length, 8);
  client.copy(body, 10);
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

/** Size, correlation, throttle time, brokers (id, host, port, rack), cluster id; the rest is not needed. */
export function readMetadata(frame: Buffer): ClusterSeen | null {
  try {
    let at = 12;
    const text = (): string | null => {
      const length = frame.readInt16BE(at);
      at += 2;
      if (length < 0) return null;
      at += length;
      return frame.toString('utf8', at - length, at);
    };
    const brokers = frame.readInt32BE(at);
    at += 4;
    for (let index = 0; index < brokers; index += 1) {
      at += 4;
      text();
      at += 4;
      text();
    }
    return { brokers, clusterId: text() };
  } catch {
    // Something else listens there and does not speak Kafka.
    return null;
  }
}
