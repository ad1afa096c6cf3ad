import { SluiceError } from '#errors';
import type { Job } from '#flink';
import { inRange } from './arguments.ts';
import type { BuildContext } from './builder.ts';
import type { DeclaredTypes } from './declared-types.ts';
import { addJobConnection, toChangePage, toJobPage } from './job-connection.ts';
import { addJobFilter, toJobTest } from './job-filter.ts';
import type { TypeRef } from './job-types.ts';
import { openPages } from './open-pages.ts';

const defaultFirst = 50;
const maxFirst = 1_000;

/** Adds the queries `jobs` and `job`, and the subscription `jobs`. */
export function addJobFields({ builder, gateway }: BuildContext, declared: DeclaredTypes, job: TypeRef<Job>): void {
  const connection = addJobConnection(builder, job);
  const filter = addJobFilter(declared);
  const { jobs } = gateway.flink;
  builder.queryField('jobs', (t) =>
    t.field({
      type: connection,
      description: 'The jobs that Flink knows, the newest first.',
      args: {
        where: t.arg({ type: filter, description: 'Only jobs that fit.' }),
        first: t.arg.int({
          required: true,
          defaultValue: defaultFirst,
          description: `Most jobs to answer, 1 to ${maxFirst}.`,
        }),
        after: t.arg({ type: 'Cursor', description: 'Go on after this cursor of this query.' }),
      },
      async resolve(_root, { where, first, after }) {
        const count = inRange('first', first, maxFirst);
        const fits = toJobTest(where);
        return toJobPage((await jobs.list()).filter(fits), count, after);
      },
    }),
  );
  builder.queryField('job', (t) =>
    t.field({
      type: job,
      nullable: true,
      description: 'A job by its id; null when Flink knows none of that id.',
      args: { id: t.arg.id({ required: true, description: "Flink's id: 32 hex digits." }) },
      resolve: (_root, { id }) => jobs.get(String(id)).catch(orNull),
    }),
  );
  builder.subscriptionField('jobs', (t) =>
    t.field({
      type: connection,
      description:
        'The present jobs at once, then each job that comes, changes its state or goes, as it happens. Goes on while Flink is away; `pageInfo.error` says so.',
      args: { where: t.arg({ type: filter, description: 'Only jobs that fit.' }) },
      subscribe(_root, { where }) {
        const fits = toJobTest(where);
        return openPages((signal) => jobs.follow({ fits, signal }));
      },
      resolve: toChangePage,
    }),
  );
}

function orNull(thrown: unknown): null {
  if (thrown instanceof SluiceError && thrown.code === 'NOT_FOUND') return null;
  throw thrown;
}
