import type { Job } from '#flink';
import { inRange } from './arguments.ts';
import type { BuildContext } from './builder.ts';
import { addJobInputs, toStartPoint, toSubmission } from './job-inputs.ts';
import { addJobPayloads } from './job-operation-types.ts';
import type { TypeRef } from './job-types.ts';

type Payloads = ReturnType<typeof addJobPayloads>;
type Inputs = ReturnType<typeof addJobInputs>;

const defaultTimeoutMs = 30_000;
const maxTimeoutMs = 600_000;

/** Adds the mutations on jobs and the query `jobOperation`. */
export function addJobMutations(context: BuildContext, job: TypeRef<Job>): void {
  const payloads = addJobPayloads(context.builder, job);
  const inputs = addJobInputs(context.builder);
  addSubmit(context, payloads, inputs);
  addEnds(context, payloads);
  addSavepoints(context, payloads);
  addStarts(context, payloads, inputs);
  context.builder.queryField('jobOperation', (t) =>
    t.field({
      type: payloads.operation,
      description: 'How far something stands that a mutation began. Flink forgets it some minutes after its end.',
      args: { id: t.arg.id({ required: true, description: 'As the mutation answered it.' }) },
      resolve: (_root, { id }) => context.gateway.flink.steering.operation(id),
    }),
  );
}

function addSubmit({ builder, gateway }: BuildContext, { submitted }: Payloads, { submit }: Inputs): void {
  builder.mutationField('submitJob', (t) =>
    t.field({
      type: submitted,
      description:
        'Runs SQL as a Flink job. The same name and SQL again answer with the job that runs; repeating a call is safe.',
      args: { input: t.arg({ type: submit, required: true, description: 'The job.' }) },
      resolve: (_root, { input }) => gateway.flink.submission.submit(toSubmission(input)),
    }),
  );
}

const idOf = 'The job, running or ended.';
const timeout = 'The longest time to wait, in milliseconds. After it the answer is an operation IN_PROGRESS.';

function addEnds({ builder, gateway }: BuildContext, { steered }: Payloads): void {
  builder.mutationField('stopJob', (t) =>
    t.field({
      type: steered,
      description: 'Stops a job with a savepoint. A job that was stopped already answers with its savepoint.',
      args: {
        id: t.arg.id({ required: true, description: idOf }),
        drain: t.arg.boolean({
          defaultValue: false,
          description: 'Whether open windows are written as if the streams had ended; such a job cannot go on.',
        }),
        timeoutMs: t.arg.int({ defaultValue: defaultTimeoutMs, description: timeout }),
      },
      resolve: (_root, { id, drain, timeoutMs }) =>
        gateway.flink.steering.stop(id, { drain: drain ?? false, timeoutMs: toTimeout(timeoutMs) }),
    }),
  );
  builder.mutationField('cancelJob', (t) =>
    t.field({
      type: steered,
      description: 'Ends a job without a savepoint. Its newest checkpoint stays.',
      args: {
        id: t.arg.id({ required: true, description: idOf }),
        timeoutMs: t.arg.int({ defaultValue: defaultTimeoutMs, description: timeout }),
      },
      resolve: (_root, { id, timeoutMs }) => gateway.flink.steering.cancel(id, toTimeout(timeoutMs)),
    }),
  );
}

function addSavepoints({ builder, gateway }: BuildContext, { steered }: Payloads): void {
  builder.mutationField('triggerSavepoint', (t) =>
    t.field({
      type: steered,
      description: 'Takes a savepoint of a job that runs on.',
      args: {
        id: t.arg.id({ required: true, description: 'A running job.' }),
        timeoutMs: t.arg.int({ defaultValue: defaultTimeoutMs, description: timeout }),
      },
      resolve: (_root, { id, timeoutMs }) => gateway.flink.steering.triggerSavepoint(id, toTimeout(timeoutMs)),
    }),
  );
  builder.mutationField('disposeSavepoint', (t) =>
    t.field({
      type: steered,
      description: 'Deletes a savepoint. One that is gone already counts as deleted.',
      args: {
        path: t.arg.string({ required: true, description: "Its path, below Flink's directories for its state." }),
        timeoutMs: t.arg.int({ defaultValue: defaultTimeoutMs, description: timeout }),
      },
      resolve: (_root, { path, timeoutMs }) => gateway.flink.steering.disposeSavepoint(path, toTimeout(timeoutMs)),
    }),
  );
}

function addStarts({ builder, gateway }: BuildContext, { steered }: Payloads, { restart }: Inputs): void {
  builder.mutationField('rescaleJob', (t) =>
    t.field({
      type: steered,
      description:
        'Changes the parallelism of a job: within the running job where the scheduler of Flink is adaptive, else by a savepoint and a new job.',
      args: {
        id: t.arg.id({ required: true, description: idOf }),
        parallelism: t.arg.int({ required: true, description: 'How many tasks of each operator shall run.' }),
        timeoutMs: t.arg.int({ defaultValue: defaultTimeoutMs, description: timeout }),
      },
      resolve: (_root, { id, parallelism, timeoutMs }) =>
        gateway.flink.steering.rescale(id, parallelism, toTimeout(timeoutMs)),
    }),
  );
  builder.mutationField('restartJob', (t) =>
    t.field({
      type: steered,
      description: 'Starts a job of Sluice again; one that runs is ended first. Repeating a call is safe.',
      args: {
        id: t.arg.id({ required: true, description: idOf }),
        from: t.arg({ type: restart, required: true, description: 'The state that it goes on from.' }),
        timeoutMs: t.arg.int({ defaultValue: defaultTimeoutMs, description: timeout }),
      },
      resolve: (_root, { id, from, timeoutMs }) =>
        gateway.flink.steering.restart(id, toStartPoint('from', from), toTimeout(timeoutMs)),
    }),
  );
}

function toTimeout(timeoutMs: number | null | undefined): number {
  return inRange('timeoutMs', timeoutMs ?? defaultTimeoutMs, maxTimeoutMs);
}
