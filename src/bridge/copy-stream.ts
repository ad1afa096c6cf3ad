import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { SluiceError } from '#errors';
import type { LogBatch, LogRecord } from '#feed';
import type { NewRecord } from '#kafka';
import { type Copying, deadlineOf, entryOf, longestPauseMs } from './copying.ts';

/** Without a note, how many of each partition's newest records are looked through for what was copied already. */
const tailRecords = 10_000n;
/** More entries than one read of a Redis Stream ever brings (1,000): see {@link StreamCopy}. */
const maxWritten = 5_000;
const readBytes = 1024 * 1024;

/** What the holder of the lease leaves for the next one. */
const noteSchema = z.object({
  /** All entries before this offset of the Redis Stream are in the topic. */
  next: z.string().transform(BigInt),
  /** By partition: all records from these offsets on were written after that. */
  ends: z.record(z.string(), z.string().transform(BigInt)),
});

/** An entry on its way. */
interface Due {
  readonly offset: bigint;
  readonly record: NewRecord;
}

/**
 * Copies a Redis Stream, each entry at least once and in order, from where the last holder of the lease left off. One batch
 * is written at a time, and noted down when all of it was acknowledged; so after the note comes at most one batch, of
 * which any part may be in the topic. That part is found there by the entry ids in the headers, and not written again.
 * An entry can only come twice when Kafka took a write after its outcome was given up as unknown.
 */
export async function copyStream(copying: Copying): Promise<void> {
  const copy = new StreamCopy(copying);
  const next = await copy.begin();
  for await (const batch of copying.log.tail('', new Map([[0, next]]), { signal: copying.signal })) {
    await copy.take(batch);
  }
}

class StreamCopy {
  readonly #copying: Copying;
  #next = 0n;
  /** By partition: before these offsets of the topic is nothing that is not before `#next`. */
  #ends = new Map<number, bigint>();
  /** By partition: past the last record that was acknowledged. */
  readonly #acked = new Map<number, bigint>();
  /** Entries from `#next` on that are in the topic already. */
  readonly #written = new Set<bigint>();

  constructor(copying: Copying) {
    this.#copying = copying;
  }

  /** Finds where to read on. */
  async begin(): Promise<bigint> {
    const { lease, kafka, log, topic, place, status } = this.#copying;
    const note = readNote(await lease.note());
    const bounds = await kafka.log.bounds(topic);
    this.#next = note?.next ?? 0n;
    this.#ends = new Map(
      Array.from(bounds, ([partition, { start, end }]) => {
        const tail = end - start > tailRecords ? end - tailRecords : start;
        return [partition, note ? (note.ends[partition] ?? start) : tail];
      }),
    );
    await this.#findWritten();
    const { start = 0n, end = 0n } = (await log.bounds('')).get(0) ?? {};
    if (this.#next > 0n && start > this.#next) {
      status.missed('entries were trimmed while nobody copied them; some may be missing in the topic.');
    }
    if (end < (note?.next ?? this.#next)) {
      status.missed(`the Redis Stream "${place.name}" was made anew; it is copied from its beginning.`);
      this.#next = 0n;
      this.#written.clear();
    }
    // The topic has more than Redis, which went back to an older copy of itself.
    if (end < this.#next) this.#next = end;
    status.begun();
    return this.#next;
  }

  /** Copies one batch; resolves when it is in the topic and noted. */
  async take({ records, next, gap }: LogBatch): Promise<void> {
    const { signal, status, lease } = this.#copying;
    if (gap) status.missed('entries were trimmed before they were copied.');
    let left = this.#due(records);
    for (let pauseMs = this.#copying.retryMs; left.length > 0; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      left = await this.#write(left);
      if (left.length === 0) break;
      await delay(pauseMs, undefined, { signal });
      left = await this.#withoutWritten(left);
    }
    if (next > this.#next) this.#next = next;
    for (const offset of this.#written) if (offset < this.#next) this.#written.delete(offset);
    this.#moveEnds();
    if (!(await lease.setNote(this.#note()))) throw leaseLost();
  }

  #due(records: readonly LogRecord[]): readonly Due[] {
    return records.flatMap((entry) => {
      if (entry.offset < this.#next || this.#written.has(entry.offset)) return [];
      const record = this.#copying.toRecord(entry);
      return record ? [{ offset: entry.offset, record }] : [];
    });
  }

  /** Writes them; resolves with those that were not acknowledged. */
  async #write(due: readonly Due[]): Promise<readonly Due[]> {
    const { kafka, topic, status } = this.#copying;
    const deadlineMs = deadlineOf(this.#copying);
    if (deadlineMs === 0) throw leaseLost();
    const records = due.map(({ record }) => record);
    try {
      const outcomes = await kafka.writer.write(topic, records, { deadlineMs });
      const left = due.filter((_, index) => {
        const outcome = outcomes[index];
        if (!outcome) return true;
        if (outcome.outcome === 'ACKED') {
          status.counters.copied += 1;
          this.#acked.set(outcome.partition, outcome.offset + 1n);
          return false;
        }
        const isTooLarge = outcome.error.code === 'RECORD_TOO_LARGE';
        if (isTooLarge) status.bad(outcome.error.message);
        else status.trouble(outcome.error);
        return !isTooLarge;
      });
      if (left.length === 0) status.well();
      return left;
    } catch (error) {
      status.trouble(error);
      return due;
    }
  }

  /** What had no answer may be in the topic all the same. */
  async #withoutWritten(due: readonly Due[]): Promise<readonly Due[]> {
    try {
      await this.#findWritten();
    } catch (error) {
      // Another topic of that name is another beginning.
      if (this.#copying.signal.aborted || (error instanceof SluiceError && error.code === 'TOPIC_MISSING')) throw error;
      this.#copying.status.trouble(error);
      return due;
    }
    return due.filter(({ offset }) => offset >= this.#next && !this.#written.has(offset));
  }

  /** Reads the topic from the noted ends on to where it ends now. */
  async #findWritten(): Promise<void> {
    const { kafka, topic, topicId, place, signal } = this.#copying;
    const bounds = await kafka.log.bounds(topic);
    const position = new Map(Array.from(bounds, ([at, { start }]) => [at, this.#ends.get(at) ?? start]));
    const forget = (partition: number, at: bigint) => {
      if (at >= (bounds.get(partition)?.end ?? 0n)) position.delete(partition);
    };
    for (const [partition, at] of position) forget(partition, at);
    while (position.size > 0) {
      const batches = await kafka.log.read(topic, position, { maxBytes: readBytes, signal, topicId });
      for (const { partition, records, next } of batches) {
        for (const record of records) {
          const entry = entryOf(record, place.name);
          if (entry !== null && entry >= this.#next) this.#written.add(entry);
        }
        position.set(partition, next);
        forget(partition, next);
        this.#bound();
      }
      if (batches.length === 0) await delay(50, undefined, { signal });
    }
  }

  /** Of so many the lowest are not of the newest batch: all before them was written. */
  #bound(): void {
    if (this.#written.size <= maxWritten) return;
    const sorted = [...this.#written].sort((left, right) => (left < right ? -1 : 1));
    for (const offset of sorted.slice(0, sorted.length / 2)) {
      this.#written.delete(offset);
      this.#next = offset + 1n;
    }
  }

  /** Only when a batch is complete, and not past entries that were found ahead: what is after the note must be found again. */
  #moveEnds(): void {
    if (this.#written.size > 0) return;
    for (const [partition, end] of this.#acked) this.#ends.set(partition, end);
    this.#acked.clear();
  }

  #note(): string {
    const ends = Object.fromEntries(Array.from(this.#ends, ([partition, end]) => [partition, String(end)]));
    return JSON.stringify({ next: String(this.#next), ends } satisfies z.input<typeof noteSchema>);
  }
}

function readNote(text: string | null): z.output<typeof noteSchema> | null {
  return text === null ? null : noteSchema.parse(JSON.parse(text));
}

function leaseLost(): SluiceError {
  return new SluiceError('REDIS_UNAVAILABLE', 'The lease in Redis ran out before it could be renewed.');
}
