import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '#errors';
import { type BadRecords, faultIn, type LogBatch, type LogRecord, withAbort } from '#feed';
import type { ServedSource } from '#graphql';
import type { Kafka, NewRecord, PositionOf } from '#kafka';
import { isTable, type Stream } from '#model';

/** What bad records are found and copied with. */
export interface DeadLettersOptions {
  readonly kafka: Pick<Kafka, 'log' | 'positions'> & {
    readonly writer: Pick<Kafka['writer'], 'write'>;
    readonly admin: Pick<Kafka['admin'], 'ensure'>;
  };
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  /** How long a gateway that did not write the last dead letter leaves the next one to others, in milliseconds. */
  readonly yieldMs?: number;
  /** How long after a failure the next try is, in milliseconds; doubles up to half a minute. */
  readonly retryMs?: number;
  /** From 0 to 1. */
  readonly random?: () => number;
}

/** Where a stream's records are looked through, and for what. */
interface Followed {
  readonly topic: string;
  readonly deadLetterTopic: string;
  readonly retentionMs: number;
  readonly codec: ServedSource['codec'];
  readonly isTable: boolean;
  readonly bad: BadRecords;
}

interface Letter {
  readonly record: LogRecord;
  readonly reason: string;
}

const writeDeadlineMs = 10_000;
const storeEveryMs = 5000;
/** Kafka forgets committed offsets that nobody commits again, by default after a week. */
const storeAgainMs = 3_600_000;
const defaultRetryMs = 500;
const longestPauseMs = 30_000;
/** A dead letter is its record and some headers: no record that its topic took must be too large for this one. */
const maxMessageBytes = 64 * 1024 * 1024;

/** Copies what does not decode in the DEAD_LETTER streams to their dead letter topics, until it is closed. */
export function openDeadLetters(
  sources: readonly ServedSource[],
  options: DeadLettersOptions,
): { close(): Promise<void> } {
  const ending = new AbortController();
  const running = sources.flatMap(({ source, codec, badRecords: bad }) => {
    if (source.kind !== 'stream' || source.deadLetterTopic === null) return [];
    const { topic, deadLetterTopic, retentionMs } = source;
    const followed = { topic, deadLetterTopic, retentionMs, codec, isTable: isTable(source), bad };
    return [new DeadLetters(followed, options).run(ending.signal)];
  });
  return {
    async close() {
      ending.abort();
      await Promise.all(running);
    },
  };
}

/** The consumer group in whose committed offsets the looking through stands; nobody ever joins it. */
function deadLetterGroup({ topic }: Pick<Stream, 'topic'>): string {
  return `sluice-dead-letters-${topic}`;
}

/**
 * Looks through one topic from a stored position. The position only passes a bad record that was acknowledged as a
 * dead letter, so each becomes one at least once, whatever fails. All replicas look, and one writes: the one that wrote
 * last writes at once, the others leave each bad record to it for a while and then look whether the stored position
 * has passed it. So one becomes two only when a writer was slow, or died between the writing and the storing.
 */
class DeadLetters {
  readonly #followed: Followed;
  readonly #options: DeadLettersOptions;
  readonly #group: string;
  /** Where all before is done. */
  #position = new Map<number, bigint>();
  #hasMoved = false;
  #storedAtMs = 0;
  #isWriter = false;

  constructor(followed: Followed, options: DeadLettersOptions) {
    this.#followed = followed;
    this.#options = options;
    this.#group = deadLetterGroup(followed);
  }

  /** Resolves some time after the signal; whatever fails is tried again. */
  async run(signal: AbortSignal): Promise<void> {
    const { retryMs = defaultRetryMs } = this.#options;
    let pauseMs = retryMs;
    while (!signal.aborted) {
      const startedAtMs = performance.now();
      try {
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        const { topic, deadLetterTopic } = this.#followed;
        const what = `Bad records of "${topic}" are not copied to "${deadLetterTopic}" at present; it is tried again: `;
        this.#options.logger.warn({ err: error, topic, deadLetterTopic }, what + messageOf(error));
      }
      if (performance.now() - startedAtMs > longestPauseMs) pauseMs = retryMs;
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { topic, deadLetterTopic, retentionMs } = this.#followed;
    const { log, admin, positions } = this.#options.kafka;
    await admin.ensure([{ topic: deadLetterTopic, partitions: 1, retentionMs, cleanup: 'DELETE', maxMessageBytes }]);
    const { topicId, partitions } = await log.identify(topic, 0);
    const of = { topic, topicId, partitions };
    this.#position = new Map(await positions.load(this.#group, of));
    const timer = setInterval(() => void this.#store(of).catch(() => undefined), storeEveryMs);
    try {
      for await (const batch of log.tail(topic, this.#position, { signal, topicId })) {
        await this.#take(batch, of, signal);
        if (signal.aborted) break;
        this.#position.set(batch.partition, batch.next);
        this.#hasMoved = true;
      }
    } finally {
      clearInterval(timer);
      await this.#store(of).catch(() => undefined);
    }
  }

  /** Stores the position where it is ahead of what others stored meanwhile. */
  async #store(of: PositionOf): Promise<void> {
    if (!this.#hasMoved && performance.now() - this.#storedAtMs < storeAgainMs) return;
    this.#hasMoved = false;
    this.#storedAtMs = performance.now();
    const stored = await this.#load(of);
    const ahead = [...this.#position].filter(([partition, offset]) => offset >= (stored.get(partition) ?? 0n));
    if (ahead.length > 0) await this.#options.kafka.positions.store(this.#group, of, new Map(ahead));
  }

  #load(of: PositionOf) {
    // Partitions that were added since are part of the position by now.
    const partitions = Math.max(of.partitions, ...[...this.#position.keys()].map((partition) => partition + 1));
    return this.#options.kafka.positions.load(this.#group, { ...of, partitions });
  }

  async #take({ records, partition, next }: LogBatch, of: PositionOf, signal: AbortSignal): Promise<void> {
    const letters: Letter[] = [];
    for (const record of records) {
      const reason = await this.#faultOf(record, signal);
      if (signal.aborted) return;
      if (reason !== null) letters.push({ record, reason });
    }
    if (letters.length === 0) return;
    this.#followed.bad.count += letters.length;
    const { yieldMs = 1000, random = Math.random, kafka } = this.#options;
    if (!this.#isWriter) {
      await delay(yieldMs * (1 + random()), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
    }
    const done = (await this.#load({ ...of, partitions: Math.max(of.partitions, partition + 1) })).get(partition) ?? 0n;
    const left = letters.filter(({ record }) => record.offset >= done);
    this.#isWriter = left.length === letters.length;
    if (left.length === 0) return;
    await this.#write(left, signal);
    if (!signal.aborted) await kafka.positions.store(this.#group, of, new Map([[partition, next]]));
  }

  /** Why the record does not decode. What it needs for that may be away for a time; a dead letter would be for ever. */
  async #faultOf({ value }: LogRecord, signal: AbortSignal): Promise<string | null> {
    const { codec, isTable: ofTable } = this.#followed;
    for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      const fault = faultIn(codec, value, ofTable);
      if (!fault?.retry || signal.aborted) return fault?.reason ?? null;
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Resolves when all are acknowledged, or the signal aborts. */
  async #write(letters: readonly Letter[], signal: AbortSignal): Promise<void> {
    const { topic, deadLetterTopic } = this.#followed;
    const { kafka, logger, retryMs = defaultRetryMs } = this.#options;
    let left = letters.map((letter) => ({ letter, copy: toDeadLetter(topic, letter) }));
    for (let pauseMs = retryMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      const written = kafka.writer.write(
        deadLetterTopic,
        left.map(({ copy }) => copy),
        { deadlineMs: writeDeadlineMs },
      );
      const outcomes = await withAbort(written, signal);
      if (!outcomes || signal.aborted) return;
      left = left.flatMap((one, index) => {
        const outcome = outcomes[index];
        if (!outcome || outcome.outcome === 'ACKED') return [];
        const { error } = outcome;
        if (error.code !== 'RECORD_TOO_LARGE') {
          logger.warn({ err: error, topic, deadLetterTopic }, `A dead letter was not acknowledged: ${error.message}`);
          return [one];
        }
        if (one.copy.value !== null) return [{ ...one, copy: withoutValue(topic, one.letter, error.message) }];
        const { partition, offset } = one.letter.record;
        const where = { topic, partition, offset: String(offset), deadLetterTopic };
        logger.error(where, `A bad record could not be copied to its dead letter topic: ${error.message}`);
        return [];
      });
      if (left.length === 0) return;
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
    }
  }
}

/**
 * The record as it was, with Kafka Connect's headers for dead letters (`DeadLetterQueueReporter`) behind its own. Its
 * time is that of the copying, or the retention might take it at once; the original one is in a header.
 */
function toDeadLetter(topic: string, { record, reason }: Letter): NewRecord {
  const { partition, offset, timestampMs, key, value, headers } = record;
  const said = {
    topic,
    partition,
    offset,
    timestamp: timestampMs,
    'connector.name': 'sluice',
    stage: 'VALUE_CONVERTER',
    'exception.class.name': 'BadRecord',
    'exception.message': reason,
  };
  const added = Object.entries(said).map(([name, text]) => ({
    name: `__connect.errors.${name}`,
    value: Buffer.from(String(text)),
  }));
  return { key, value, headers: [...headers, ...added] };
}

/** For a dead letter topic that others made, with a smaller limit: all that is known of the record but its value. */
function withoutValue(topic: string, { record, reason }: Letter, refusal: string): NewRecord {
  const why = `${reason} (Its value of ${record.value?.length ?? 0} bytes is left out: ${refusal})`;
  return { ...toDeadLetter(topic, { record, reason: why }), value: null };
}
