import { Consumer } from '@platformatic/kafka';
import { obey } from '../load/obey.ts';

// The baseline of a replay: a loop that fetches a topic from its beginning and parses each record.

/** A topic to read once. */
interface Reading {
  readonly brokers: string;
  readonly topic: string;
  readonly records: number;
}

/** What a worker of this file can be asked. */
export type FetchLoopRequests = typeof requests;

const partitionMaxBytes = 1024 * 1024;

const requests = {
  /** Reads so many records; answers with the seconds that it took. */
  async read({ brokers, topic, records }: Reading): Promise<number> {
    const consumer = new Consumer({ clientId: 'bench', groupId: 'unused', bootstrapBrokers: brokers.split(',') });
    try {
      const info = (await consumer.metadata({ topics: [topic] })).topics.get(topic);
      if (!info) throw new Error(`No topic ${topic}.`);
      const startedAt = performance.now();
      await readAll(
        consumer,
        info.id,
        info.partitions[0]?.leader ?? 0,
        new Array(info.partitionsCount).fill(0n),
        records,
      );
      return (performance.now() - startedAt) / 1000;
    } finally {
      await consumer.close();
    }
  },
};

async function readAll(
  consumer: Consumer,
  topicId: string,
  node: number,
  next: bigint[],
  records: number,
): Promise<void> {
  let users = 0;
  let seen = 0;
  while (seen < records) {
    const answer = await consumer.fetch({
      node,
      minBytes: 1,
      maxBytes: next.length * partitionMaxBytes,
      maxWaitTime: 100,
      topics: [
        {
          topicId,
          partitions: next.map((fetchOffset, partition) => ({
            partition,
            fetchOffset,
            partitionMaxBytes,
            currentLeaderEpoch: -1,
            lastFetchedEpoch: -1,
          })),
        },
      ],
    });
    for (const { partitions } of answer.responses) {
      for (const { partitionIndex, records: batches } of partitions) {
        for (const batch of batches ?? []) {
          for (const record of batch.records) {
            const offset = batch.firstOffset + BigInt(record.offsetDelta);
            // A batch is given whole, also where the fetch begins in its middle.
            if (offset < (next[partitionIndex] ?? 0n)) continue;
            next[partitionIndex] = offset + 1n;
            if (typeof JSON.parse(String(record.value)).user_id === 'string') users += 1;
            seen += 1;
          }
        }
      }
    }
  }
  if (users !== seen) throw new Error('Records without a user.');
}

obey(requests);
