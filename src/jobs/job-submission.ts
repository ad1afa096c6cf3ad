import { setTimeout as sleep } from 'node:timers/promises';
import { SluiceError } from '#errors';
import { isFlinkAway, type JobManager, type ListedJob } from '#flink';
import type { JobStarts, StartedJob, StartOrder } from './job-starts.ts';
import type { JobStops } from './job-stops.ts';
import { differenceOf } from './state-plan.ts';
import { checkSubmission, hashDefinition, type Submission, type SubmittedJob, toDefinition } from './submission.ts';
import { planSubmission } from './submission-plan.ts';

/** What a {@link JobSubmission} works with. */
export interface JobSubmissionOptions {
  /** The topics of the declared views: the names of their jobs. */
  readonly views: ReadonlySet<string>;
  readonly jobManager: JobManager;
  readonly starts: JobStarts;
  readonly stops: JobStops;
  /** Checks a path that a client gives; throws BAD_INPUT. */
  readonly checkPath: (path: string) => Promise<string>;
  readonly savepointTimeoutMs: number;
}

/** From which state a job starts, and what is to be said about it. */
interface Start extends Pick<StartOrder, 'restorePath' | 'mayStartAfresh'> {
  readonly warning: string | null;
}

/** Until a young job tells its labels, or one that is being cancelled has ended. */
const clarityTimeoutMs = 15_000;
const pauseMs = 150;

/** Takes the jobs that clients submit, each name and SQL once. */
export class JobSubmission {
  readonly #options: JobSubmissionOptions;

  constructor(options: JobSubmissionOptions) {
    this.#options = options;
  }

  /**
   * Starts the job, finds that it runs already, or replaces the one of its name. Rejects with BAD_INPUT,
   * SQL_NOT_ALLOWED, SQL_REJECTED (line and column), CONFLICT (jobId, sql), FLINK_REFUSED, FLINK_UNAVAILABLE or
   * TIMEOUT. After the latter two the job may still start, and repeating the call is safe.
   */
  async submit(submission: Submission): Promise<SubmittedJob> {
    checkSubmission(submission, this.#options.views);
    this.#options.starts.read(submission);
    const hash = hashDefinition(submission);
    const [plan, slots] = await Promise.all([this.#plan(submission, hash), this.#options.jobManager.overview()]);
    switch (plan.action) {
      case 'RETURN':
        return { job: plan.job, outcome: 'ALREADY_RUNNING', restoredFrom: null, stateKept: null, warning: null };
      case 'REPLACE':
        return await this.#replace(submission, hash, plan.job);
      case 'START': {
        const { predecessor } = plan;
        const from = await this.#findState(submission, predecessor);
        const started = await this.#start(submission, { hash, predecessor, ...from });
        return toSubmitted(started, 'STARTED', [from.warning, warnOfSlots(submission.parallelism, slots.freeSlots)]);
      }
    }
  }

  /** Looks again while a job of the name is neither there nor gone. */
  async #plan(submission: Submission, hash: string) {
    const until = Date.now() + clarityTimeoutMs;
    for (;;) {
      const plan = planSubmission({ ...submission, hash }, await this.#options.jobManager.jobs());
      if (plan.action !== 'WAIT') return plan;
      if (Date.now() >= until) {
        const message = `Job ${plan.job.id} named "${submission.name}" is ${plan.job.state}, and does not say what it computes. Repeat the call in a moment.`;
        throw new SluiceError('TIMEOUT', message, { details: { jobId: plan.job.id } });
      }
      await sleep(pauseMs);
    }
  }

  async #replace(submission: Submission, hash: string, old: ListedJob): Promise<SubmittedJob> {
    const { stops, jobManager, savepointTimeoutMs: timeoutMs } = this.#options;
    // A text that Flink refuses leaves the job that runs as it is.
    const misfit = await this.#compare(submission, old);
    const chosen = submission.startFrom?.kind === 'savepoint' ? await this.#findState(submission, old) : null;
    const { progress } = await stops.stop(old, { drain: false, timeoutMs });
    if (progress.state === 'FAILED') throw progress.error;
    if (progress.state === 'IN_PROGRESS') {
      const message = `Job ${old.id} has not stopped with a savepoint within ${timeoutMs} ms. Flink goes on with that; repeating the call is safe.`;
      throw new SluiceError('TIMEOUT', message, { details: { jobId: old.id } });
    }
    const from = chosen ?? toBeginning(submission, progress.savepoint, misfit);
    const { freeSlots } = await jobManager.overview();
    const started = await this.#start(submission, { hash, predecessor: old, ...from });
    return toSubmitted(started, 'REPLACED', [from.warning, warnOfSlots(submission.parallelism, freeSlots)]);
  }

  /**
   * In what the state of a job differs from what the submission needs, in words; null when it fits. Flink maps state by
   * the place of an operator in the job: it would give the counts of one GROUP BY to another without a word.
   */
  async #compare(submission: Submission, old: ListedJob): Promise<string | null> {
    const { starts } = this.#options;
    const now = await starts.compile(submission);
    const definition = toDefinition(old.labels);
    if (!definition) return 'it is not known what it belongs to.';
    try {
      return differenceOf(await starts.compile(definition), now);
    } catch (thrown) {
      if (!(thrown instanceof SluiceError) || isFlinkAway(thrown)) throw thrown;
      return `what it belongs to is not accepted any more: ${thrown.message}`;
    }
  }

  async #start(submission: Submission, order: Omit<StartOrder, 'definition' | 'idempotencyKey'>): Promise<StartedJob> {
    const { idempotencyKey, name, sql, parallelism, settings, from } = submission;
    return await this.#options.starts.start({
      definition: { name, sql, parallelism, settings, from },
      idempotencyKey,
      ...order,
    });
  }

  async #findState(submission: Submission, last: ListedJob | null): Promise<Start> {
    const { startFrom, replace, name } = submission;
    const { checkPath, stops } = this.#options;
    if (startFrom?.kind === 'savepoint') {
      return { restorePath: await checkPath(startFrom.path), mayStartAfresh: false, warning: null };
    }
    if (startFrom?.kind === 'latest') {
      const restorePath = last ? await stops.restorePathOf(last) : null;
      if (restorePath !== null) return { restorePath, mayStartAfresh: false, warning: null };
      const message = `Flink knows no checkpoint or savepoint of a job named "${name}". Leave out "startFrom" to start from scratch.`;
      throw new SluiceError('NOT_FOUND', message);
    }
    // A replacement that was begun, here or by a call whose answer was lost, goes on from the savepoint.
    const restorePath = replace && last?.state === 'FINISHED' ? await stops.restorePathOf(last) : null;
    if (!last || restorePath === null) return { restorePath: null, mayStartAfresh: true, warning: null };
    return toBeginning(submission, restorePath, await this.#compare(submission, last));
  }
}

/** Whoever names the state takes the responsibility that it fits. */
function toBeginning({ startFrom }: Submission, savepoint: string | null, misfit: string | null): Start {
  const isChosen = startFrom !== null;
  if (savepoint === null || misfit === null || isChosen) {
    return { restorePath: savepoint, mayStartAfresh: !isChosen, warning: null };
  }
  const warning = `The state in ${savepoint} belongs to something else, so the job started from scratch: ${misfit}`;
  return { restorePath: null, mayStartAfresh: true, warning };
}

function toSubmitted(
  { job, restoredFrom, stateKept, warning, isOurs }: StartedJob,
  outcome: 'STARTED' | 'REPLACED',
  [misfit, slots]: readonly [string | null, string | null],
): SubmittedJob {
  if (!isOurs) return { job, outcome: 'ALREADY_RUNNING', restoredFrom, stateKept, warning };
  const warnings = [misfit, warning, slots].filter((text) => text !== null);
  return {
    job,
    outcome,
    restoredFrom,
    stateKept: misfit === null ? stateKept : false,
    warning: warnings.length > 0 ? warnings.join(' ') : null,
  };
}

/** All operators of a job share its slots: it needs as many as its parallelism. */
function warnOfSlots(needed: number, free: number): string | null {
  if (needed <= free) return null;
  return `It needs ${needed === 1 ? '1 slot' : `${needed} slots`}, ${free} free: Flink keeps it waiting until there are enough.`;
}
