import type { Bounds, LogRecord, RecordLog } from '#feed';
import type { SampleOptions } from './options.ts';

/** Where a compacted topic has no records among its newest offsets, it is looked at so many times further back. */
const widening = 16n;

/**
 * The newest records of a topic, by partition and offset. Fewer than wanted where time or bytes run out, or where
 * offsets have no records any more. Rejects as the log does.
 */
export async function sampleTopic(
  log: Pick<RecordLog, 'bounds' | 'read'>,
  topic: string,
  options: SampleOptions,
): Promise<readonly LogRecord[]> {
  const bounds = await log.bounds(topic);
  const signal = AbortSignal.timeout(options.timeoutMs);
  const share = BigInt(Math.max(1, Math.ceil(options.records / Math.max(1, bounds.size))));
  for (let window = share; ; window *= widening) {
    const sample = await readWindow({ log, topic, bounds, options, signal }, window);
    const isWhole = [...bounds.values()].every(({ start, end }) => end - window <= start);
    const hasValue = sample.some(({ value }) => value !== null);
    if (hasValue || isWhole || signal.aborted) return newest(sample, Number(share));
  }
}

interface Window {
  readonly log: Pick<RecordLog, 'read'>;
  readonly topic: string;
  readonly bounds: ReadonlyMap<number, Bounds>;
  readonly options: SampleOptions;
  readonly signal: AbortSignal;
}

async function readWindow({ log, topic, bounds, options, signal }: Window, window: bigint): Promise<LogRecord[]> {
  const position = new Map<number, bigint>();
  for (const [partition, { start, end }] of bounds) {
    if (start < end) position.set(partition, end - window > start ? end - window : start);
  }
  const records: LogRecord[] = [];
  let bytesLeft = options.maxBytes;
  while (position.size > 0 && bytesLeft > 0 && !signal.aborted) {
    const batches = await log.read(topic, position, { maxBytes: bytesLeft, signal }).catch((error: unknown) => {
      if (signal.aborted) return [];
      throw error;
    });
    if (batches.length === 0) break;
    for (const { partition, records: read, next } of batches) {
      const end = bounds.get(partition)?.end ?? 0n;
      for (const record of read) {
        if (record.offset >= end) break;
        records.push(record);
        bytesLeft -= (record.key?.length ?? 0) + (record.value?.length ?? 0);
      }
      if (next >= end) position.delete(partition);
      else position.set(partition, next);
    }
  }
  return records;
}

/** At most so many of each partition, in the order of their offsets. */
function newest(records: readonly LogRecord[], perPartition: number): readonly LogRecord[] {
  const partitions = Map.groupBy(records, ({ partition }) => partition);
  return [...partitions.values()].flatMap((own) => own.slice(-perPartition));
}
