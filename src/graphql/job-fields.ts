import { type Job, jobStates } from '#flink';
import type { BuildContext } from './builder.ts';

/** Adds the query `jobs`. */
export function addJobFields({ builder, gateway }: BuildContext): void {
  const job = addJob({ builder, gateway });
  builder.queryField('jobs', (t) =>
    t.field({
      type: [job],
      description: "Flink's jobs, the newest first.",
      resolve: async () => [...(await gateway.flink.jobs.list())],
    }),
  );
}

function addJob({ builder, gateway }: BuildContext) {
  const state = builder.enumType('JobState', {
    description: "Flink's states of a job.",
    values: Object.fromEntries(jobStates.map((name) => [name, { value: name, description: `Flink says ${name}.` }])),
  });
  return builder.objectRef<Job>('Job').implement({
    description: 'A Flink job.',
    fields: (t) => ({
      id: t.exposeID('id', { description: "Flink's id: 32 hex digits." }),
      name: t.exposeString('name', { description: 'Its name.' }),
      state: t.field({ type: state, description: 'Its state.', resolve: (job) => job.state }),
      view: t.string({
        nullable: true,
        description: 'The topic of the view that it computes; null for other jobs.',
        resolve: (job) => job.view,
      }),
      sql: t.string({
        nullable: true,
        description: 'Its SQL; null for a job that Sluice did not start.',
        resolve: (job) => job.sql,
      }),
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
}
