import { SluiceError } from '#errors';
import {
  type FlinkConfig,
  hasEnded,
  isDuplicateSubmission,
  type JobManager,
  type Labels,
  type ListedJob,
  labels,
  locate,
  type SessionPool,
  type SqlSession,
  withOwnTables,
} from '#flink';
import type { View } from '#model';
import { type Statement, toExplain } from '#sql';
import { findJob, labelTimeoutMs } from './find-job.ts';
import { conflict } from './submission-plan.ts';
import { toJobId } from './view-hash.ts';

/** A job that is ready to be handed to Flink. */
export interface Launch {
  readonly name: string;
  readonly labels: Labels;
  readonly config: FlinkConfig;
  /** The tables of its own. */
  readonly creates: readonly Statement[];
  /** The INSERT or the statement set. */
  readonly insert: Statement;
  readonly from: View['from'];
  /** The id of the last job of the name. */
  readonly predecessor: string | null;
  /** The checkpoint or savepoint to go on from. */
  readonly restorePath: string | null;
}

/** What came of a launch. `isOurs` is false when somebody else launched the same at the same time. */
export interface Launched {
  readonly job: ListedJob;
  readonly isOurs: boolean;
}

/** Flink refused the state; the next launch of the name needs the id that this one has used up. */
export class StateRefused extends Error {
  readonly usedUpId: string;
  override readonly cause: SluiceError;

  constructor(usedUpId: string, cause: SluiceError) {
    super(cause.message);
    this.name = 'StateRefused';
    this.usedUpId = usedUpId;
    this.cause = cause;
  }
}

const maxUsedUpIds = 16;
const appearTimeoutMs = 5_000;

/** What a {@link JobLauncher} works with. */
export interface JobLauncherOptions {
  readonly jobManager: JobManager;
  readonly pools: Readonly<Record<View['from'], SessionPool>>;
}

/**
 * Hands jobs to Flink, each exactly once: the id of a job follows from its name and the job before it, so whoever
 * submits under the same name at the same time comes to the same id, and Flink takes an id once.
 */
export class JobLauncher {
  readonly #options: JobLauncherOptions;

  constructor(options: JobLauncherOptions) {
    this.#options = options;
  }

  /** Lets Flink compile it and gives its plan. Nothing is started. Rejects with SQL_REJECTED. */
  async explain(launch: Pick<Launch, 'creates' | 'insert' | 'from'>): Promise<string> {
    return await this.#withTables(launch, async (session) => {
      const explain = toExplain(launch.insert);
      try {
        const { rows } = await session.execute(explain.text, { repeatable: true });
        return rows.map(({ fields }) => String(fields[0])).join('\n');
      } catch (thrown) {
        throw locate(explain, thrown);
      }
    });
  }

  /**
   * Rejects with SQL_REJECTED (line and column in the client's text), StateRefused, CONFLICT when another job took the
   * name at the same time, FLINK_UNAVAILABLE or TIMEOUT; after the latter two the same launch may be repeated.
   */
  async launch(launch: Launch): Promise<Launched> {
    return await this.#withTables(launch, async (session) => {
      let predecessor = launch.predecessor;
      for (let used = 0; used < maxUsedUpIds; used += 1) {
        const jobId = toJobId(launch.name, '', predecessor);
        const found = await this.#submit(session, launch, jobId);
        if (found) return found;
        // This id is used up. Every gateway walks the same chain of ids, so the next one is again the same for all.
        predecessor = jobId;
      }
      throw new SluiceError('FLINK_REFUSED', `Flink has refused ${maxUsedUpIds} jobs named "${launch.name}".`);
    });
  }

  async #submit(session: SqlSession, launch: Launch, jobId: string): Promise<Launched | null> {
    const { config, restorePath, insert } = launch;
    try {
      await session.execute(insert.text, {
        config: {
          ...config,
          // Internal to Flink, but the only way to name a job's id: a second job with the same id is refused.
          '$internal.pipeline.job-id': jobId,
          ...(restorePath === null ? {} : { 'execution.state-recovery.path': restorePath }),
        },
        repeatable: true,
        maxRows: 1,
      });
    } catch (thrown) {
      if (isDuplicateSubmission(thrown)) return await this.#findDouble(launch, jobId);
      throw toLaunchError(thrown, launch, jobId);
    }
    const { jobManager } = this.#options;
    jobManager.remember(jobId, launch.labels);
    const isEnough = (listed: ListedJob | undefined) => listed !== undefined;
    const job = await findJob(jobManager, jobId, { timeoutMs: appearTimeoutMs, isEnough });
    if (!job) throw new SluiceError('TIMEOUT', `Flink took job ${jobId} and does not list it. ${repeatIt}`);
    return { job, isOurs: true };
  }

  /** The job that took the id before; null when that was another run, which has ended. */
  async #findDouble(launch: Launch, jobId: string): Promise<Launched | null> {
    const key = launch.labels[labels.key];
    const isEnough = (it: ListedJob | undefined) =>
      it !== undefined && (Object.keys(it.labels).length > 0 || isStillborn(it) || (key === undefined && isFailed(it)));
    const job = await findJob(this.#options.jobManager, jobId, { timeoutMs: labelTimeoutMs, isEnough });
    if (!job) return null;
    const isSame = job.labels[labels.hash] === launch.labels[labels.hash];
    const isRepeated = key !== undefined && job.labels[labels.key] === key;
    if (hasEnded(job) && !(isSame && (isRepeated || job.state === 'FINISHED'))) return null;
    if (isSame) return { job, isOurs: false };
    throw conflict(job, `The name "${launch.name}" was taken at the same time by`, 'Choose another name.');
  }

  async #withTables<T>(
    { creates, from }: Pick<Launch, 'creates' | 'from'>,
    work: (session: SqlSession) => Promise<T>,
  ): Promise<T> {
    return await this.#options.pools[from].withSession((session) =>
      withOwnTables(session, creates, () => work(session)),
    );
  }
}

const repeatIt = 'It may still start; repeating the call is safe: nothing is started twice.';

/** A job that Flink could not even initialise has no tasks and never tells labels. */
function isStillborn(job: ListedJob): boolean {
  return job.state === 'FAILED' && job.tasks === 0;
}

function isFailed(job: ListedJob): boolean {
  return job.state === 'FAILED' || job.state === 'CANCELED';
}

function toLaunchError(thrown: unknown, { insert, restorePath }: Launch, jobId: string): unknown {
  if (!(thrown instanceof SluiceError)) return thrown;
  if (thrown.code === 'TIMEOUT' || thrown.code === 'FLINK_UNAVAILABLE') {
    return new SluiceError(thrown.code, `${thrown.message} ${repeatIt}`, { details: thrown.details, cause: thrown });
  }
  if (restorePath !== null && thrown.code === 'FLINK_REFUSED') return new StateRefused(jobId, thrown);
  return locate(insert, thrown);
}
