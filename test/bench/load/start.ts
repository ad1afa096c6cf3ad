import type { GatewayContext } from '../context.ts';
import { partitionCount } from '../context.ts';
import { startWorker, type Worker } from '../processes.ts';
import { clickFields, nodeBytes } from './click.ts';
import type { ProducerRequests } from './producer.ts';
import type { LoadSettings, Operation, SubscriberRequests } from './subscribers.ts';

/** The process of the subscribers. */
export type Subscribers = Worker<SubscriberRequests>;
/** The process of the producer. */
export type Producer = Worker<ProducerRequests>;

/** How long the records are where a benchmark does not vary it. */
export const usualRecordBytes = 110;

/** The subscription of nearly all benchmarks: what a client takes that wants to resume. */
export const clicksQuery = `subscription { clicks { nodes { ${clickFields} } pageInfo { endCursor } } }`;

/** How long the frame of one record is, as a server without cursors sends it. */
export function framePayloadBytes(recordBytes: number): number {
  const envelope = '{"id":"00000000-0000-0000-0000-000000000000","type":"next","payload":{"data":{"clicks":}}}';
  return envelope.length + nodeBytes(recordBytes);
}

/** Opens subscribers in a process of their own. */
export async function startSubscribers(
  settings: Partial<LoadSettings> & Pick<LoadSettings, 'url' | 'serverPid' | 'connections'>,
): Promise<Subscribers> {
  await using unlessOpen = new AsyncDisposableStack();
  const subscribers = unlessOpen.use(await startWorker<SubscriberRequests>('test/bench/load/subscribers.ts'));
  await subscribers.ask('open', {
    frames: 'pages',
    operations: [],
    nodeBytes: nodeBytes(usualRecordBytes),
    ...settings,
    url: settings.url.replace('http', 'ws'),
  });
  unlessOpen.move();
  return subscribers;
}

/** Opens subscribers of the gateway, each with a socket of its own unless `connections` says less. */
export function subscribe(
  { gateway, gatewayUrl }: GatewayContext,
  operations: readonly Operation[],
  settings: Partial<LoadSettings> = {},
): Promise<Subscribers> {
  return startSubscribers({
    url: gatewayUrl,
    serverPid: gateway.pid,
    connections: operations.length,
    operations,
    ...settings,
  });
}

/** Opens a producer in a process of its own. */
export async function startProducer(
  { brokers }: { readonly brokers: string },
  topic: string,
  recordBytes: number = usualRecordBytes,
): Promise<Producer> {
  await using unlessOpen = new AsyncDisposableStack();
  const producer = unlessOpen.use(await startWorker<ProducerRequests>('test/bench/load/producer.ts'));
  await producer.ask('open', { brokers, topic, partitions: partitionCount, recordBytes });
  unlessOpen.move();
  return producer;
}
