import { messageOf } from '#errors';
import type { Logger, RestClient } from '#flink';
import { checkpointsAnswer, graphAnswer, toCheckpoints, toGraph } from './job-answers.ts';
import type { JobDetails } from './job-details.ts';
import type { JobGraph, JobVertex } from './job-parts.ts';
import { metricsAnswer, metricsQuery, sinkWatermarkNames, watermarkOfAll } from './vertex-metrics.ts';
import type { ViewStatus } from './view-status.ts';

/** Who is told the watermarks of views. */
export interface WatermarkListener {
  /** All results of the view up to the event time are in its topic now, if not all committed yet. */
  onWatermark(view: string, watermarkMs: number): Promise<void>;
  /** Another job computes the view: earlier watermarks hold for it no more. */
  onReset(view: string): void;
}

/** What {@link ViewWatermarks} works with. */
export interface ViewWatermarksOptions {
  readonly rest: Pick<RestClient, 'request'>;
  readonly details: Pick<JobDetails, 'metricNames'>;
  readonly statuses: () => readonly ViewStatus[];
  readonly listener: WatermarkListener;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** A watermark that a job's sinks had, and at the latest when, by the JobManager's clock. */
interface Reading {
  readonly watermarkMs: number;
  readonly atMs: number;
}

/** A view that somebody asks for. */
interface AskedView {
  untilMs: number;
  jobId: string | null;
  /** As of the last round. */
  graph: JobGraph | null;
  /** Of the present attempt, waiting for a checkpoint that began after them; the watermarks grow. */
  readings: Reading[];
}

const roundMs = 1_000;
/** Pages of a quiet stream come every thirty seconds: who reads them has not gone. */
const askedForMs = 90_000;
/** One a round at most, and a checkpoint may take minutes: the reading from before it must still be there when it is done. */
const maxReadings = 256;
/** What Flink has collected from tasks before a restart may be told for that long: two updates, as Flink makes them unless told otherwise. */
const staleMetricsMs = 20_000;

/**
 * Finds the event time up to which the results of views are complete, for views that are asked for. Three things make
 * it sound. The watermark is that of the sinks, the least over all their subtasks. It is believed once a checkpoint that
 * was triggered after it was read has completed, with no task restarted in between: Flink's Kafka sink has then
 * written all that came before, in either guarantee. And whoever is told takes the ends of the topic then: only a reader
 * that has passed them has all results. Nobody asks: no request.
 */
export class ViewWatermarks {
  readonly #options: Required<ViewWatermarksOptions>;
  readonly #asked = new Map<string, AskedView>();
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: ViewWatermarksOptions) {
    this.#options = { now: Date.now, ...options };
  }

  /** Somebody wants the view's watermark: it is looked after for some time. Cheap. */
  ask(view: string): void {
    const untilMs = this.#options.now() + askedForMs;
    const asked = this.#asked.get(view);
    if (asked) asked.untilMs = untilMs;
    else this.#asked.set(view, { untilMs, jobId: null, graph: null, readings: [] });
    if (!this.#timer && !this.#isClosed) this.#schedule(0);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => void this.#round(), delayMs).unref();
  }

  async #round(): Promise<void> {
    const nowMs = this.#options.now();
    for (const [view, { untilMs }] of this.#asked) if (untilMs < nowMs) this.#asked.delete(view);
    await Promise.all([...this.#asked].map(([view, asked]) => this.#look(view, asked)));
    this.#timer = null;
    if (this.#asked.size > 0 && !this.#isClosed) this.#schedule(roundMs);
  }

  async #look(view: string, asked: AskedView): Promise<void> {
    const status = this.#options.statuses().find((one) => one.view === view);
    const jobId = status?.state === 'RUNNING' ? status.jobId : null;
    if (jobId === null) return;
    if (asked.jobId !== jobId) {
      if (asked.jobId !== null) this.#options.listener.onReset(view);
      asked.jobId = jobId;
      asked.graph = null;
      asked.readings = [];
    }
    try {
      const confirmed = await this.#read(jobId, asked);
      if (confirmed !== null) await this.#options.listener.onWatermark(view, confirmed);
    } catch (thrown) {
      // Flink or Kafka is away, or the job has just ended: the next round looks again.
      this.#options.logger.debug({ view, reason: messageOf(thrown) }, 'the watermark of a view could not be read');
    }
  }

  /** Takes a reading, and gives the greatest that is confirmed by now. */
  async #read(jobId: string, asked: AskedView): Promise<number | null> {
    const { rest } = this.#options;
    const before = asked.graph;
    // The order matters: the watermark is no younger than `nowMs`, the checkpoint no younger than the attempt.
    const watermarkMs = before && isSettled(before) ? await this.#sinkWatermark(before.vertices) : null;
    const checkpoints = toCheckpoints(await rest.request(`/jobs/${jobId}/checkpoints`, checkpointsAnswer));
    const graph = toGraph(await rest.request(`/jobs/${jobId}`, graphAnswer));
    asked.graph = graph;
    if (graph.attempt !== before?.attempt) {
      asked.readings = [];
      return null;
    }
    const triggeredAtMs = checkpoints.latest?.triggeredAtMs ?? 0;
    const confirmed = asked.readings.findLast(({ atMs }) => atMs < triggeredAtMs) ?? null;
    if (confirmed) asked.readings = asked.readings.filter(({ atMs }) => atMs > confirmed.atMs);
    const newestMs = asked.readings.at(-1)?.watermarkMs ?? confirmed?.watermarkMs ?? Number.NEGATIVE_INFINITY;
    if (watermarkMs !== null && watermarkMs > newestMs) {
      asked.readings.push({ watermarkMs, atMs: graph.nowMs });
      if (asked.readings.length > maxReadings) asked.readings.shift();
    }
    return confirmed?.watermarkMs ?? null;
  }

  /** The least watermark over all sinks; null while it is not known of each of their subtasks. */
  async #sinkWatermark(vertices: readonly JobVertex[]): Promise<number | null> {
    const found = await Promise.all(vertices.map((vertex) => this.#sinkWatermarkOf(vertex)));
    const ofSinks = found.filter((one) => one !== undefined);
    if (ofSinks.length === 0) return null;
    return ofSinks.reduce<number | null>(
      (least, one) => (least === null || one === null ? null : Math.min(least, one)),
      Number.POSITIVE_INFINITY,
    );
  }

  /** Undefined for a vertex without a sink. */
  async #sinkWatermarkOf(vertex: JobVertex): Promise<number | null | undefined> {
    if (!hasSink(vertex)) return undefined;
    const names = sinkWatermarkNames(await this.#options.details.metricNames(vertex));
    if (names.length === 0) return null;
    const path = `/jobs/${vertex.jobId}/vertices/${vertex.id}/subtasks/metrics?${metricsQuery(names)}`;
    const measured = await this.#options.rest.request(path, metricsAnswer);
    return measured.length === names.length ? watermarkOfAll(measured, vertex.parallelism) : null;
  }
}

function hasSink({ name }: JobVertex): boolean {
  return /: Writer\b/.test(name);
}

/** Whether what Flink tells of the tasks can only be of this attempt. */
function isSettled({ vertices, restartedAtMs, scheduler, nowMs, runs }: JobGraph): boolean {
  if (!runs) return false;
  if (restartedAtMs === null && scheduler === 'Default') return true;
  const startedAtMs = Math.max(restartedAtMs ?? 0, ...vertices.map((vertex) => vertex.startedAtMs ?? nowMs));
  return nowMs - startedAtMs > staleMetricsMs;
}
