import { SluiceError } from '#errors';
import type { Job } from '#flink';
import type { JobChanges } from '#jobs';
import type { Builder } from './builder.ts';
import type { TypeRef } from './job-types.ts';

/** A job on a page. */
interface JobEdge {
  readonly job: Job;
  readonly operation: 'UPSERT' | 'DELETE';
}

/** A page of jobs: of the list, or of what changed. */
export interface JobPage {
  readonly edges: readonly JobEdge[];
  readonly hasNextPage: boolean;
  /** Why Flink does not answer at present. */
  readonly error: string | null;
}

/** Adds the type `JobConnection`. */
export function addJobConnection(builder: Builder, job: TypeRef<Job>): TypeRef<JobPage> {
  const operation = builder.enumType('JobChange', {
    description: 'What became of a job.',
    values: {
      UPSERT: { description: 'It is there, anew or changed.' },
      DELETE: {
        description: 'Flink has forgotten it, or it does not fit `where` any more; the node is what was known last.',
      },
    } as const,
  });
  const edge = builder.objectRef<JobEdge>('JobEdge').implement({
    description: 'A job on a page.',
    fields: (t) => ({
      node: t.expose('job', { type: job, description: 'The job.' }),
      cursor: t.field({
        type: 'Cursor',
        description: 'The place after it in the query.',
        resolve: (own) => toCursor(own.job),
      }),
      operation: t.expose('operation', { type: operation, description: 'What became of it; UPSERT in a query.' }),
    }),
  });
  const pageInfo = builder.objectRef<JobPage>('JobPageInfo').implement({
    description: 'Where a page of jobs stands.',
    fields: (t) => ({
      endCursor: t.field({
        type: 'Cursor',
        nullable: true,
        description: 'Pass it as `after` to get the next page of the query; null when the page is empty.',
        resolve: ({ edges }) => {
          const last = edges.at(-1);
          return last ? toCursor(last.job) : null;
        },
      }),
      hasNextPage: t.exposeBoolean('hasNextPage', { description: 'Whether the query has more of them.' }),
      error: t.exposeString('error', {
        nullable: true,
        description:
          'Of a subscription: why Flink does not answer at present, so that what was told may be out of date. A page without it follows when Flink is back.',
      }),
    }),
  });
  return builder.objectRef<JobPage>('JobConnection').implement({
    description: 'A page of jobs.',
    fields: (t) => ({
      nodes: t.field({
        type: [job],
        description: 'The jobs alone, without those that are gone.',
        resolve: ({ edges }) => edges.flatMap((one) => (one.operation === 'UPSERT' ? [one.job] : [])),
      }),
      edges: t.field({
        type: [edge],
        description: 'The jobs with what became of them.',
        resolve: ({ edges }) => [...edges],
      }),
      pageInfo: t.field({ type: pageInfo, description: 'Where the page stands.', resolve: (page) => page }),
    }),
  });
}

/** A page of a list that is in the order of the cursors. */
export function toJobPage(jobs: readonly Job[], first: number, after: string | null | undefined): JobPage {
  const place = after ? fromCursor(after) : null;
  const rest = place ? jobs.filter((job) => isBehind(job, place)) : jobs;
  const edges = rest.slice(0, first).map((job) => ({ job, operation: 'UPSERT' as const }));
  return { edges, hasNextPage: rest.length > first, error: null };
}

/** A page of what changed. */
export function toChangePage({ changes, error }: JobChanges): JobPage {
  return { edges: changes, hasNextPage: false, error };
}

type Place = Pick<Job, 'startedAtMs' | 'id'>;

/** The newest come first; of one moment, by id. */
function isBehind(job: Job, { startedAtMs, id }: Place): boolean {
  return job.startedAtMs === startedAtMs ? job.id > id : job.startedAtMs < startedAtMs;
}

function toCursor({ startedAtMs, id }: Place): string {
  return Buffer.from(`job ${startedAtMs} ${id}`).toString('base64url');
}

function fromCursor(cursor: string): Place {
  const [, startedAt, id] = /^job (\d{1,16}) ([0-9a-f]{32})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (startedAt === undefined || id === undefined) {
    throw new SluiceError(
      'BAD_CURSOR',
      'This cursor cannot be used: it is not of `jobs`. Begin again without `after`.',
    );
  }
  return { startedAtMs: Number(startedAt), id };
}
