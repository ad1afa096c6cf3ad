import type { Bounds, LogBatch, Position, ReadOptions, RecordLog, TailOptions, TopicIdentity } from '#feed';
import { offsetAtTime } from './entry-id.ts';
import type { StreamEntries } from './stream-entries.ts';
import type { StreamReader } from './stream-reader.ts';

/**
 * A Redis Stream as a log of one partition, whose offsets are its entries' ids. A stream that is not there is empty.
 * Redis does not tell whether a stream is the one that it was, but ids never go back in a stream's life: one that ends
 * before a position was deleted and made anew, or restored from an older copy.
 */
export class StreamLog implements RecordLog {
  readonly #entries: StreamEntries;
  readonly #reader: StreamReader;

  constructor(entries: StreamEntries, reader: StreamReader) {
    this.#entries = entries;
    this.#reader = reader;
  }

  identify(): Promise<TopicIdentity> {
    return Promise.resolve({ clusterId: 'redis', topicId: `stream:${this.#entries.key}`, partitions: 1 });
  }

  async bounds(): Promise<ReadonlyMap<number, Bounds>> {
    return new Map([[0, await this.#entries.bounds()]]);
  }

  async positionAt(_topic: string, timestampMs: number): Promise<Position> {
    const { end } = await this.#entries.bounds();
    return new Map([[0, (await this.#entries.firstFrom(offsetAtTime(timestampMs))) ?? end]]);
  }

  async positionOfLast(_topic: string, count: number): Promise<Position> {
    const { end } = await this.#entries.bounds();
    return new Map([[0, (await this.#entries.last(count)) ?? end]]);
  }

  /** Redis knows no leader epochs: where the log ends now is all that can be said. */
  async epochEnds(): Promise<Position> {
    return new Map([[0, (await this.#entries.bounds()).end]]);
  }

  async isOther(_topic: string, position: Position): Promise<boolean> {
    return (await this.#entries.bounds()).end < (position.get(0) ?? 0n);
  }

  tombstonesKeptMs(): Promise<number> {
    return Promise.resolve(0);
  }

  async read(_topic: string, position: Position, { signal }: ReadOptions): Promise<readonly LogBatch[]> {
    signal.throwIfAborted();
    const from = position.get(0);
    if (from === undefined) return [];
    const { entries, bounds, isAll } = await this.#entries.from(from);
    // From the very beginning nothing is missing, whatever there was once.
    if (from > 0n && from < bounds.start) {
      const gap = { reason: 'EXPIRED', from, to: bounds.start, missed: null } as const;
      return [{ partition: 0, records: [], next: bounds.start, bounds, gap }];
    }
    const records = this.#entries.toRecords(entries);
    const past = (records.at(-1)?.offset ?? from - 1n) + 1n;
    const next = isAll && bounds.end > past ? bounds.end : past;
    if (records.length === 0 && next <= from) return [];
    return [
      { partition: 0, records, next, bounds: { ...bounds, end: next > bounds.end ? next : bounds.end }, gap: null },
    ];
  }

  tail(_topic: string, position: Position, { signal }: TailOptions): AsyncIterable<LogBatch> {
    return this.#reader.follow(this.#entries, position.get(0) ?? 0n, signal);
  }
}
