import type { ObjectRef } from '@pothos/core';
import { type Job, jobStates, labels } from '#flink';
import type { EnumType } from '#model';
import type { BuildContext, Builder } from './builder.ts';
import type { DeclaredTypes } from './declared-types.ts';
import { addJobPartTypes } from './job-part-types.ts';

/** A type of the API itself, in the builder's terms. */
export type TypeRef<T> = ObjectRef<Builder['$inferSchemaTypes'], T>;

const meaning: Readonly<Record<Job['state'], string>> = {
  INITIALIZING: 'Flink has taken it and prepares it.',
  CREATED: 'It waits to be scheduled.',
  RUNNING: 'It is scheduled. Whether all its tasks run already is in `runningTasks`; why not, in `waitsFor`.',
  FAILING: 'It has failed and its tasks are being ended.',
  FAILED: 'It has failed for good; `exceptions` say why.',
  CANCELLING: 'It is being cancelled.',
  CANCELED: 'It was cancelled.',
  FINISHED: 'It has ended: all was read, or it was stopped with a savepoint.',
  RESTARTING: 'It has failed, and Flink starts it again from its last checkpoint.',
  SUSPENDED: 'Its JobManager has lost it, or hands it over to another.',
  RECONCILING: 'Its JobManager has come back and takes stock.',
};

/** Flink's states of a job, for output and for filters alike. */
export const jobStateEnum: EnumType = {
  name: 'JobState',
  description: "Flink's states of a job.",
  values: jobStates.map((name) => ({ name, description: meaning[name] })),
};

/**
 * Adds the type `Job`. What Flink's list of jobs does not tell is read only when it is selected, and shared by all who
 * select it: at most one request a second for each job and kind.
 */
export function addJobTypes(
  { builder, gateway }: BuildContext,
  declared: DeclaredTypes,
): { readonly job: TypeRef<Job> } {
  const state = declared.enum(jobStateEnum);
  const declaredTopics = new Set(gateway.sources.map(({ source }) => source.topic));
  const job = builder.objectRef<Job>('Job').implement({
    description: 'A Flink job.',
    fields: (t) => ({
      id: t.exposeID('id', { description: "Flink's id: 32 hex digits." }),
      name: t.exposeString('name', { description: 'Its name.' }),
      state: t.field({ type: state, description: 'Its state.', resolve: (job) => job.state }),
      view: t.exposeString('view', {
        nullable: true,
        description: 'The topic of the view that it computes; null for other jobs.',
      }),
      orphan: t.boolean({
        description: 'Whether it computes a view that is not declared here. applyViews can stop it.',
        resolve: ({ view, endedAtMs }) => view !== null && endedAtMs === null && !declaredTopics.has(view),
      }),
      sql: t.exposeString('sql', { nullable: true, description: 'Its SQL; null for a job that Sluice did not start.' }),
      owner: t.string({
        nullable: true,
        description: 'Who started it (its label `sluice.by`); null for a job that Sluice did not start.',
        resolve: (job) => job.labels[labels.by] ?? null,
      }),
      labels: t.field({
        type: 'JSON',
        description:
          'All its labels (global job parameters), an object. Flink tells them some seconds after the start.',
        resolve: (job) => job.labels,
      }),
      tasks: t.exposeInt('tasks', { description: 'How many tasks it has: one for each subtask of its vertices.' }),
      runningTasks: t.exposeInt('runningTasks', { description: 'How many of them run.' }),
      startedAt: t.field({ type: 'DateTime', description: 'When it started.', resolve: (job) => job.startedAtMs }),
      endedAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When it ended; null while it runs.',
        resolve: (job) => job.endedAtMs,
      }),
      durationMs: t.field({
        type: 'BigInt',
        description: 'How long it has run, in milliseconds.',
        resolve: (job) => (job.endedAtMs ?? gateway.now()) - job.startedAtMs,
      }),
    }),
  });
  addDetails({ builder, gateway }, job);
  return { job };
}

/** What is read only when it is selected. */
function addDetails({ builder, gateway }: BuildContext, job: TypeRef<Job>): void {
  const parts = addJobPartTypes({ builder, gateway });
  const { details } = gateway.flink.jobs;
  builder.objectFields(job, (t) => ({
    parallelism: t.int({
      nullable: true,
      description: 'The greatest parallelism of its vertices; null when Flink has forgotten it.',
      resolve: async ({ id }) => {
        const graph = await details.graph(id);
        return graph && Math.max(1, ...graph.vertices.map((vertex) => vertex.parallelism));
      },
    }),
    waitsFor: t.string({
      nullable: true,
      description: 'Why tasks of it do not run, such as "needs 2 slots, 1 free" or why it restarts; null when they do.',
      resolve: ({ id, state: present }) => details.waitsFor(id, present),
    }),
    vertices: t.field({
      type: [parts.vertex],
      description: 'Its vertices: the operators that Flink runs chained together.',
      resolve: async ({ id }) => [...((await details.graph(id))?.vertices ?? [])],
    }),
    checkpoints: t.field({
      type: parts.checkpoints,
      nullable: true,
      description: 'Its checkpoints; null when Flink has forgotten it.',
      resolve: ({ id }) => details.checkpoints(id),
    }),
    savepoints: t.field({
      type: [parts.savepoint],
      description: 'Its savepoints among the last checkpoints, which Flink remembers, and the one it began from.',
      resolve: async ({ id }) => [...((await details.checkpoints(id))?.savepoints ?? [])],
    }),
    exceptions: t.field({
      type: [parts.exception],
      description: 'Its last failures, the newest first; Flink remembers some of them.',
      resolve: async ({ id }) => [...(await details.exceptions(id))],
    }),
    restarts: t.int({
      nullable: true,
      description: 'How often Flink has restarted it; null before that is counted, and after its end.',
      resolve: ({ id }) => details.restarts(id),
    }),
    pendingRecords: t.field({
      type: 'BigInt',
      nullable: true,
      description:
        'The lag of its Kafka sources: records that they have not read yet. Measured when it is asked for, as often as Flink does (`metrics.fetcher.update-interval`); null before.',
      resolve: ({ id }) => details.pendingRecords(id),
    }),
  }));
}
