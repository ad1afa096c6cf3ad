import { setImmediate as turn } from 'node:timers/promises';
import { SluiceError } from '#errors';
import type {
  Bounds,
  Epochs,
  Header,
  LogBatch,
  LogGap,
  LogRecord,
  Position,
  ReadOptions,
  RecordLog,
  TailOptions,
  TopicIdentity,
} from '#feed';

interface Partition {
  start: bigint;
  end: bigint;
  /** Where the first open transaction begins. */
  openFrom: bigint | null;
  records: LogRecord[];
  /** Where each leader epoch begins, oldest first. */
  epochs: { readonly epoch: number; readonly start: bigint }[];
}

/** A partitioned log in memory that keeps the contract of {@link RecordLog}: the feed's unit tests run on it. */
export class MemoryLog implements RecordLog {
  #partitions: Partition[];
  readonly #followers = new Set<() => void>();
  identity: TopicIdentity;
  /** Rejects reads while set, as an adapter does when the broker is away. */
  isAway = false;
  /** How many tails are open now. */
  tails = 0;
  reads = 0;
  tombstonesKept = 86_400_000;

  constructor(partitions: number) {
    this.#partitions = Array.from({ length: partitions }, newPartition);
    this.identity = { clusterId: 'cluster', topicId: 'topic-1', partitions };
  }

  /** Appends a record; `hole` offsets before it are left out, as compaction does. */
  append(
    partition: number,
    value: string | null,
    options: { key?: string; timestampMs?: number; hole?: bigint; headers?: Header[] } = {},
  ): LogRecord {
    const log = this.#partition(partition);
    const offset = log.end + (options.hole ?? 0n);
    const record: LogRecord = {
      partition,
      offset,
      timestampMs: options.timestampMs ?? Number(offset),
      key: options.key === undefined ? null : Buffer.from(options.key),
      value: value === null ? null : Buffer.from(value),
      headers: options.headers ?? [],
    };
    log.records.push(record);
    log.end = offset + 1n;
    this.#wake();
    return record;
  }

  /** Deletes everything before the offset, as retention does. */
  expire(partition: number, before: bigint): void {
    const log = this.#partition(partition);
    log.start = before;
    if (log.end < before) log.end = before;
    log.records = log.records.filter(({ offset }) => offset >= before);
    this.#wake();
  }

  /** Loses everything from the offset on, as a change to a leader that lags does: the leader epoch grows. */
  truncate(partition: number, to: bigint): void {
    const log = this.#partition(partition);
    const epoch = epochOf(log) + 1;
    if (to < log.end) log.end = to;
    log.records = log.records.filter(({ offset }) => offset < to);
    log.epochs = [...log.epochs.filter(({ start }) => start < log.end), { epoch, start: log.end }];
    this.#wake();
  }

  /** A new leader that has everything: the leader epoch grows. */
  changeLeader(partition: number): void {
    this.truncate(partition, this.#partition(partition).end);
  }

  /** Deletes the topic and makes it anew: empty, with another id. Its tails end. */
  recreate(partitions = this.#partitions.length): void {
    const [name, number] = this.identity.topicId.split('-');
    this.identity = { ...this.identity, topicId: `${name}-${Number(number) + 1}`, partitions };
    this.#partitions = Array.from({ length: partitions }, newPartition);
    this.#wake();
  }

  /** What is appended from now on waits for its transaction's end. */
  openTransaction(partition: number): void {
    const log = this.#partition(partition);
    log.openFrom ??= log.end;
  }

  commitTransaction(partition: number): void {
    this.#partition(partition).openFrom = null;
    this.#wake();
  }

  addPartition(): number {
    this.#partitions.push(newPartition());
    this.identity = { ...this.identity, partitions: this.#partitions.length };
    this.#wake();
    return this.#partitions.length - 1;
  }

  identify(): Promise<TopicIdentity> {
    return this.isAway ? Promise.reject(away()) : Promise.resolve(this.identity);
  }

  bounds(): Promise<ReadonlyMap<number, Bounds>> {
    if (this.isAway) return Promise.reject(away());
    return Promise.resolve(new Map(this.#partitions.map((log, partition) => [partition, boundsOf(log)])));
  }

  positionAt(_topic: string, timestampMs: number): Promise<Position> {
    return Promise.resolve(
      new Map(
        this.#partitions.map((log, partition) => [
          partition,
          log.records.find((record) => record.timestampMs >= timestampMs)?.offset ?? stableEnd(log),
        ]),
      ),
    );
  }

  epochEnds(_topic: string, epochs: Epochs): Promise<Position> {
    if (this.isAway) return Promise.reject(away());
    const ends = new Map<number, bigint>();
    for (const [partition, epoch] of epochs) {
      const log = this.#partitions[partition];
      const end = log && epochEnd(log, epoch);
      if (end !== undefined) ends.set(partition, end);
    }
    return Promise.resolve(ends);
  }

  tombstonesKeptMs(): Promise<number> {
    return Promise.resolve(this.tombstonesKept);
  }

  async read(
    _topic: string,
    position: Position,
    { signal, maxBytes, topicId, epochs }: ReadOptions,
  ): Promise<readonly LogBatch[]> {
    await turn();
    signal.throwIfAborted();
    if (this.isAway) throw away();
    if (topicId !== undefined && topicId !== this.identity.topicId) throw replaced();
    this.reads += 1;
    return [...position].flatMap(([partition, from]) => {
      const log = this.#partitions[partition];
      if (!log) return [];
      return this.#batch(partition, from, { maxBytes, epoch: epochs?.get(partition) ?? -1 }) ?? [];
    });
  }

  async *tail(_topic: string, position: Position, options: TailOptions): AsyncIterable<LogBatch> {
    const { signal, epochs, topicId = this.identity.topicId } = options;
    const next = new Map(position);
    const told = new Map<number, Bounds>();
    this.tails += 1;
    try {
      while (!signal.aborted) {
        if (this.identity.topicId !== topicId) throw replaced();
        const batches = this.#partitions.flatMap((log, partition) => {
          const from = next.get(partition) ?? log.start;
          const epoch = told.get(partition)?.epoch ?? epochs?.get(partition) ?? -1;
          return this.#batch(partition, from, { maxBytes: 1 << 20, epoch }) ?? moved(log, partition, from, told);
        });
        for (const batch of batches) {
          next.set(batch.partition, batch.next);
          told.set(batch.partition, batch.bounds);
          yield batch;
        }
        if (batches.length === 0) await this.#change(signal);
      }
    } finally {
      this.tails -= 1;
    }
  }

  /** Null when there is nothing to read. The epoch is the one that the offset was reached under. */
  #batch(
    partition: number,
    from: bigint,
    { maxBytes, epoch }: { readonly maxBytes: number; readonly epoch: number },
  ): LogBatch | null {
    const log = this.#partition(partition);
    const bounds = boundsOf(log);
    const gap = gapAt(log, from, epoch);
    if (gap) return { partition, records: [], next: gap.to, bounds, gap };
    const end = stableEnd(log);
    if (from >= end) return null;
    const found: LogRecord[] = [];
    let bytes = 0;
    for (const record of log.records) {
      if (record.offset < from) continue;
      if (bytes >= maxBytes || record.offset >= end) break;
      found.push(record);
      bytes += record.value?.length ?? 0;
    }
    return { partition, records: found, next: (found.at(-1)?.offset ?? end - 1n) + 1n, bounds, gap: null };
  }

  #partition(partition: number): Partition {
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

function newPartition(): Partition {
  return { start: 0n, end: 0n, openFrom: null, records: [], epochs: [{ epoch: 0, start: 0n }] };
}

function epochOf(log: Partition): number {
  return log.epochs.at(-1)?.epoch ?? 0;
}

function stableEnd(log: Partition): bigint {
  return log.openFrom ?? log.end;
}

function boundsOf(log: Partition): Bounds {
  return { start: log.start, end: stableEnd(log), epoch: epochOf(log) };
}

/** Where the epoch, or the largest one below it, ends; undefined for an epoch that is still to come. */
function epochEnd(log: Partition, epoch: number): bigint | undefined {
  if (epoch > epochOf(log)) return undefined;
  return log.epochs.find((each) => each.epoch > epoch)?.start ?? log.end;
}

function gapAt(log: Partition, from: bigint, epoch: number): LogGap | null {
  if (from < log.start) return { reason: 'EXPIRED', from, to: log.start };
  const end = epoch < 0 ? log.end : (epochEnd(log, epoch) ?? log.end);
  const to = end < log.start ? log.start : end;
  return from > to ? { reason: 'TRUNCATED', from, to } : null;
}

/** A batch without records, when the bounds are not those that were told last. */
function moved(log: Partition, partition: number, next: bigint, told: ReadonlyMap<number, Bounds>): LogBatch[] {
  const bounds = boundsOf(log);
  const last = told.get(partition);
  if (last && last.start === bounds.start && last.end === bounds.end && last.epoch === bounds.epoch) return [];
  return [{ partition, records: [], next, bounds, gap: null }];
}

function away(): SluiceError {
  return new SluiceError('KAFKA_UNAVAILABLE', 'The broker is away.');
}

function replaced(): SluiceError {
  return new SluiceError('TOPIC_MISSING', 'The topic was deleted; another one of that name exists now.');
}
