import type { SluiceError } from '#errors';
import { backoffMs, pause, withDeadline } from './deadline.ts';
import { refused, topicMissing, unavailable } from './failures.ts';
import { code, type Wire } from './wire.ts';

/** A partition and its leader; -1: none for now. */
interface PartitionMetadata {
  readonly leader: number;
  readonly leaderEpoch: number;
}

/** What is known of a topic. */
export interface TopicMetadata {
  readonly topic: string;
  readonly topicId: string;
  readonly clusterId: string;
  /** By partition number. */
  readonly partitions: readonly PartitionMetadata[];
  readonly loadedAtMs: number;
}

/** The topics that somebody asked for, with their partitions and leaders, as fresh as the asker wants. */
export class Topics {
  readonly #wire: Wire;
  readonly #deadlineMs: number;
  readonly #maxAgeMs: number;
  readonly #known = new Map<string, TopicMetadata>();
  readonly #loading = new Map<string, Promise<TopicMetadata>>();

  constructor(wire: Wire, options: { readonly deadlineMs: number; readonly metadataMaxAgeMs: number }) {
    this.#wire = wire;
    this.#deadlineMs = options.deadlineMs;
    this.#maxAgeMs = options.metadataMaxAgeMs;
  }

  /** What is known now, without waiting; when that is old it is loaded anew, behind the caller's back. */
  peek(topic: string): TopicMetadata | undefined {
    const known = this.#known.get(topic);
    if (known && Date.now() - known.loadedAtMs > this.#maxAgeMs) this.#load(topic).catch(() => {});
    return known;
  }

  /**
   * Asks Kafka when what is known is older; with 0 always, so that the answer is later than the call. Rejects with
   * `TOPIC_MISSING`, or `KAFKA_UNAVAILABLE` at the deadline.
   */
  async get(topic: string, maxAgeMs = this.#maxAgeMs): Promise<TopicMetadata> {
    const known = this.#known.get(topic);
    if (known && maxAgeMs > 0 && Date.now() - known.loadedAtMs <= maxAgeMs) return known;
    // One that is under way was put before the call.
    if (maxAgeMs === 0) await this.#loading.get(topic)?.catch(() => undefined);
    return await this.#load(topic);
  }

  /**
   * Asks Kafka once about all the topics; the answer has a topic's metadata, or the error it has. Rejects when no
   * broker answers. Topics whose state is in between (just created, for instance) are not in the answer.
   */
  async refresh(topics: readonly string[]): Promise<ReadonlyMap<string, TopicMetadata | SluiceError>> {
    const answer = await this.#wire.metadata(topics);
    const found = new Map<string, TopicMetadata | SluiceError>();
    for (const { name, topicId, errorCode, partitions } of answer.topics) {
      if (!name || (errorCode === code.none && partitions.length === 0)) continue;
      if (errorCode === code.none) {
        const metadata = {
          topic: name,
          topicId,
          clusterId: answer.clusterId ?? '',
          partitions: byNumber(partitions),
          loadedAtMs: Date.now(),
        };
        this.#known.set(name, metadata);
        found.set(name, metadata);
      } else {
        const error = toError(name, errorCode);
        if (!error) continue;
        this.#known.delete(name);
        found.set(name, error);
      }
    }
    return found;
  }

  /** Single flight: whoever asks while an answer is under way gets that one. */
  #load(topic: string): Promise<TopicMetadata> {
    let loading = this.#loading.get(topic);
    if (!loading) {
      const stop = new AbortController();
      const late = () => unavailable(`the metadata of "${topic}"`);
      loading = withDeadline(this.#loadUntil(topic, stop.signal), this.#deadlineMs, late).finally(() => {
        stop.abort();
        this.#loading.delete(topic);
      });
      this.#loading.set(topic, loading);
    }
    return loading;
  }

  async #loadUntil(topic: string, signal: AbortSignal): Promise<TopicMetadata> {
    for (let failures = 1; ; failures += 1) {
      const found = await this.refresh([topic]).catch(() => null);
      const metadata = found?.get(topic);
      if (metadata instanceof Error) throw metadata;
      if (metadata) return metadata;
      if (signal.aborted) throw unavailable(`the metadata of "${topic}"`);
      await pause(backoffMs(failures), signal);
    }
  }
}

function byNumber(
  partitions: readonly { partitionIndex: number; leaderId: number; leaderEpoch: number }[],
): PartitionMetadata[] {
  const inOrder = new Array<PartitionMetadata>(partitions.length).fill({ leader: -1, leaderEpoch: -1 });
  for (const { partitionIndex, leaderId, leaderEpoch } of partitions) {
    inOrder[partitionIndex] = { leader: leaderId, leaderEpoch };
  }
  return inOrder;
}

function toError(topic: string, errorCode: number): SluiceError | null {
  if (errorCode === code.unknownTopicOrPartition) return topicMissing(topic);
  if (errorCode === code.invalidTopic) return refused(`"${topic}" is no valid topic name.`);
  if (errorCode === code.topicAuthorizationFailed) return refused(`Kafka does not allow access to "${topic}".`);
  return null;
}
