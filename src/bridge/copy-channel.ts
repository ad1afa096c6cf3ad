import { setTimeout as delay } from 'node:timers/promises';
import { Wakeup } from '#feed';
import type { NewRecord } from '#kafka';
import { type Copying, deadlineOf, longestPauseMs } from './copying.ts';

/** What is held of a channel while Kafka is slow or away; beyond that the oldest are dropped. */
const maxHeld = 10_000;
const maxHeldBytes = 16 * 1024 * 1024;
/** Messages in one write. */
const maxBatch = 500;

/**
 * Copies what is published, each message at most once and in order, for as long as the lease is held. Nothing slows who
 * publishes: what there is no room for is dropped and counted.
 */
export async function copyChannel(copying: Copying): Promise<void> {
  const { log, signal, status, toRecord } = copying;
  // Subscribes.
  await log.bounds('');
  status.begun();
  const held = new HeldMessages();
  const writing = write(copying, held);
  try {
    for await (const { records, gap } of log.tail('', new Map(), { signal })) {
      if (gap) status.missed('the connection to Redis was lost; what was published meanwhile is not copied.');
      for (const message of records) {
        const record = toRecord(message);
        if (record) status.drop(held.push(record));
      }
    }
  } finally {
    held.end();
    await writing;
  }
}

/** Writes what is held until it ends; then, once, what is left. */
async function write(copying: Copying, held: HeldMessages): Promise<void> {
  const { status, retryMs, signal } = copying;
  for (;;) {
    let left = await held.take(maxBatch);
    if (left.length === 0) return;
    for (let pauseMs = retryMs; left.length > 0; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      const deadlineMs = deadlineOf(copying);
      if (deadlineMs > 0) left = await writeOnce(copying, left, deadlineMs);
      if (left.length === 0) break;
      if (deadlineMs === 0 || signal.aborted) {
        status.drop(left.length + held.clear());
        break;
      }
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Resolves with what was certainly not written: what may have been must not come twice. */
async function writeOnce(
  { kafka, topic, status }: Copying,
  records: readonly NewRecord[],
  deadlineMs: number,
): Promise<readonly NewRecord[]> {
  try {
    const outcomes = await kafka.writer.write(topic, records, { deadlineMs });
    let hasFailed = false;
    const left = records.filter((_, index) => {
      const outcome = outcomes[index];
      if (outcome?.outcome === 'ACKED') {
        status.counters.copied += 1;
        return false;
      }
      if (outcome?.error.code === 'RECORD_TOO_LARGE') {
        status.bad(outcome.error.message);
        return false;
      }
      hasFailed = true;
      status.trouble(outcome?.error);
      if (outcome?.outcome === 'UNKNOWN') status.counters.unknown += 1;
      return outcome?.outcome !== 'UNKNOWN';
    });
    if (!hasFailed) status.well();
    return left;
  } catch (error) {
    status.trouble(error);
    return records;
  }
}

/** A bounded queue of records that wait for Kafka. */
class HeldMessages {
  #records: NewRecord[] = [];
  #bytes = 0;
  #isEnding = false;
  readonly #changed = new Wakeup();

  /** Adds a record; how many were dropped for it. */
  push(record: NewRecord): number {
    this.#records.push(record);
    this.#bytes += sizeOf(record);
    this.#changed.wake();
    let dropped = 0;
    while (this.#records.length > maxHeld || (this.#bytes > maxHeldBytes && this.#records.length > 1)) {
      this.#remove(1);
      dropped += 1;
    }
    return dropped;
  }

  /** The oldest, as soon as there are any; none when it has ended. */
  async take(count: number): Promise<readonly NewRecord[]> {
    while (this.#records.length === 0 && !this.#isEnding) await this.#changed.wait();
    return this.#remove(count);
  }

  /** Drops all; how many those were. */
  clear(): number {
    return this.#remove(this.#records.length).length;
  }

  end(): void {
    this.#isEnding = true;
    this.#changed.wake();
  }

  #remove(count: number): readonly NewRecord[] {
    const removed = this.#records.splice(0, count);
    for (const record of removed) this.#bytes -= sizeOf(record);
    return removed;
  }
}

function sizeOf({ key, value }: NewRecord): number {
  return (key?.length ?? 0) + (value?.length ?? 0) + 256;
}
