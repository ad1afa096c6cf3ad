import { z } from 'zod';
import type { JobVertex, VertexMetrics } from './job-parts.ts';

/** Answers `…/subtasks/metrics`: the names. */
export const namesAnswer = z.array(z.object({ id: z.string() }));

/** Flink writes `"NaN"` where there is nothing to tell. */
const measured = z.union([z.number(), z.bigint().transform(Number), z.string().transform(Number)]);

/** Answers `…/subtasks/metrics?get=…&agg=min,avg,sum`. */
export const metricsAnswer = z.array(z.object({ id: z.string(), min: measured, avg: measured, sum: measured }));

/** One metric over the subtasks of a vertex. */
export type Measured = z.infer<typeof metricsAnswer>[number];

/** The query for metrics that all exist: Flink answers nothing at all when it has one of them not. */
export function metricsQuery(names: readonly string[]): string {
  return `get=${names.map(encodeURIComponent).join(',')}&agg=min,avg,sum`;
}

const shares = ['busyTimeMsPerSecond', 'backPressuredTimeMsPerSecond', 'idleTimeMsPerSecond'];
const inputWatermark = 'currentInputWatermark';
const pendingRecords = /^Source__.*\.pendingRecords$/;
const sourceWatermark = /^Source__[^.]*\.currentOutputWatermark$/;
const writerWatermark = /Writer\.currentInputWatermark$/;

/** Of all that the tasks measure, what is asked for. */
export function wantedNames(vertex: JobVertex, names: readonly string[]): readonly string[] {
  return names.filter(
    (name) =>
      shares.includes(name) ||
      (vertex.isSource ? pendingRecords.test(name) || sourceWatermark.test(name) : name === inputWatermark),
  );
}

/** The watermarks that have reached the sinks among the operators. */
export function sinkWatermarkNames(names: readonly string[]): readonly string[] {
  return names.filter((name) => writerWatermark.test(name));
}

/** Reads what was measured. */
export function toMetrics(answer: readonly Measured[]): VertexMetrics {
  const find = (wanted: (name: string) => boolean) => answer.filter(({ id }) => wanted(id));
  const shareOf = (wanted: string) => toShare(find((name) => name === wanted)[0]);
  const pending = find((name) => pendingRecords.test(name)).map(({ sum }) => sum);
  const watermarks = find((name) => name === inputWatermark || sourceWatermark.test(name)).map(({ min }) => min);
  return {
    busy: shareOf('busyTimeMsPerSecond'),
    backPressured: shareOf('backPressuredTimeMsPerSecond'),
    idle: shareOf('idleTimeMsPerSecond'),
    watermarkMs: toWatermark(watermarks),
    pendingRecords: pending.length > 0 ? pending.reduce((sum, one) => sum + one, 0) : null,
  };
}

/** What was measured by each of the subtasks: their least watermark. Null while some have not told theirs. */
export function watermarkOfAll(answer: readonly Measured[], subtasks: number): number | null {
  // The sum over the mean is how many have told it.
  const areAll = answer.every(({ sum, avg }) => Math.round(sum / avg) === subtasks);
  return areAll ? toWatermark(answer.map(({ min }) => min)) : null;
}

function toShare(measure: Measured | undefined): number | null {
  return measure && Number.isFinite(measure.avg) ? Math.min(Math.max(measure.avg / 1000, 0), 1) : null;
}

/** The greatest moment that a Date can tell. Flink's least and greatest watermark, before the first and after the last record, are beyond. */
const maxTimeMs = 8.64e15;

function toWatermark(watermarks: readonly number[]): number | null {
  const least = Math.min(...watermarks);
  return Math.abs(least) <= maxTimeMs ? least : null;
}
