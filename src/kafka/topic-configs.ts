import kafkajs, { type Kafka } from 'kafkajs';
import { adminCall } from './admin-call.ts';
import { refused } from './failures.ts';
import type { Topics } from './topics.ts';

/** How old a setting may be: somebody may alter it at any time. */
const maxAgeMs = 60_000;
const tombstonesKept = 'delete.retention.ms';

interface Known {
  readonly askedAtMs: number;
  readonly answer: Promise<number>;
}

/** What Kafka's settings say of a topic; an answer is good for a minute, a failure for nobody. */
export class TopicConfigs {
  readonly #kafka: Kafka;
  readonly #topics: Topics;
  readonly #deadlineMs: number;
  readonly #known = new Map<string, Known>();

  constructor(kafka: Kafka, topics: Topics, deadlineMs: number) {
    this.#kafka = kafka;
    this.#topics = topics;
    this.#deadlineMs = deadlineMs;
  }

  /** How long a tombstone is still there after it was compacted. */
  async tombstonesKeptMs(topic: string): Promise<number> {
    const known = this.#known.get(topic);
    if (known && performance.now() - known.askedAtMs < maxAgeMs) return await known.answer;
    const answer = this.#ask(topic);
    const asked = { askedAtMs: performance.now(), answer };
    this.#known.set(topic, asked);
    try {
      return await answer;
    } catch (error) {
      if (this.#known.get(topic) === asked) this.#known.delete(topic);
      throw error;
    }
  }

  async #ask(topic: string): Promise<number> {
    // It rejects with TOPIC_MISSING, which DescribeConfigs tells less clearly.
    await this.#topics.get(topic);
    const what = `the settings of "${topic}"`;
    const options = { kafka: this.#kafka, deadlineMs: this.#deadlineMs, what, action: `tell ${what}` };
    const type = kafkajs.ConfigResourceTypes.TOPIC;
    const { resources } = await adminCall(options, (admin) =>
      admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type, name: topic, configNames: [tombstonesKept] }],
      }),
    );
    const value = Number(
      resources[0]?.configEntries.find(({ configName }) => configName === tombstonesKept)?.configValue,
    );
    if (!Number.isSafeInteger(value)) throw refused(`Kafka does not tell ${tombstonesKept} of "${topic}".`);
    return value;
  }
}
