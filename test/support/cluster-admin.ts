import { type Admin, Kafka, logLevel } from 'kafkajs';
import { vi } from 'vitest';
import { kafkaOptionsSchema } from '#kafka';
import { Wire } from '../../src/kafka/wire.ts';
import type { Cluster } from './cluster.ts';
import { patience } from './patience.ts';

/** A partition and who has it. */
interface Place {
  readonly leader: number;
  readonly inSync: readonly number[];
}

/** What an operator does with a {@link Cluster}, past the gateway. Asks brokers that run. */
export class ClusterAdmin {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Creates a topic whose partitions have these replicas, the preferred leader first. */
  async create(topic: string, replicas: readonly (readonly number[])[]): Promise<void> {
    const replicaAssignment = replicas.map((of, partition) => ({ partition, replicas: [...of] }));
    const topics = [{ topic, replicaAssignment }];
    await this.#run((admin) => admin.createTopics({ waitForLeaders: false, topics }));
    await this.untilPlaced(topic, (places) => places.every(({ leader }, at) => leader === replicas[at]?.[0]));
  }

  /** Moves all partitions of a topic there; resolves when the first of the replicas leads them all. */
  async reassign(topic: string, replicas: readonly number[]): Promise<void> {
    await this.#run(async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      const partitions = topics[0]?.partitions.map(({ partitionId }) => partitionId) ?? [];
      const partitionAssignment = partitions.map((partition) => ({ partition, replicas: [...replicas] }));
      await admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] });
    });
    const [preferred] = replicas;
    await this.untilPlaced(topic, (places) =>
      places.every(({ leader, inSync }) => leader === preferred && inSync.length === replicas.length),
    );
  }

  /** Waits until no partition of the topics is led by the broker any more, and all are led by another. */
  async untilLeadersLeft(topics: readonly string[], node: number): Promise<void> {
    for (const topic of topics) {
      await this.untilPlaced(topic, (places) => places.every(({ leader }) => leader >= 0 && leader !== node));
    }
  }

  /** Waits until all replicas are in sync and the leaders are spread over all brokers again. */
  async untilWhole(topics: readonly string[]): Promise<void> {
    const { nodes } = this.#cluster;
    for (const topic of topics) {
      await this.untilPlaced(
        topic,
        (places) =>
          places.every(({ inSync }) => inSync.length === nodes.length) &&
          nodes.every((node) => places.some(({ leader }) => leader === node)),
      );
    }
  }

  async untilPlaced(topic: string, isRight: (places: readonly Place[]) => boolean): Promise<void> {
    await vi.waitUntil(async () => {
      const places = await this.#places(topic).catch(() => []);
      return places.length > 0 && isRight(places);
    }, patience);
  }

  /** Not over kafkajs: that has no answer when a partition has no leader, and waits for a broker that stands still. */
  async #places(topic: string): Promise<readonly Place[]> {
    const wire = new Wire(kafkaOptionsSchema.parse({ connection: { brokers: this.#addresses.join() } }).connection);
    try {
      const { topics } = await wire.metadata([topic]);
      const partitions = topics[0]?.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex) ?? [];
      return partitions.map(({ leaderId, isrNodes }) => ({ leader: leaderId, inSync: isrNodes }));
    } finally {
      await wire.close();
    }
  }

  get #addresses(): string[] {
    return this.#cluster.running.map((node) => this.#cluster.addressOf(node));
  }

  async #run<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = new Kafka({ brokers: this.#addresses, logLevel: logLevel.NOTHING, retry: { retries: 1 } }).admin();
    try {
      await admin.connect();
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  }
}
