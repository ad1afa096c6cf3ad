import { z } from 'zod';
import type { SluiceError } from '#errors';
import { type Cause, FlinkFault, parseCauses } from './fault.ts';
import { toSluiceError } from './flink-errors.ts';
import type { RestClient } from './rest-client.ts';

/** How far something stands that Flink does by itself after it was asked for. */
export type Progress =
  | { readonly state: 'IN_PROGRESS' }
  | { readonly state: 'COMPLETED'; readonly savepoint: string | null }
  | { readonly state: 'FAILED'; readonly error: SluiceError };

/** How a savepoint is taken. */
export interface SavepointOrder {
  readonly jobId: string;
  /** 32 hex digits: whoever asks again with the same gets the same, for some minutes after its end. */
  readonly triggerId: string;
  /** Null: Flink's configured directory. */
  readonly targetDirectory: string | null;
}

const triggered = z.object({ 'request-id': z.string() });
const failureCause = z.object({ 'stack-trace': z.string() });
const asyncResult = z.object({
  status: z.object({ id: z.string() }),
  operation: z.object({ location: z.string().nullish(), 'failure-cause': failureCause.nullish() }).nullish(),
});
const exceptions = z.object({
  exceptionHistory: z.object({ entries: z.array(z.object({ stacktrace: z.string() })) }).nullish(),
});
const settings = z.array(z.object({ key: z.string(), value: z.string() }));
const requirements = z.record(
  z.string(),
  z.object({ parallelism: z.object({ lowerBound: z.int(), upperBound: z.int() }) }),
);
const vertices = z.object({ vertices: z.array(z.object({ parallelism: z.int() })) });
const anything = z.unknown();

/** What the JobManager is told to do with a job and its savepoints. Every call returns as soon as Flink has taken it. */
export class JobControl {
  readonly #rest: RestClient;
  #settings: Promise<ReadonlyMap<string, string>> | null = null;

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  /** Begins to stop the job with a savepoint. When the savepoint fails the job runs on. */
  async stop({ jobId, triggerId, targetDirectory }: SavepointOrder, drain: boolean): Promise<void> {
    const body = { drain, triggerId, ...(targetDirectory === null ? {} : { targetDirectory }) };
    await this.#rest.request(`/jobs/${jobId}/stop`, triggered, { method: 'POST', body });
  }

  /** Begins to take a savepoint of the running job. */
  async triggerSavepoint({ jobId, triggerId, targetDirectory }: SavepointOrder): Promise<void> {
    const body = {
      'cancel-job': false,
      triggerId,
      ...(targetDirectory === null ? {} : { 'target-directory': targetDirectory }),
    };
    await this.#rest.request(`/jobs/${jobId}/savepoints`, triggered, { method: 'POST', body });
  }

  /** How far a stop or a savepoint stands. Rejects with NOT_FOUND when Flink has forgotten it. */
  async savepointProgress(jobId: string, trigger: string): Promise<Progress> {
    return toProgress(await this.#rest.request(`/jobs/${jobId}/savepoints/${trigger}`, asyncResult));
  }

  /** Begins to delete the files of a savepoint; gives Flink's id of that. */
  async dispose(path: string): Promise<string> {
    const body = { 'savepoint-path': path };
    return (await this.#rest.request('/savepoint-disposal', triggered, { method: 'POST', body }))['request-id'];
  }

  /** How far a deletion stands. Rejects with NOT_FOUND when Flink has forgotten it. */
  async disposalProgress(trigger: string): Promise<Progress> {
    return toProgress(await this.#rest.request(`/savepoint-disposal/${trigger}`, asyncResult));
  }

  /** Whether the scheduler can change the parallelism of a running job. */
  async isAdaptive(): Promise<boolean> {
    const found = await this.#readSettings();
    const scheduler = found.get('jobmanager.scheduler') ?? found.get('scheduler-mode') ?? '';
    return /^(?:adaptive|reactive)$/i.test(scheduler);
  }

  /** Tells an adaptive scheduler to run every vertex with at most this parallelism. It comes about some time later. */
  async requireParallelism(jobId: string, parallelism: number): Promise<void> {
    const path = `/jobs/${jobId}/resource-requirements`;
    const present = await this.#rest.request(path, requirements);
    const wanted = Object.keys(present).map((vertex) => [
      vertex,
      { parallelism: { lowerBound: 1, upperBound: parallelism } },
    ]);
    await this.#rest.request(path, anything, { method: 'PUT', body: Object.fromEntries(wanted) });
  }

  /** The largest parallelism of the job's vertices, as Flink runs them now (some seconds old). */
  async parallelismOf(jobId: string): Promise<number> {
    const found = await this.#rest.request(`/jobs/${jobId}`, vertices);
    return Math.max(0, ...found.vertices.map(({ parallelism }) => parallelism));
  }

  /** The chain of causes of the job's last failure, outermost first; empty while Flink tells none. */
  async failureOf(jobId: string): Promise<readonly Cause[]> {
    const { exceptionHistory } = await this.#rest.request(`/jobs/${jobId}/exceptions?maxExceptions=1`, exceptions);
    const trace = exceptionHistory?.entries[0]?.stacktrace;
    return trace ? parseCauses([trace]) : [];
  }

  /** Where Flink itself puts checkpoints and savepoints, as configured. */
  async stateDirectories(): Promise<readonly string[]> {
    const found = await this.#readSettings();
    return stateSettings.flatMap((name) => found.get(name) ?? []);
  }

  /** Read once: a JobManager takes other settings only by a restart, after which a gateway seldom differs. */
  #readSettings(): Promise<ReadonlyMap<string, string>> {
    this.#settings ??= this.#rest.request('/jobmanager/config', settings).then(
      (entries) => new Map(entries.map(({ key, value }) => [key, value])),
      (thrown: unknown) => {
        this.#settings = null;
        throw thrown;
      },
    );
    return this.#settings;
  }
}

/** By their names since Flink 1.20 and by those before. */
const stateSettings: readonly string[] = [
  'execution.checkpointing.savepoint-dir',
  'execution.checkpointing.dir',
  'state.savepoints.dir',
  'state.checkpoints.dir',
];

function toProgress({ status, operation }: z.infer<typeof asyncResult>): Progress {
  if (status.id !== 'COMPLETED') return { state: 'IN_PROGRESS' };
  const failure = operation?.['failure-cause'];
  if (!failure) return { state: 'COMPLETED', savepoint: operation?.location ?? null };
  return { state: 'FAILED', error: toSluiceError(new FlinkFault(500, [failure['stack-trace']])) };
}
