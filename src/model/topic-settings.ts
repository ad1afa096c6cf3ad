import type { Cleanup, Source } from './types.ts';

/** How a source's topic is created when it is missing. */
export interface SourceTopicSettings {
  readonly topic: string;
  readonly partitions: number;
  readonly retentionMs: number;
  readonly cleanup: Cleanup;
}

/** The Kafka topic that a source wants. */
export function toTopicSettings(source: Source): SourceTopicSettings {
  const { topic, partitions, retentionMs, cleanup } = source;
  return { topic, partitions, retentionMs, cleanup };
}
