import type { CompletedCheckpoint, JobCheckpoints, JobException, JobSavepoint, JobVertex } from '#jobs';
import type { BuildContext, Builder } from './builder.ts';
import type { TypeRef } from './job-types.ts';

/** What a job consists of, and what was kept of it. */
export interface JobPartTypes {
  readonly vertex: TypeRef<JobVertex>;
  readonly checkpoints: TypeRef<JobCheckpoints>;
  readonly savepoint: TypeRef<JobSavepoint>;
  readonly exception: TypeRef<JobException>;
}

/** Adds the types of a job's parts. */
export function addJobPartTypes({ builder, gateway }: BuildContext): JobPartTypes {
  return {
    vertex: addVertex({ builder, gateway }),
    checkpoints: addCheckpoints({ builder, gateway }),
    savepoint: addSavepoint(builder),
    exception: addException(builder),
  };
}

function addVertex({ builder, gateway }: BuildContext): TypeRef<JobVertex> {
  const { details } = gateway.flink.jobs;
  const counted = (what: string) => ({
    type: 'BigInt' as const,
    nullable: true as const,
    description: `${what}; null before Flink has counted. Over the attempt that runs.`,
  });
  const measured =
    'Measured when it is asked for, as often as Flink does (`metrics.fetcher.update-interval`); null before.';
  return builder.objectRef<JobVertex>('JobVertex').implement({
    description: 'A vertex of a job: operators that run chained together.',
    fields: (t) => ({
      id: t.exposeID('id', { description: "Flink's id of the vertex." }),
      name: t.exposeString('name', { description: 'Its operators.' }),
      state: t.exposeString('state', {
        description: "Flink's state of its tasks, such as RUNNING; SCHEDULED waits for slots.",
      }),
      parallelism: t.exposeInt('parallelism', { description: 'How many subtasks it has.' }),
      startedAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When its tasks were started last; null before.',
        resolve: (vertex) => vertex.startedAtMs,
      }),
      recordsIn: t.field({ ...counted('Records received'), resolve: (vertex) => vertex.recordsIn }),
      recordsOut: t.field({ ...counted('Records given on'), resolve: (vertex) => vertex.recordsOut }),
      bytesIn: t.field({ ...counted('Bytes received'), resolve: (vertex) => vertex.bytesIn }),
      bytesOut: t.field({ ...counted('Bytes given on'), resolve: (vertex) => vertex.bytesOut }),
      busy: t.float({
        nullable: true,
        description: `Share of the time in which it works, 0 to 1, on average over its subtasks. ${measured}`,
        resolve: async (vertex) => (await details.metrics(vertex)).busy,
      }),
      backPressured: t.float({
        nullable: true,
        description: `Share of the time in which it waits for those behind it, 0 to 1. ${measured}`,
        resolve: async (vertex) => (await details.metrics(vertex)).backPressured,
      }),
      idle: t.float({
        nullable: true,
        description: `Share of the time in which it has nothing to do, 0 to 1. ${measured}`,
        resolve: async (vertex) => (await details.metrics(vertex)).idle,
      }),
      watermark: t.field({
        type: 'DateTime',
        nullable: true,
        description: `The event time that all its subtasks have reached. ${measured}`,
        resolve: async (vertex) => (await details.metrics(vertex)).watermarkMs,
      }),
      pendingRecords: t.field({
        type: 'BigInt',
        nullable: true,
        description: `Of a Kafka source: records that it has not read yet. ${measured}`,
        resolve: async (vertex) => (await details.metrics(vertex)).pendingRecords,
      }),
    }),
  });
}

function addCheckpoints({ builder, gateway }: BuildContext): TypeRef<JobCheckpoints> {
  const checkpoint = builder.objectRef<CompletedCheckpoint>('JobCheckpoint').implement({
    description: 'A checkpoint that was completed.',
    fields: (t) => ({
      id: t.field({ type: 'BigInt', description: 'They are counted from 1.', resolve: ({ id }) => id }),
      triggeredAt: t.field({
        type: 'DateTime',
        description: 'When it was begun.',
        resolve: ({ triggeredAtMs }) => triggeredAtMs,
      }),
      completedAt: t.field({
        type: 'DateTime',
        description: 'When it was completed.',
        resolve: ({ completedAtMs }) => completedAtMs,
      }),
      durationMs: t.field({
        type: 'BigInt',
        description: 'How long it took, in milliseconds.',
        resolve: ({ durationMs }) => durationMs,
      }),
      sizeBytes: t.field({
        type: 'BigInt',
        description: 'Size of the state, in bytes.',
        resolve: ({ sizeBytes }) => sizeBytes,
      }),
      ageMs: t.field({
        type: 'BigInt',
        description: 'How long ago it was begun, in milliseconds: what would be done again after a failure now.',
        resolve: ({ triggeredAtMs }) => Math.max(gateway.now() - triggeredAtMs, 0),
      }),
      path: t.exposeString('path', { nullable: true, description: 'Where it lies, if it was kept.' }),
    }),
  });
  return builder.objectRef<JobCheckpoints>('JobCheckpoints').implement({
    description: "A job's checkpoints. Counts are since Flink has it.",
    fields: (t) => ({
      total: t.exposeInt('total', { description: 'Begun.' }),
      completed: t.exposeInt('completed', { description: 'Completed.' }),
      failed: t.exposeInt('failed', { description: 'Failed.' }),
      inProgress: t.exposeInt('inProgress', { description: 'Begun and not ended yet.' }),
      restored: t.exposeInt('restored', { description: 'How often the job went back to one.' }),
      restoredFrom: t.exposeString('restoredFrom', {
        nullable: true,
        description: 'The checkpoint or savepoint that it went back to last, or began from; null: none.',
      }),
      latest: t.expose('latest', { type: checkpoint, nullable: true, description: 'The last that was completed.' }),
      lastFailedAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When one failed last; null: never.',
        resolve: ({ lastFailure }) => lastFailure?.atMs ?? null,
      }),
      lastFailure: t.string({
        nullable: true,
        description: 'Why one failed last, in Flink’s words.',
        resolve: ({ lastFailure }) => lastFailure?.reason ?? null,
      }),
    }),
  });
}

function addSavepoint(builder: Builder): TypeRef<JobSavepoint> {
  return builder.objectRef<JobSavepoint>('JobSavepoint').implement({
    description: 'A savepoint: state that a job can be started from.',
    fields: (t) => ({
      path: t.exposeString('path', { description: 'Where it lies.' }),
      takenAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When it was taken; null for the one that the job began from.',
        resolve: ({ takenAtMs }) => takenAtMs,
      }),
      sizeBytes: t.field({
        type: 'BigInt',
        nullable: true,
        description: 'Size of the state in bytes, where it is known.',
        resolve: ({ sizeBytes }) => sizeBytes,
      }),
    }),
  });
}

function addException(builder: Builder): TypeRef<JobException> {
  return builder.objectRef<JobException>('JobException').implement({
    description: 'A failure of a job.',
    fields: (t) => ({
      at: t.field({ type: 'DateTime', description: 'When.', resolve: ({ atMs }) => atMs }),
      cause: t.exposeString('cause', { description: 'The root cause: Flink\'s last "Caused by".' }),
      type: t.exposeString('type', { description: 'Its Java class.' }),
      task: t.exposeString('task', { nullable: true, description: 'The task in which it happened; null: none.' }),
    }),
  });
}
