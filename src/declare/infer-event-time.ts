import type { Field, Stream } from '#model';
import type { DecodedRecord } from './infer-key.ts';

/** The field that says when an event happened, and how late events come. */
export interface InferredEventTime {
  readonly field: Field;
  readonly delayMs: number;
}

/** Fewer records prove nothing. */
const fewestRecords = 3;
/** Clocks differ; what lies further in the future is no time of something that happened. */
const clockDifferenceMs = 60_000;
/** What happened longer before it was written is a date of something else, or history that was written anew. */
const oldestMs = 3_600_000;
const delaysMs = [0, 1, 2, 5, 10, 30, 60, 120, 300, 600].map((seconds) => seconds * 1000);
const typicalNames = /^(?:event_?(?:time|timestamp|ts|at)|timestamp|ts|time|occurred_?at|happened_?at|created_?at)$/i;

/**
 * The one DateTime that every record has and that runs along with the records' own time; null when there is none, or no
 * telling which of several. The delay covers how late the events of the sample are within their partition.
 */
export function inferEventTime(stream: Stream, records: readonly DecodedRecord[]): InferredEventTime | null {
  const valued = records.filter(({ node }) => node !== null);
  if (stream.format === 'RAW' || valued.length < fewestRecords) return null;
  const possible = stream.fields.flatMap((field) => {
    const { type, required } = field;
    const delayMs = required && type.kind === 'scalar' && type.name === 'DateTime' ? delayOf(field, valued) : null;
    return delayMs === null ? [] : [{ field, delayMs }];
  });
  const typical = possible.filter(({ field }) => typicalNames.test(field.column));
  const [only, ...others] = possible.length === 1 ? possible : typical;
  return only !== undefined && others.length === 0 ? only : null;
}

/** How long a watermark has to wait for the field's times; null when they cannot be those of the events. */
function delayOf(field: Field, records: readonly DecodedRecord[]): number | null {
  const newest = new Map<number, number>();
  let latestMs = 0;
  for (const { partition, timestampMs, node } of records) {
    const timeMs = Date.parse(String(node?.[field.name]));
    if (!(timeMs <= timestampMs + clockDifferenceMs && timeMs >= timestampMs - oldestMs)) return null;
    const before = newest.get(partition) ?? timeMs;
    latestMs = Math.max(latestMs, before - timeMs);
    newest.set(partition, Math.max(before, timeMs));
  }
  return delaysMs.find((delayMs) => delayMs >= latestMs) ?? null;
}
