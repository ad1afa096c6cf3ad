import { SluiceError } from '#errors';
import type { StartPoint, Submission } from '#jobs';
import type { Builder } from './builder.ts';
import { badArgument } from './record-types.ts';

/** Adds the inputs of the mutations on jobs. */
export function addJobInputs(builder: Builder) {
  const setting = builder.inputType('JobSetting', {
    description: 'A setting of a job.',
    fields: (t) => ({
      name: t.string({ required: true, description: "In Flink's own words, e.g. `table.exec.state.ttl`." }),
      value: t.string({ required: true, description: 'As Flink reads it, e.g. `1 h`.' }),
    }),
  });
  const from = builder.enumType('JobFrom', {
    description: 'Where a job reads the declared streams from.',
    values: {
      EARLIEST: { description: 'From the oldest record that there is.' },
      LATEST: { description: 'What comes from now on.' },
    } as const,
  });
  const start = builder.inputType('JobStart', {
    description: 'The state that a job goes on from.',
    isOneOf: true,
    fields: (t) => ({
      savepoint: t.string({ description: 'The path of a savepoint or checkpoint, as Flink told it.' }),
      latest: t.boolean({ description: 'The newest checkpoint or savepoint of the last job of this name.' }),
    }),
  });
  const restart = builder.inputType('JobRestart', {
    description: 'The state that a job is started again from.',
    isOneOf: true,
    fields: (t) => ({
      savepoint: t.string({ description: 'The path of a savepoint or checkpoint, as Flink told it.' }),
      latest: t.boolean({ description: 'What the job leaves, or left: its savepoint or newest checkpoint.' }),
      scratch: t.boolean({ description: 'None: all is computed anew.' }),
    }),
  });
  const submit = builder.inputType('SubmitJobInput', {
    description: 'A job to run.',
    fields: (t) => ({
      name: t.string({
        required: true,
        description: 'Its name, 1 to 200 printable characters: no two running jobs share one.',
      }),
      sql: t.string({
        required: true,
        description:
          'One INSERT or several over the declared streams and views. Before them CREATE TEMPORARY TABLE or VIEW for tables of its own.',
      }),
      parallelism: t.int({
        defaultValue: 1,
        description: 'How many tasks of each operator run; as many slots are used.',
      }),
      settings: t.field({ type: [setting], description: 'Settings of the job.' }),
      from: t.field({ type: from, defaultValue: 'EARLIEST', description: 'Where it begins without a state.' }),
      startFrom: t.field({ type: start, description: 'The state that it goes on from; none when absent.' }),
      replace: t.boolean({
        defaultValue: false,
        description:
          'Whether a running job of this name with other SQL is stopped with a savepoint and this one goes on from there, where Flink takes the state over. Otherwise that is a CONFLICT.',
      }),
      idempotencyKey: t.string({
        description: 'A repeated call with the same key starts nothing, even when the job has ended meanwhile.',
      }),
    }),
  });
  return { submit, restart };
}

/** `SubmitJobInput` as GraphQL coerced it. */
export interface SubmitInput {
  readonly name: string;
  readonly sql: string;
  readonly parallelism?: number | null | undefined;
  readonly settings?: readonly { readonly name: string; readonly value: string }[] | null | undefined;
  readonly from?: Submission['from'] | null | undefined;
  readonly startFrom?: StartInput | null | undefined;
  readonly replace?: boolean | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/** `JobStart` and `JobRestart` as GraphQL coerced them. */
export interface StartInput {
  readonly savepoint?: string | null | undefined;
  readonly latest?: boolean | null | undefined;
  readonly scratch?: boolean | null | undefined;
}

/** What the room of Flink takes. Throws BAD_INPUT. */
export function toSubmission(input: SubmitInput): Submission {
  return {
    name: input.name,
    sql: input.sql,
    parallelism: input.parallelism ?? 1,
    settings: toSettings(input.settings ?? []),
    from: input.from ?? 'EARLIEST',
    startFrom: input.startFrom ? toStartPoint('input.startFrom', input.startFrom) : null,
    replace: input.replace ?? false,
    idempotencyKey: input.idempotencyKey ?? null,
  };
}

/** The one that was chosen. Throws BAD_INPUT for `false`. */
export function toStartPoint(argument: string, { savepoint, latest, scratch }: StartInput): StartPoint {
  if (typeof savepoint === 'string') return { kind: 'savepoint', path: savepoint };
  if (latest) return { kind: 'latest' };
  if (scratch) return { kind: 'scratch' };
  throw badArgument(argument, 'what is chosen can only be true.');
}

function toSettings(entries: NonNullable<SubmitInput['settings']>): Readonly<Record<string, string>> {
  const settings = new Map<string, string>();
  for (const { name, value } of entries) {
    if (settings.has(name)) throw new SluiceError('BAD_INPUT', `Setting "${name}" is given twice.`);
    settings.set(name, value);
  }
  return Object.fromEntries(settings);
}
