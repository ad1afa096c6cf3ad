import { createRequire } from 'node:module';
import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { takeMetadataFrom } from '../../../src/kafka/kafkajs-metadata.ts';
import type { Wire } from '../../../src/kafka/wire.ts';

type MetadataResponse = Awaited<ReturnType<Wire['metadata']>>;

const { prototype } = createRequire(import.meta.url)('kafkajs/src/broker');

const broker = (nodeId: number) => ({ nodeId, host: 'broker', port: 9000 + nodeId, rack: null });

/** What the metadata say, with a topic of two partitions; the second has no leader. */
function answer(nodes: readonly number[], errorCode = 0): MetadataResponse {
  const partition = { errorCode: 0, leaderEpoch: 3, replicaNodes: [1], isrNodes: [1], offlineReplicas: [] };
  return {
    throttleTimeMs: 0,
    brokers: nodes.map(broker),
    clusterId: 'c',
    controllerId: 1,
    topics: [
      {
        errorCode,
        name: 't',
        topicId: 'id',
        isInternal: false,
        topicAuthorizedOperations: 0,
        partitions: [
          { ...partition, partitionIndex: 0, leaderId: 1 },
          { ...partition, errorCode: 5, partitionIndex: 1, leaderId: -1 },
        ],
      },
    ],
  };
}

/** Asks as a broker of a client of kafkajs does. */
function setup(use: 'producers' | 'admin', answers: MetadataResponse[]) {
  const client = new Kafka({ brokers: ['broker:9001'], logLevel: logLevel.NOTHING });
  const asked: (readonly string[] | null)[] = [];
  const metadata: Wire['metadata'] = async (topics) => {
    asked.push(topics);
    return answers.shift() ?? answer([]);
  };
  takeMetadataFrom({ metadata }, client, use);
  return { asked, ask: (topics?: string[]) => prototype.metadata.call({ rootLogger: client.logger() }, topics) };
}

describe('the metadata that kafkajs works with', () => {
  it('have the partitions that are led also when others have no leader', async () => {
    const { ask } = setup('producers', [answer([1])]);
    const [topic] = (await ask(['t'])).topicMetadata;
    expect(topic).toMatchObject({ topic: 't', partitionMetadata: [{ leader: 1 }, { partitionId: 1, leader: -1 }] });
  });

  it('leave out a topic with an error for producers, whose own error must be heard, and tell it to all others', async () => {
    expect((await setup('producers', [answer([1], 3)]).ask(['t'])).topicMetadata).toEqual([]);
    const fault = { name: 'KafkaJSProtocolError', type: 'UNKNOWN_TOPIC_OR_PARTITION' };
    await expect(setup('admin', [answer([1], 3)]).ask(['t'])).rejects.toMatchObject(fault);
  });

  it('keep a broker that has left for producers, who may still wait for it, and for nobody else', async () => {
    const nodesOf = async (use: 'producers' | 'admin') => {
      const { ask } = setup(use, [answer([1, 2]), answer([1])]);
      await ask(['t']);
      return (await ask(['t'])).brokers.map(({ nodeId }: { nodeId: number }) => nodeId);
    };
    expect(await nodesOf('producers')).toEqual([1, 2]);
    expect(await nodesOf('admin')).toEqual([1]);
  });

  it('are of all topics when none is named', async () => {
    const { ask, asked } = setup('admin', [answer([1])]);
    await ask();
    expect(asked).toEqual([null]);
  });
});
