import { setImmediate as turn } from 'node:timers/promises';
import { SluiceError } from '#errors';
import type { Bounds, Header, LogBatch, LogRecord, Position, ReadOptions, RecordLog, TopicIdentity } from '#feed';

/** A partitioned log in memory that keeps the contract of {@link RecordLog}: the feed's unit tests run on it. */
export class MemoryLog implements RecordLog {
  readonly #partitions: { start: bigint; records: LogRecord[] }[];
  readonly #followers = new Set<() => void>();
  identity: TopicIdentity;
  /** Rejects reads while set, as an adapter does when the broker is away. */
  isAway = false;
  /** How many tails are open now. */
  tails = 0;
  reads = 0;

  constructor(partitions: number) {
    this.#partitions = Array.from({ length: partitions }, () => ({ start: 0n, records: [] }));
    this.identity = { clusterId: 'cluster', topicId: 'topic-1', partitions };
  }

  /** Appends a record; `hole` offsets before it are left out, as compaction does. */
  append(
    partition: number,
    value: string | null,
    options: { key?: string; timestampMs?: number; hole?: bigint; headers?: Header[] } = {},
  ): LogRecord {
    const log = this.#partition(partition);
    const offset = this.#end(partition) + (options.hole ?? 0n);
    const record: LogRecord = {
      partition,
      offset,
      timestampMs: options.timestampMs ?? Number(offset),
      key: options.key === undefined ? null : Buffer.from(options.key),
      value: value === null ? null : Buffer.from(value),
      headers: options.headers ?? [],
    };
    log.records.push(record);
    this.#wake();
    return record;
  }

  /** Deletes everything before the offset, as retention does. */
  expire(partition: number, before: bigint): void {
    const log = this.#partition(partition);
    log.start = before;
    log.records = log.records.filter(({ offset }) => offset >= before);
  }

  addPartition(): number {
    this.#partitions.push({ start: 0n, records: [] });
    return this.#partitions.length - 1;
  }

  identify(): Promise<TopicIdentity> {
    return this.isAway ? Promise.reject(away()) : Promise.resolve(this.identity);
  }

  bounds(): Promise<ReadonlyMap<number, Bounds>> {
    if (this.isAway) return Promise.reject(away());
    return Promise.resolve(
      new Map(this.#partitions.map((log, partition) => [partition, { start: log.start, end: this.#end(partition) }])),
    );
  }

  positionAt(_topic: string, timestampMs: number): Promise<Position> {
    return Promise.resolve(
      new Map(
        this.#partitions.map((log, partition) => [
          partition,
          log.records.find((record) => record.timestampMs >= timestampMs)?.offset ?? this.#end(partition),
        ]),
      ),
    );
  }

  async read(_topic: string, position: Position, { signal, maxBytes }: ReadOptions): Promise<readonly LogBatch[]> {
    await turn();
    signal.throwIfAborted();
    if (this.isAway) throw away();
    this.reads += 1;
    return [...position].flatMap(([partition, from]) => this.#batch(partition, from, maxBytes) ?? []);
  }

  async *tail(_topic: string, position: Position, signal: AbortSignal): AsyncIterable<LogBatch> {
    const next = new Map(position);
    this.tails += 1;
    try {
      while (!signal.aborted) {
        const batches = this.#partitions.flatMap(
          (_, partition) => this.#batch(partition, next.get(partition) ?? 0n, 1 << 20) ?? [],
        );
        for (const batch of batches) {
          next.set(batch.partition, batch.next);
          yield batch;
        }
        if (batches.length === 0) await this.#change(signal);
      }
    } finally {
      this.tails -= 1;
    }
  }

  #batch(partition: number, from: bigint, maxBytes: number): LogBatch | null {
    const { start, records } = this.#partition(partition);
    const end = this.#end(partition);
    const bounds = { start, end };
    if (from < start)
      return { partition, records: [], next: start, bounds, gap: { reason: 'EXPIRED', from, to: start } };
    if (from >= end) return null;
    const found: LogRecord[] = [];
    let bytes = 0;
    for (const record of records) {
      if (record.offset < from) continue;
      if (bytes >= maxBytes) break;
      found.push(record);
      bytes += record.value?.length ?? 0;
    }
    return { partition, records: found, next: (found.at(-1)?.offset ?? end - 1n) + 1n, bounds, gap: null };
  }

  #end(partition: number): bigint {
    const { records, start } = this.#partition(partition);
    return (records.at(-1)?.offset ?? start - 1n) + 1n;
  }

  #partition(partition: number): { start: bigint; records: LogRecord[] } {
    const log = this.#partitions[partition];
    if (!log) throw new Error(`No partition ${partition}.`);
    return log;
  }

  #wake(): void {
    for (const follower of this.#followers) follower();
    this.#followers.clear();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#followers.add(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}

function away(): SluiceError {
  return new SluiceError('KAFKA_UNAVAILABLE', 'The broker is away.');
}
