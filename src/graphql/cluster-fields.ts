import type { ClusterStatus } from '#jobs';
import type { BuildContext } from './builder.ts';

type Endpoint = ClusterStatus['jobManager'];

/** Adds the query `cluster`. */
export function addClusterFields({ builder, gateway }: BuildContext): void {
  const endpoint = builder.objectRef<Endpoint>('ClusterEndpoint').implement({
    description: 'A REST endpoint of Flink.',
    fields: (t) => ({
      reachable: t.boolean({ description: 'Whether it answers.', resolve: ({ error }) => error === null }),
      error: t.exposeString('error', { nullable: true, description: 'Why not, in words; null when it does.' }),
    }),
  });
  const cluster = builder.objectRef<ClusterStatus>('Cluster').implement({
    description: 'The Flink cluster. What the JobManager does not tell at present is null.',
    fields: (t) => ({
      jobManager: t.expose('jobManager', { type: endpoint, description: 'The JobManager, which runs jobs.' }),
      sqlGateway: t.expose('sqlGateway', { type: endpoint, description: 'The SQL Gateway, which compiles SQL.' }),
      version: t.string({
        nullable: true,
        description: "Flink's version.",
        resolve: ({ overview }) => overview?.version,
      }),
      taskManagers: t.int({
        nullable: true,
        description: 'How many TaskManagers are registered.',
        resolve: ({ overview }) => overview?.taskManagers,
      }),
      slots: t.int({ nullable: true, description: 'Task slots in all.', resolve: ({ overview }) => overview?.slots }),
      freeSlots: t.int({
        nullable: true,
        description: 'Task slots that no job has.',
        resolve: ({ overview }) => overview?.freeSlots,
      }),
      jobsRunning: t.int({
        nullable: true,
        description: 'Jobs that have not ended.',
        resolve: ({ overview }) => overview?.jobs.running,
      }),
      jobsFinished: t.int({
        nullable: true,
        description: 'Jobs that have finished, of those that Flink remembers.',
        resolve: ({ overview }) => overview?.jobs.finished,
      }),
      jobsCancelled: t.int({
        nullable: true,
        description: 'Jobs that were cancelled, of those that Flink remembers.',
        resolve: ({ overview }) => overview?.jobs.cancelled,
      }),
      jobsFailed: t.int({
        nullable: true,
        description: 'Jobs that have failed, of those that Flink remembers.',
        resolve: ({ overview }) => overview?.jobs.failed,
      }),
    }),
  });
  builder.queryField('cluster', (t) =>
    t.field({
      type: cluster,
      description: 'The Flink cluster: its version, its slots, and whether it answers.',
      resolve: () => gateway.flink.cluster(),
    }),
  );
}
