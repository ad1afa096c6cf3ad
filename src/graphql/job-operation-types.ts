import type { Job } from '#flink';
import { type JobOperation, operationKinds, type SteeredJob, type SubmittedJob } from '#jobs';
import type { Builder } from './builder.ts';
import type { TypeRef } from './job-types.ts';

/** Adds the payloads of the mutations on jobs. */
export function addJobPayloads(builder: Builder, job: TypeRef<Job>) {
  const operation = addJobOperation(builder);
  const steered = builder.objectRef<SteeredJob>('SteerJobPayload').implement({
    description: 'What came of steering a job so far.',
    fields: (t) => ({
      job: t.field({
        type: job,
        nullable: true,
        description: 'The job as it is now; after a restart the new one. Null where no job is concerned.',
        resolve: (result) => result.job,
      }),
      savepoint: t.exposeString('savepoint', {
        nullable: true,
        description: 'The path of the savepoint that was written, started from, or deleted.',
      }),
      operation: t.field({
        type: operation,
        description: 'How far it stands. When it is IN_PROGRESS, ask again by `jobOperation`.',
        resolve: (result) => result.operation,
      }),
      warning: t.exposeString('warning', { nullable: true, description: 'What went not as wished.' }),
    }),
  });
  return { operation, steered, submitted: addSubmitted(builder, job) };
}

function addJobOperation(builder: Builder) {
  const meanings: Readonly<Record<(typeof operationKinds)[number], string>> = {
    STOP: 'A job is stopped with a savepoint.',
    CANCEL: 'A job is ended without a savepoint.',
    SAVEPOINT: 'A savepoint of a running job is taken.',
    DISPOSE: 'A savepoint is deleted.',
    RESCALE: 'A job gets another parallelism.',
    RESTART: 'A job is started again.',
  };
  const kind = builder.enumType('JobOperationKind', {
    description: 'What Flink was asked for.',
    values: Object.fromEntries(operationKinds.map((name) => [name, { value: name, description: meanings[name] }])),
  });
  const state = builder.enumType('JobOperationState', {
    description: 'How far an operation stands.',
    values: {
      IN_PROGRESS: { description: 'Flink is at it.' },
      COMPLETED: { description: 'It is done.' },
      FAILED: { description: 'It failed; `error` says why. A job that was to be stopped runs on.' },
    } as const,
  });
  return builder.objectRef<JobOperation>('JobOperation').implement({
    description: 'Something that Flink was asked for and that takes it some time.',
    fields: (t) => ({
      id: t.exposeID('id', { description: 'Opaque; every gateway on the same Flink knows it.' }),
      kind: t.field({ type: kind, description: 'What was asked for.', resolve: (asked) => asked.kind }),
      state: t.field({ type: state, description: 'How far it stands.', resolve: (asked) => asked.state }),
      savepoint: t.exposeString('savepoint', {
        nullable: true,
        description: 'The path of the savepoint that came of it.',
      }),
      error: t.exposeString('error', { nullable: true, description: "Why it failed, in Flink's words." }),
    }),
  });
}

function addSubmitted(builder: Builder, job: TypeRef<Job>) {
  const outcome = builder.enumType('SubmitOutcome', {
    description: 'What came of a submission.',
    values: {
      STARTED: { description: 'The job is new.' },
      ALREADY_RUNNING: {
        description: 'The same was submitted before; with an idempotency key the job may have ended meanwhile.',
      },
      REPLACED: { description: 'It took the place of a job of its name.' },
    } as const,
  });
  return builder.objectRef<SubmittedJob>('SubmitJobPayload').implement({
    description: 'What came of a submission.',
    fields: (t) => ({
      job: t.field({ type: job, description: 'The job, as Flink has it.', resolve: (result) => result.job }),
      outcome: t.field({ type: outcome, description: 'Whether it is new.', resolve: (result) => result.outcome }),
      restoredFrom: t.exposeString('restoredFrom', {
        nullable: true,
        description: 'The savepoint or checkpoint that it goes on from.',
      }),
      stateKept: t.exposeBoolean('stateKept', {
        nullable: true,
        description:
          'Of a replacement: whether Flink took the state over. Null when there was none, or when that is not known yet.',
      }),
      warning: t.exposeString('warning', {
        nullable: true,
        description: 'What went not as wished: too few free slots, state that Flink did not take over.',
      }),
    }),
  });
}
