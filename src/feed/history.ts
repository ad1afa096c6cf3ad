import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '#errors';
import type { Bounds, Epochs, LogBatch, LogGap, Position, RecordLog } from './log.ts';
import { type PageLimit, type Run, takeMerged } from './merge.ts';
import { decodeAll, type FeedRecord, type RecordDecoder } from './record.ts';

/** How many bytes one read of history asks for. */
const readBytes = 1024 * 1024;
/** Pause after a read that brought nothing although the log says that there is more (a leader change, say). */
const retryPauseMs = 50;

/** One partition's part of a {@link History}. */
interface Track extends Run {
  records: FeedRecord[];
  /** Where the next read begins. */
  next: bigint;
  readonly end: bigint;
}

/** What one {@link History.take} brought. */
export interface Taken {
  readonly records: readonly FeedRecord[];
  /** Gaps met on the way: what was asked for is no longer in the log. */
  readonly gaps: readonly LogGap[];
}

/** What a {@link History} reads. */
export interface HistoryRange {
  readonly topic: string;
  readonly from: Position;
  /** Exclusive; partitions that are not in it are not read. */
  readonly until: Position;
  /** Of which incarnation of the topic; when it is made anew the reading ends with TOPIC_MISSING. */
  readonly topicId: string;
  /** Under which the beginning was reached; unknown when absent. */
  readonly epochs?: Epochs;
}

/** Reads a bounded piece of a topic forward, merged by timestamp over its partitions, at the reader's own pace. */
export class History {
  readonly #log: RecordLog;
  readonly #decode: RecordDecoder;
  readonly #topic: string;
  readonly #topicId: string;
  readonly #tracks: readonly Track[];
  readonly #epochs: Map<number, number>;
  /** A read that is under way for later. */
  #ahead: Promise<readonly LogBatch[]> | null = null;

  constructor(log: RecordLog, decode: RecordDecoder, range: HistoryRange) {
    this.#log = log;
    this.#decode = decode;
    this.#topic = range.topic;
    this.#topicId = range.topicId;
    this.#epochs = new Map(range.epochs);
    this.#tracks = [...range.until].map(([partition, end]) => ({
      partition,
      end,
      next: range.from.get(partition) ?? 0n,
      records: [],
      taken: 0,
    }));
  }

  /** Where each partition of the range stands: at the first record not yet taken. */
  get position(): Position {
    return new Map(this.#tracks.map((track) => [track.partition, track.records[track.taken]?.offset ?? track.next]));
  }

  /** The leader epochs under which it was read so far. */
  get epochs(): Epochs {
    return this.#epochs;
  }

  /** True when everything of the range was taken. */
  get isDone(): boolean {
    return this.#tracks.every((track) => isUsedUp(track) && isAtEnd(track));
  }

  /** The next records, up to the limit; none only when the range is done or the signal aborted. */
  async take(limit: PageLimit, signal: AbortSignal): Promise<Taken> {
    const gaps: LogGap[] = [];
    for (;;) {
      gaps.push(...(await this.#fill(signal)));
      const records = takeMerged(this.#tracks, limit, isAtEnd);
      if (records.length > 0 || gaps.length > 0 || this.isDone || signal.aborted) return { records, gaps };
    }
  }

  /** Reads until every partition that has more has a record in hand; what comes after that is read meanwhile. */
  async #fill(signal: AbortSignal): Promise<LogGap[]> {
    const gaps: LogGap[] = [];
    for (;;) {
      const empty = this.#tracks.filter((track) => isUsedUp(track) && !isAtEnd(track));
      if (signal.aborted) return gaps;
      if (empty.length === 0) {
        this.#readAhead(signal);
        return gaps;
      }
      const ahead = this.#ahead;
      this.#ahead = null;
      const batches = await (ahead ?? this.#read(empty, signal));
      for (const batch of batches) {
        const gap = this.#within(batch);
        if (gap) gaps.push(gap);
        this.#accept(batch);
      }
      if (batches.length === 0) await pause(signal);
    }
  }

  /** Asks for more of the partitions that are half used up, without waiting: the broker works while pages are made. */
  #readAhead(signal: AbortSignal): void {
    if (this.#ahead) return;
    const low = this.#tracks.filter((track) => !isAtEnd(track) && track.taken * 2 > track.records.length);
    if (low.length === 0) return;
    this.#ahead = this.#read(low, signal);
    // Who waits for it is told; when nobody does any more, nobody need be.
    this.#ahead.catch(() => undefined);
  }

  async #read(tracks: readonly Track[], signal: AbortSignal): Promise<readonly LogBatch[]> {
    const position = new Map(tracks.map((track) => [track.partition, track.next]));
    try {
      return await this.#log.read(this.#topic, position, {
        maxBytes: readBytes,
        signal,
        epochs: this.#epochs,
        topicId: this.#topicId,
      });
    } catch (error) {
      if (signal.aborted) return [];
      throw error;
    }
  }

  /** A gap that reaches past the range is missing here only as far as the range goes. */
  #within({ partition, gap }: LogBatch): LogGap | null {
    const end = this.#tracks.find((track) => track.partition === partition)?.end;
    return gap && end !== undefined && gap.to > end && gap.from < end ? { ...gap, to: end } : gap;
  }

  #accept(batch: LogBatch): void {
    const track = this.#tracks.find(({ partition }) => partition === batch.partition);
    if (!track) return;
    this.#epochs.set(batch.partition, batch.bounds.epoch);
    const wanted = batch.records.filter((record) => record.offset >= track.next && record.offset < track.end);
    const { gap } = batch;
    const waiting = track.records.slice(track.taken);
    // What was read ahead of a truncation is not the log's any more.
    const kept = gap?.reason === 'TRUNCATED' ? waiting.filter(({ offset }) => offset < gap.to) : waiting;
    track.records = [...kept, ...decodeAll(this.#decode, wanted)];
    track.taken = 0;
    // A log that ends before the range does (truncated since) ends the range. A read may also reach past the range:
    // what lies there is not ours to skip.
    const isOver = batch.next >= track.end || batch.next >= batch.bounds.end;
    track.next = isOver ? track.end : batch.next;
  }
}

function isUsedUp(track: Track): boolean {
  return track.taken >= track.records.length;
}

function isAtEnd(track: Track): boolean {
  return track.next >= track.end;
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await delay(retryPauseMs, undefined, { signal });
  } catch {
    // Aborted: the caller looks at the signal.
  }
}

/** Reads the last `count` records before the ends and returns the position of the first of them. */
export async function positionOfLast(
  count: number,
  options: {
    readonly log: RecordLog;
    readonly decode: RecordDecoder;
    readonly topic: string;
    readonly topicId: string;
    readonly bounds: ReadonlyMap<number, Bounds>;
    readonly signal: AbortSignal;
  },
): Promise<Position> {
  const { log, decode, topic, topicId, bounds, signal } = options;
  if (log.positionOfLast) return await log.positionOfLast(topic, count);
  const from = new Map<number, bigint>();
  const until = new Map<number, bigint>();
  for (const [partition, { start, end }] of bounds) {
    const wanted = end - BigInt(count);
    from.set(partition, wanted > start ? wanted : start);
    until.set(partition, end);
  }
  const history = new History(log, decode, { topic, topicId, from, until });
  let kept: FeedRecord[] = [];
  while (!history.isDone) {
    if (signal.aborted)
      throw new SluiceError('TIMEOUT', `The last ${count} records of "${topic}" could not be read in time.`);
    const { records } = await history.take({ records: count, bytes: Number.POSITIVE_INFINITY }, signal);
    kept = [...kept, ...records].slice(-count);
  }
  const position = new Map(until);
  for (const record of kept.toReversed()) position.set(record.partition, record.offset);
  return position;
}
