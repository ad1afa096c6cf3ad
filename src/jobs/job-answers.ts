import { z } from 'zod';
import { parseCauses } from '#flink';
import type {
  CompletedCheckpoint,
  JobCheckpoints,
  JobException,
  JobGraph,
  JobSavepoint,
  JobVertex,
} from './job-parts.ts';

const counts = z.record(z.string(), z.int());
const vertex = z.object({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  parallelism: z.int(),
  slotSharingGroupId: z.string().nullish(),
  'start-time': z.int(),
  tasks: counts,
  metrics: z.object({
    'read-bytes': z.number(),
    'read-bytes-complete': z.boolean(),
    'write-bytes': z.number(),
    'write-bytes-complete': z.boolean(),
    'read-records': z.number(),
    'read-records-complete': z.boolean(),
    'write-records': z.number(),
    'write-records-complete': z.boolean(),
  }),
});

/** Answers `/jobs/:id`. */
export const graphAnswer = z.object({
  jid: z.string(),
  now: z.int(),
  schedulerType: z.string().nullish(),
  timestamps: z.record(z.string(), z.int()),
  vertices: z.array(vertex),
  plan: z.object({ nodes: z.array(z.object({ id: z.string(), inputs: z.array(z.unknown()).nullish() })).nullish() }),
});

const completed = z.object({
  id: z.number(),
  is_savepoint: z.boolean(),
  trigger_timestamp: z.int(),
  latest_ack_timestamp: z.int(),
  state_size: z.number(),
  end_to_end_duration: z.number(),
  external_path: z.string().nullish(),
  discarded: z.boolean().nullish(),
});
const ofHistory = z.union([completed.extend({ status: z.literal('COMPLETED') }), z.object({ status: z.string() })]);

/** Answers `/jobs/:id/checkpoints`. */
export const checkpointsAnswer = z.object({
  counts: z.object({
    total: z.int(),
    completed: z.int(),
    failed: z.int(),
    in_progress: z.int(),
    restored: z.int(),
  }),
  latest: z.object({
    completed: completed.nullish(),
    savepoint: completed.nullish(),
    failed: z.object({ failure_timestamp: z.int(), failure_message: z.string().nullish() }).nullish(),
    restored: z.object({ external_path: z.string().nullish(), is_savepoint: z.boolean() }).nullish(),
  }),
  history: z.array(ofHistory),
});

/** Answers `/jobs/:id/exceptions`. */
export const exceptionsAnswer = z.object({
  exceptionHistory: z.object({
    entries: z.array(
      z.object({
        exceptionName: z.string(),
        stacktrace: z.string(),
        timestamp: z.int(),
        taskName: z.string().nullish(),
      }),
    ),
  }),
});

/** Tasks in these states have no slot. */
const waitingStates = ['CREATED', 'SCHEDULED'];

/** Reads the graph of a job. */
export function toGraph(answer: z.infer<typeof graphAnswer>): JobGraph {
  const sources = new Set(answer.plan.nodes?.filter(({ inputs }) => !inputs?.length).map(({ id }) => id));
  const restartedAtMs = answer.timestamps.RESTARTING || null;
  return {
    vertices: answer.vertices.map((one) => toVertex(one, answer.jid, sources)),
    nowMs: answer.now,
    restartedAtMs,
    scheduler: answer.schedulerType ?? null,
    attempt: [restartedAtMs, ...answer.vertices.map((one) => one['start-time'])].join(' '),
    runs: answer.vertices.every(({ status }) => status === 'RUNNING'),
  };
}

function toVertex(answer: z.infer<typeof vertex>, jobId: string, sources: ReadonlySet<string>): JobVertex {
  const { metrics, tasks } = answer;
  return {
    jobId,
    id: answer.id,
    name: answer.name,
    state: answer.status,
    parallelism: answer.parallelism,
    isSource: sources.has(answer.id),
    waitingTasks: waitingStates.reduce((sum, state) => sum + (tasks[state] ?? 0), 0),
    slotSharingGroup: answer.slotSharingGroupId ?? '',
    startedAtMs: answer['start-time'] > 0 ? answer['start-time'] : null,
    recordsIn: metrics['read-records-complete'] ? metrics['read-records'] : null,
    recordsOut: metrics['write-records-complete'] ? metrics['write-records'] : null,
    bytesIn: metrics['read-bytes-complete'] ? metrics['read-bytes'] : null,
    bytesOut: metrics['write-bytes-complete'] ? metrics['write-bytes'] : null,
  };
}

const isCheckpoint = /\/chk-\d+$/;

/** Reads the checkpoints of a job. */
export function toCheckpoints({ counts, latest, history }: z.infer<typeof checkpointsAnswer>): JobCheckpoints {
  const taken = history.flatMap((one) => ('external_path' in one && one.is_savepoint ? [toCompleted(one)] : []));
  const newest = latest.savepoint ? [toCompleted(latest.savepoint)] : [];
  const { failed, restored } = latest;
  // Flink calls whatever a job is told to begin from a savepoint, a checkpoint of another job as well.
  const begun =
    restored?.is_savepoint && !isCheckpoint.test(restored.external_path ?? '') ? restored.external_path : null;
  return {
    total: counts.total,
    completed: counts.completed,
    failed: counts.failed,
    inProgress: counts.in_progress,
    restored: counts.restored,
    latest: latest.completed ? toCompleted(latest.completed) : null,
    lastFailure: failed ? { atMs: failed.failure_timestamp, reason: failed.failure_message ?? null } : null,
    restoredFrom: restored?.external_path ?? null,
    savepoints: toSavepoints([...newest, ...taken], begun ?? null),
  };
}

function toCompleted(answer: z.infer<typeof completed>): CompletedCheckpoint {
  return {
    id: answer.id,
    isSavepoint: answer.is_savepoint,
    triggeredAtMs: answer.trigger_timestamp,
    completedAtMs: answer.latest_ack_timestamp,
    sizeBytes: answer.state_size,
    durationMs: answer.end_to_end_duration,
    path: answer.external_path ?? null,
    isDiscarded: answer.discarded ?? false,
  };
}

/** The newest is among the history too, as long as that reaches back so far. */
function toSavepoints(taken: readonly CompletedCheckpoint[], begun: string | null): readonly JobSavepoint[] {
  const byPath = new Map<string, JobSavepoint>();
  for (const { path, triggeredAtMs, sizeBytes, isDiscarded } of taken) {
    if (path !== null && !isDiscarded) byPath.set(path, { path, takenAtMs: triggeredAtMs, sizeBytes });
  }
  if (begun !== null && !byPath.has(begun)) byPath.set(begun, { path: begun, takenAtMs: null, sizeBytes: null });
  return [...byPath.values()];
}

/** Reads the failures of a job, the newest first. */
export function toExceptions({ exceptionHistory }: z.infer<typeof exceptionsAnswer>): readonly JobException[] {
  return exceptionHistory.entries.map(({ stacktrace, exceptionName, timestamp, taskName }) => {
    const root = parseCauses([stacktrace]).at(-1);
    return {
      atMs: timestamp,
      cause: root?.message || exceptionName,
      type: root?.type ?? exceptionName,
      task: taskName || null,
      stackTrace: stacktrace,
    };
  });
}
