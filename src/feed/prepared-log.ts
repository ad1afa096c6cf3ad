import type { LogBatch, LogRecord, RecordLog } from './log.ts';
import { withAbort } from './with-abort.ts';

/**
 * What must be done before a topic's records can be decoded. Null when there is nothing to do: the usual case, which
 * must cost next to nothing. What it returns else takes a bounded time and never rejects.
 */
export type PrepareRecords = (records: readonly LogRecord[]) => Promise<void> | null;

/** The log, with each batch of the named topics held back until its records can be decoded. Their order stays. */
export function createPreparedLog(log: RecordLog, prepares: ReadonlyMap<string, PrepareRecords>): RecordLog {
  if (prepares.size === 0) return log;
  return {
    identify: (topic, maxAgeMs) => log.identify(topic, maxAgeMs),
    bounds: (topic) => log.bounds(topic),
    positionAt: (topic, timestampMs) => log.positionAt(topic, timestampMs),
    epochEnds: (topic, epochs) => log.epochEnds(topic, epochs),
    tombstonesKeptMs: (topic) => log.tombstonesKeptMs(topic),
    async read(topic, position, options) {
      const batches = await log.read(topic, position, options);
      const prepare = prepares.get(topic);
      const waits = prepare ? batches.flatMap(({ records }) => prepare(records) ?? []) : [];
      if (waits.length > 0) await withAbort(Promise.all(waits), options.signal);
      return batches;
    },
    tail(topic, position, options) {
      const tail = log.tail(topic, position, options);
      const prepare = prepares.get(topic);
      return prepare ? prepared(tail, prepare, options.signal) : tail;
    },
  };
}

async function* prepared(
  tail: AsyncIterable<LogBatch>,
  prepare: PrepareRecords,
  signal: AbortSignal,
): AsyncIterable<LogBatch> {
  for await (const batch of tail) {
    const wait = prepare(batch.records);
    if (wait !== null) await withAbort(wait, signal);
    if (signal.aborted) return;
    yield batch;
  }
}
