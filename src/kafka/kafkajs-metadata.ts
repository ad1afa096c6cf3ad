import { createRequire } from 'node:module';
import type { Kafka } from 'kafkajs';
import { code, type Wire } from './wire.ts';

/** What kafkajs knows of brokers, topics and leaders. */
interface Metadata {
  readonly brokers: readonly { nodeId: number; host: string; port: number; rack: string | null }[];
  readonly clusterId: string | null;
  readonly controllerId: number;
  readonly topicMetadata: readonly {
    topicErrorCode: number;
    topic: string;
    isInternal: boolean;
    partitionMetadata: readonly {
      partitionErrorCode: number;
      partitionId: number;
      leader: number;
      replicas: number[];
      isr: number[];
      offlineReplicas: number[];
    }[];
  }[];
}

interface BrokerClass {
  readonly prototype?: { metadata(topics?: readonly string[]): Promise<Metadata>; readonly rootLogger: object };
}

interface ProtocolErrors {
  createErrorFromCode(errorCode: number): Error;
}

const load = createRequire(import.meta.url);
const { createErrorFromCode }: ProtocolErrors = load('kafkajs/src/protocol/error');

/** Where a client has its metadata from. */
interface Source {
  readonly wire: Pick<Wire, 'metadata'>;
  readonly isForProducers: boolean;
  /** By number, also those that have left: before a producer takes new metadata it waits for all answers of who leaves. */
  readonly brokers: Map<number, Metadata['brokers'][number]>;
}

/** By the root logger of a client, the one thing that all its parts have in common. */
const sources = new WeakMap<object, Source>();
let isTaught = false;

/**
 * Lets a client of kafkajs 2.2.4 take its metadata from the wire. By itself it refuses all that Kafka says when any
 * partition has no leader, and so could write to no partition at all; it waits for a broker that is gone as long as for
 * any request; and it knows other leaders than the rest of this room.
 */
export function takeMetadataFrom(wire: Pick<Wire, 'metadata'>, client: Kafka, use: 'producers' | 'admin'): void {
  sources.set(client.logger(), { wire, isForProducers: use === 'producers', brokers: new Map() });
  if (isTaught) return;
  isTaught = true;
  const { prototype }: BrokerClass = load('kafkajs/src/broker');
  if (!prototype) return;
  const { metadata } = prototype;
  prototype.metadata = async function askWire(topics = []) {
    const source = sources.get(this.rootLogger);
    return source ? await askFor(topics, source) : await metadata.call(this, topics);
  };
}

/** To kafkajs no topics mean all. */
async function askFor(topics: readonly string[], { wire, isForProducers, brokers }: Source): Promise<Metadata> {
  const answer = await wire.metadata(topics.length === 0 ? null : topics);
  const topicsThere = answer.topics.filter(({ errorCode }) => errorCode === code.none);
  const failed = answer.topics.find(({ errorCode }) => errorCode !== code.none);
  // A producer that looks at the metadata after a write has failed would say this in place of why the write failed.
  if (failed && !isForProducers) throw createErrorFromCode(failed.errorCode);
  const known = isForProducers ? brokers : new Map<number, Metadata['brokers'][number]>();
  for (const { nodeId, host, port, rack } of answer.brokers)
    known.set(nodeId, { nodeId, host, port, rack: rack ?? null });
  return {
    brokers: [...known.values()],
    clusterId: answer.clusterId ?? null,
    controllerId: answer.controllerId,
    topicMetadata: topicsThere.map(({ errorCode, name, isInternal, partitions }) => ({
      topicErrorCode: errorCode,
      topic: name ?? '',
      isInternal,
      partitionMetadata: partitions.map(
        ({ errorCode: partitionErrorCode, partitionIndex, leaderId, replicaNodes, isrNodes, offlineReplicas }) => ({
          partitionErrorCode,
          partitionId: partitionIndex,
          leader: leaderId,
          replicas: replicaNodes,
          isr: isrNodes,
          offlineReplicas,
        }),
      ),
    })),
  };
}
