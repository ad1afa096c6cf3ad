import { SluiceError } from '#errors';
import { hasEnded, type JobControl, type JobManager, type Progress } from '#flink';
import { forgiveMissing, type JobStops } from './job-stops.ts';

/** What can be asked for and takes Flink some time. */
export const operationKinds = ['STOP', 'CANCEL', 'SAVEPOINT', 'DISPOSE', 'RESCALE', 'RESTART'] as const;

export type OperationKind = (typeof operationKinds)[number];

/** Something that Flink was asked for, and how far it stands. */
export interface JobOperation {
  /** Opaque; any gateway can ask Flink by it. */
  readonly id: string;
  readonly kind: OperationKind;
  readonly state: Progress['state'];
  /** The path, when one was written. */
  readonly savepoint: string | null;
  /** Why it failed, in Flink's words. */
  readonly error: string | null;
}

/** What an operation is known by. */
export interface OperationKey {
  readonly kind: OperationKind;
  /** Null where it concerns no job. */
  readonly jobId: string | null;
  /** Flink's trigger id, or the parallelism that was asked for. */
  readonly detail: string | null;
}

const idFormat = /^(STOP|CANCEL|SAVEPOINT|DISPOSE|RESCALE|RESTART):([0-9a-f]{32})?:([0-9a-f]{32}|\d{1,5})?$/;

/** Writes all that is needed to ask again. */
export function toOperationId({ kind, jobId, detail }: OperationKey): string {
  return `${kind}:${jobId ?? ''}:${detail ?? ''}`;
}

/** Reads what {@link toOperationId} wrote. Throws NOT_FOUND. */
export function parseOperationId(id: string): OperationKey {
  const [, kind, jobId, detail] = idFormat.exec(id) ?? [];
  const found = operationKinds.find((known) => known === kind);
  if (found) return { kind: found, jobId: jobId ?? null, detail: detail ?? null };
  throw new SluiceError('NOT_FOUND', `"${id.slice(0, 100)}" is no operation. Give the id that a mutation answered.`);
}

/** Puts an operation and its progress together. */
export function toOperation(key: OperationKey, progress: Progress): JobOperation {
  return {
    id: toOperationId(key),
    kind: key.kind,
    state: progress.state,
    savepoint: progress.state === 'COMPLETED' ? progress.savepoint : null,
    error: progress.state === 'FAILED' ? progress.error.message : null,
  };
}

/** What {@link askOperation} asks. */
export interface OperationSources {
  readonly jobManager: JobManager;
  readonly jobControl: JobControl;
  readonly stops: JobStops;
}

const done: Progress = { state: 'COMPLETED', savepoint: null };
const underWay: Progress = { state: 'IN_PROGRESS' };

/** Asks Flink how far an operation stands. Rejects with NOT_FOUND when Flink has forgotten it. */
export async function askOperation(id: string, sources: OperationSources): Promise<JobOperation> {
  const key = parseOperationId(id);
  return toOperation(key, await progressOf(key, sources));
}

async function progressOf({ kind, jobId, detail }: OperationKey, sources: OperationSources): Promise<Progress> {
  const { jobControl, jobManager } = sources;
  if (kind === 'DISPOSE') return detail ? forgiveMissing(await jobControl.disposalProgress(detail)) : done;
  const job = await jobManager.job(jobId ?? '');
  switch (kind) {
    case 'STOP':
      // A stop that was done is known by what the job left, long after Flink has forgotten the request.
      if (hasEnded(job)) return (await sources.stops.stop(job, { drain: false, timeoutMs: 0 })).progress;
      return detail ? await jobControl.savepointProgress(job.id, detail) : underWay;
    case 'SAVEPOINT':
      return detail ? await jobControl.savepointProgress(job.id, detail) : underWay;
    case 'CANCEL':
      return hasEnded(job) ? done : underWay;
    case 'RESTART':
    case 'RESCALE': {
      if (job.state === 'FAILED')
        return { state: 'FAILED', error: new SluiceError('FLINK_REFUSED', 'The job failed.') };
      const isRunning = job.tasks > 0 && job.runningTasks === job.tasks;
      if (!isRunning && job.state !== 'FINISHED') return underWay;
      if (kind === 'RESTART' || detail === null) return done;
      return (await jobControl.parallelismOf(job.id)) === Number(detail) ? done : underWay;
    }
  }
}
