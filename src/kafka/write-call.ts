import type { SluiceError } from '#errors';
import type { WriteOutcome } from './types.ts';

/** A record as kafkajs takes it. The timestamp has 13 digits always: kafkajs sorts them as text. */
export interface OutgoingRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer[]>>;
  readonly timestamp: string;
  readonly partition: number;
}

/** Bytes that a record takes in the queue and, nearly, in a batch. */
function sizeOf(record: OutgoingRecord): number {
  let size = 24 + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  if (record.headers) {
    for (const name of Object.keys(record.headers)) {
      for (const value of record.headers[name] ?? []) size += name.length + value.length + 4;
    }
  }
  return size;
}

/**
 * The records of one call that go to one partition, in the call's order: the unit that waits, expires and is answered.
 * A promise a record would cost more than the record.
 */
export class Segment {
  readonly call: WriteCall;
  /** Where the outcomes of the records belong in the call's answer. */
  readonly indexes: readonly number[];
  readonly records: readonly OutgoingRecord[];
  readonly bytes: number;
  /** The caller has its answer for these records; what happens to them now is nobody's business any more. */
  told = false;

  constructor(call: WriteCall, indexes: readonly number[], records: readonly OutgoingRecord[]) {
    this.call = call;
    this.indexes = indexes;
    this.records = records;
    let bytes = 0;
    for (const record of records) bytes += sizeOf(record);
    this.bytes = bytes;
  }

  /** Two segments in place of this one: the first `count` records, and the rest. */
  cut(count: number): readonly [Segment, Segment] {
    const halves = [
      new Segment(this.call, this.indexes.slice(0, count), this.records.slice(0, count)),
      new Segment(this.call, this.indexes.slice(count), this.records.slice(count)),
    ] as const;
    this.call.replace(this, halves);
    return halves;
  }
}

/** One `write()` and the outcomes it has so far. */
export class WriteCall {
  readonly answer: Promise<readonly WriteOutcome[]>;
  readonly segments = new Set<Segment>();
  #timer: NodeJS.Timeout | undefined;
  readonly #outcomes: WriteOutcome[];
  readonly #resolve: (outcomes: readonly WriteOutcome[]) => void;

  constructor(records: number) {
    this.#outcomes = new Array<WriteOutcome>(records);
    const { promise, resolve } = Promise.withResolvers<readonly WriteOutcome[]>();
    this.answer = promise;
    this.#resolve = resolve;
  }

  /** Runs `expire` at the deadline, unless every record has its outcome by then. */
  expireAfter(timeoutMs: number, expire: () => void): void {
    this.#timer = setTimeout(expire, timeoutMs);
  }

  replace(segment: Segment, parts: readonly Segment[]): void {
    this.segments.delete(segment);
    for (const part of parts) this.segments.add(part);
  }

  /** Answers a segment: its records stand from the base offset on. */
  acked(segment: Segment, baseOffset: bigint, appendedAtMs: number | null): void {
    if (segment.told) return;
    for (const [i, record] of segment.records.entries()) {
      this.#outcomes[segment.indexes[i] ?? -1] = {
        outcome: 'ACKED',
        partition: record.partition,
        offset: baseOffset + BigInt(i),
        timestampMs: appendedAtMs ?? Number(record.timestamp),
      };
    }
    this.#tell(segment);
  }

  /** Answers a segment: not written, or nobody knows. */
  failed(segment: Segment, outcome: 'NOT_WRITTEN' | 'UNKNOWN', error: SluiceError): void {
    if (segment.told) return;
    for (const [i, record] of segment.records.entries()) {
      this.#outcomes[segment.indexes[i] ?? -1] = { outcome, partition: record.partition, error };
    }
    this.#tell(segment);
  }

  #tell(segment: Segment): void {
    segment.told = true;
    this.segments.delete(segment);
    if (this.segments.size > 0) return;
    clearTimeout(this.#timer);
    this.#resolve(this.#outcomes);
  }
}
