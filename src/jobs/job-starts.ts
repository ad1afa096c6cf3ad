import { messageOf, SluiceError } from '#errors';
import type { JobControl, JobManager, ListedJob, Logger } from '#flink';
import type { Model } from '#model';
import { checkJobSettings, type SqlPolicy, splitStatements, toSinkInsert, toStatementSet } from '#sql';
import { type JobLauncher, type Launch, type Launched, StateRefused } from './job-launcher.ts';
import type { JobStops } from './job-stops.ts';
import { awaitAcceptance } from './state-acceptance.ts';
import { type SinkFacts, type StatePlan, toStatePlan } from './state-plan.ts';
import { type JobDefinition, toJobLabels, toSubmissionConfig } from './submission.ts';

/** What {@link JobStarts} works with. */
export interface JobStartsOptions {
  readonly model: Model;
  readonly policy: SqlPolicy;
  readonly jobManager: JobManager;
  readonly jobControl: JobControl;
  readonly launcher: JobLauncher;
  readonly stops: JobStops;
  readonly checkpointIntervalMs: number;
  readonly acceptanceTimeoutMs: number;
  readonly logger: Logger;
}

/** What is to be started, and from which state. */
export interface StartOrder {
  readonly definition: JobDefinition;
  readonly hash: string;
  readonly idempotencyKey: string | null;
  /** The last job of the name. */
  readonly predecessor: ListedJob | null;
  readonly restorePath: string | null;
  /** Whether it starts from scratch where Flink does not accept the state; otherwise that is an error. */
  readonly mayStartAfresh: boolean;
}

/** What came of a {@link StartOrder}. `isOurs` is false when somebody else did the same at the same time. */
export interface StartedJob extends Launched {
  readonly restoredFrom: string | null;
  /** Null when there was no state to take, or when it is not known yet. */
  readonly stateKept: boolean | null;
  readonly warning: string | null;
}

/** Both plans that are compared write to tables of this model: the same name is the same table. */
const anySink: SinkFacts = { key: [], hasRequired: false };

type Parts = Pick<Launch, 'creates' | 'insert' | 'from'>;

/** Starts the jobs that clients submit: the SQL as they wrote it, over all declared streams and views. */
export class JobStarts {
  readonly #options: JobStartsOptions;

  constructor(options: JobStartsOptions) {
    this.#options = options;
  }

  /** Reads and judges the SQL and the settings; nothing is sent. Throws SQL_REJECTED, SQL_NOT_ALLOWED or BAD_INPUT. */
  read({ sql, settings, from }: JobDefinition): Parts {
    checkJobSettings(settings);
    const statements = splitStatements(sql);
    this.#options.policy.check(statements, 'SUBMIT');
    const creates = statements.filter(({ kind }) => kind.startsWith('CREATE_TEMPORARY_'));
    const inserts = statements
      .flatMap((statement) => (statement.kind === 'STATEMENT_SET' ? statement.inserts : [statement]))
      .filter(({ kind }) => kind === 'INSERT')
      .map((insert) => toSinkInsert(insert, this.#options.model));
    const [first, ...others] = inserts;
    if (!first) {
      throw new SluiceError('BAD_INPUT', 'sql: at least one INSERT is wanted; without it there is nothing to run.');
    }
    return { creates, insert: others.length === 0 ? first : toStatementSet(inserts), from };
  }

  /** Lets Flink compile it and gives what its state would belong to; nothing is started. Rejects with SQL_REJECTED. */
  async compile(definition: JobDefinition): Promise<StatePlan> {
    const parts = this.read(definition);
    const plan = toStatePlan(await this.#options.launcher.explain(parts), anySink);
    // A table of the same name may be another one.
    return [...parts.creates.map(({ text }) => text), plan].join('\n');
  }

  /** Rejects as `JobLauncher.launch` does; with FLINK_REFUSED where the state is not accepted and has to be. */
  async start(order: StartOrder): Promise<StartedJob> {
    const { restorePath, predecessor } = order;
    const launch = this.#toLaunch(order);
    let launched: Launched;
    try {
      launched = await this.#options.launcher.launch({ ...launch, predecessor: predecessor?.id ?? null, restorePath });
    } catch (thrown) {
      if (!(thrown instanceof StateRefused)) throw thrown;
      if (!order.mayStartAfresh) throw toStateError(thrown.cause, restorePath);
      return await this.#startAfresh(order, thrown.usedUpId, thrown.message);
    }
    const { jobManager, jobControl, acceptanceTimeoutMs: timeoutMs } = this.#options;
    const started = { ...launched, restoredFrom: launched.isOurs ? restorePath : null, stateKept: null, warning: null };
    if (restorePath === null || !order.mayStartAfresh) return started;
    const acceptance = await awaitAcceptance(launched.job.id, { jobManager, jobControl, timeoutMs });
    const job = (await jobManager.jobs()).find(({ id }) => id === launched.job.id) ?? launched.job;
    switch (acceptance.kind) {
      case 'ACCEPTED':
        return { ...started, job, restoredFrom: restorePath, stateKept: true };
      case 'UNKNOWN':
        return {
          ...started,
          job,
          warning: `Whether it can go on from ${restorePath} is not known yet: ${acceptance.reason}`,
        };
      case 'REFUSED':
        return await this.#startAfresh(order, await this.#withdraw(job), acceptance.reason);
    }
  }

  async #startAfresh(order: StartOrder, predecessor: string, reason: string): Promise<StartedJob> {
    const warning = `Flink does not accept the state of ${order.restorePath}; the job started from scratch: ${reason}`;
    this.#options.logger.warn({ job: order.definition.name, restorePath: order.restorePath, reason }, warning);
    const launched = await this.#options.launcher.launch({ ...this.#toLaunch(order), predecessor, restorePath: null });
    return { ...launched, restoredFrom: null, stateKept: false, warning };
  }

  /** Ends a job whose tasks cannot open their state; Flink would restart it for ever. */
  async #withdraw(job: ListedJob): Promise<string> {
    const { stops, acceptanceTimeoutMs } = this.#options;
    if (await stops.cancel(job, acceptanceTimeoutMs)) return job.id;
    const message = `Job ${job.id} cannot take over its state and is being cancelled. Repeat the call in a moment.`;
    throw new SluiceError('TIMEOUT', message, { details: { jobId: job.id } });
  }

  #toLaunch({ definition, hash, idempotencyKey }: StartOrder): Omit<Launch, 'predecessor' | 'restorePath'> {
    const found = toJobLabels(definition, hash, idempotencyKey);
    const config = {
      'execution.checkpointing.interval': `${this.#options.checkpointIntervalMs} ms`,
      // A job that is cancelled or fails can be started again from its newest checkpoint.
      'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
      ...toSubmissionConfig(definition, found),
    };
    return { ...this.read(definition), name: definition.name, labels: found, config };
  }
}

function toStateError(cause: SluiceError, restorePath: string | null): SluiceError {
  return new SluiceError(cause.code, `Flink could not start it from ${restorePath}: ${messageOf(cause)}`, {
    details: { ...cause.details, restorePath },
    cause,
  });
}
