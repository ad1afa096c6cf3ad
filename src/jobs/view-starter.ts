import { messageOf, SluiceError } from '#errors';
import {
  hasEnded,
  isDuplicateSubmission,
  type JobControl,
  type JobManager,
  type ListedJob,
  type Logger,
  type SessionPool,
  type SqlSession,
} from '#flink';
import { toInsert, type View } from '#model';
import { toJobConfig, toLabels } from './job-config.ts';
import type { JobEnding } from './job-ending.ts';
import { poll } from './poll.ts';
import type { RestorePoints } from './restore-points.ts';
import { awaitAcceptance } from './state-acceptance.ts';
import type { StatePlan } from './state-plan.ts';
import { untilAborted } from './until-aborted.ts';
import { checkColumns } from './view-columns.ts';
import { locateInView } from './view-errors.ts';
import { toJobId } from './view-hash.ts';
import { type Beginning, compileState, type StateOutlook, type ViewStates } from './view-states.ts';

/** What a {@link ViewStarter} works with. */
export interface ViewStarterOptions {
  readonly jobManager: JobManager;
  readonly jobControl: JobControl;
  /** Sessions by where their tables are read from: one session has one start, for the user's SQL carries no hints. */
  readonly pools: Readonly<Record<View['from'], SessionPool>>;
  readonly states: ViewStates;
  readonly ending: JobEnding;
  readonly restorePoints: RestorePoints | null;
  readonly checkpointIntervalMs: number;
  readonly savepointTimeoutMs: number;
  readonly logger: Logger;
}

/** The order to start a view's job. */
export interface StartOrder {
  readonly view: View;
  readonly hash: string;
  /** The newest job that this view had, in any version. */
  readonly predecessor: ListedJob | null;
  /** Jobs of other versions, ended before the new job starts. */
  readonly replaces: readonly ListedJob[];
  /** A savepoint known to be the newest state of this very version. */
  readonly savepoint: string | null;
  /** Whether no state is looked for when there is no savepoint. */
  readonly isAfresh?: boolean;
  /** Gives up the start as long as its job is not submitted; one that is, is not waited for any longer. */
  readonly signal?: AbortSignal;
}

/** A view's job, just submitted or found to be submitted by somebody else at the same time. */
export interface StartedView {
  readonly jobId: string;
  readonly restoredFrom: string | null;
  /** Whether state was kept; null when somebody else has started it. */
  readonly outlook: StateOutlook | null;
  /** What went not as wished, for people. */
  readonly warning: string | null;
}

/** A start on its way through attempts. */
interface Attempt {
  readonly order: StartOrder;
  readonly plan: StatePlan;
  predecessor: string | null;
  beginning: Beginning;
  warning: string | null;
}

const maxUsedUpIds = 16;
const appearTimeoutMs = 5_000;
const acceptTimeoutMs = 10_000;

/** Starts the job of a view: checks its columns, ends what it replaces, and submits its INSERT exactly once. */
export class ViewStarter {
  readonly #options: ViewStarterOptions;

  constructor(options: ViewStarterOptions) {
    this.#options = options;
  }

  /**
   * Rejects with SQL_REJECTED or FLINK_REFUSED, telling the view and the place; FLINK_UNAVAILABLE or TIMEOUT; and with
   * REGISTRY_UNAVAILABLE while what it reads is not known. With the signal's reason when it was given up.
   */
  async start(order: StartOrder): Promise<StartedView> {
    const { signal } = order;
    const plan = await this.#withSession(order, (session) => untilAborted(this.#compile(session, order), signal));
    const attempt = await this.#prepare(order, plan);
    for (;;) {
      const started = await this.#withSession(order, (session) => this.#submit(session, attempt));
      if (!started.restoredFrom || !this.#isTakenOver(order, started.restoredFrom)) return started;
      if (signal?.aborted) return started;
      const accepted = await awaitAcceptance(started.jobId, { ...this.#options, timeoutMs: acceptTimeoutMs });
      if (accepted.kind !== 'REFUSED') return started;
      const job = { id: started.jobId, view: order.view.topic, hash: order.hash };
      await this.#options.ending.cancel(job);
      await this.#options.ending.untilEnded([job]);
      this.#startAfresh(attempt, accepted.reason);
      attempt.predecessor = started.jobId;
    }
  }

  async #withSession<T>({ view, signal }: StartOrder, work: (session: SqlSession) => Promise<T>): Promise<T> {
    const lent = async (session: SqlSession) => {
      try {
        await untilAborted(session.open(), signal);
        requireTables(view, session);
        return await work(session);
      } catch (thrown) {
        throw locateInView(view, thrown, session.refusedTables);
      }
    };
    return await this.#options.pools[view.from].withSession(lent, signal);
  }

  /** Before anything is ended: a view that Flink refuses leaves its earlier version running. */
  async #compile(session: SqlSession, { view }: StartOrder): Promise<StatePlan> {
    await checkColumns(session, view);
    return await compileState(session, view);
  }

  async #prepare(order: StartOrder, plan: StatePlan): Promise<Attempt> {
    const { view, hash, predecessor } = order;
    const { restorePoints, states } = this.#options;
    const savepoint = (await this.#replace(order, plan)) ?? order.savepoint;
    await restorePoints?.prune(view.topic, hash);
    const beginning: Beginning = savepoint
      ? { state: 'KEPT', reason: `It goes on from ${savepoint}.`, path: savepoint }
      : order.isAfresh
        ? { state: 'NONE', reason: 'It was told to start from scratch.', path: null }
        : await states.find({ view, hash, plan, predecessor });
    await restorePoints?.notePlan(view.topic, hash, plan);
    return { order, plan, predecessor: predecessor?.id ?? null, beginning, warning: null };
  }

  /** Ends the jobs of other versions; gives the savepoint of the newest one when its state can be kept. */
  async #replace({ view, replaces }: StartOrder, plan: StatePlan): Promise<string | null> {
    const { ending, states, savepointTimeoutMs, logger } = this.#options;
    const [newest, ...others] = replaces.toReversed();
    if (!newest) return null;
    const { state, reason } = states.judge(newest, plan);
    logger.info({ view: view.topic, jobId: newest.id, state, reason }, 'the job of a changed view is replaced');
    for (const job of others) await ending.cancel(job);
    const isKept = state === 'KEPT';
    if (!isKept) await ending.cancel(newest);
    const stopped = isKept ? await ending.stopOrCancel(newest, savepointTimeoutMs) : null;
    if (stopped && stopped.error !== null)
      logger.warn({ view: view.topic, jobId: newest.id, reason: stopped.error }, 'no savepoint was taken of it');
    await ending.untilEnded(replaces);
    return stopped?.savepoint ?? null;
  }

  async #submit(session: SqlSession, attempt: Attempt): Promise<StartedView> {
    const { order, plan } = attempt;
    const { view, hash } = order;
    const { jobManager } = this.#options;
    for (let used = 0; used < maxUsedUpIds; used += 1) {
      const jobId = toJobId(view.topic, hash, attempt.predecessor);
      const { path, ...outlook } = attempt.beginning;
      try {
        await session.execute(toInsert(view), {
          config: this.#toConfig(attempt, jobId),
          repeatable: true,
          maxRows: 1,
        });
        jobManager.remember(jobId, toLabels({ view, hash, plan }));
        return { jobId, restoredFrom: path, outlook, warning: attempt.warning };
      } catch (thrown) {
        if (isDuplicateSubmission(thrown)) {
          jobManager.remember(jobId, toLabels({ view, hash, plan }));
          if (await this.#isAlive(jobId)) return { jobId, restoredFrom: null, outlook: null, warning: attempt.warning };
        } else if (path && thrown instanceof SluiceError && thrown.code === 'FLINK_REFUSED') {
          this.#startAfresh(attempt, messageOf(thrown));
        } else {
          throw thrown;
        }
        // This id is used up. Every gateway walks the same chain of ids, so the next one is again the same for all.
        attempt.predecessor = jobId;
      }
    }
    throw new SluiceError('FLINK_REFUSED', `Flink has refused ${maxUsedUpIds} jobs of view "${view.topic}".`);
  }

  #toConfig({ order: { view, hash }, plan, beginning }: Attempt, jobId: string) {
    const { restorePoints, checkpointIntervalMs } = this.#options;
    const checkpointDir = restorePoints?.checkpointDir(view.topic, hash) ?? null;
    return toJobConfig({
      view,
      hash,
      plan,
      jobId,
      restorePath: beginning.path,
      checkpointDir,
      checkpointIntervalMs,
    });
  }

  #startAfresh(attempt: Attempt, reason: string): void {
    const { path } = attempt.beginning;
    const warning = `It could not go on from ${path} and started afresh: ${reason}`;
    this.#options.logger.warn({ view: attempt.order.view.topic, path, reason }, warning);
    attempt.warning = warning;
    attempt.beginning = { state: 'LOST', reason: warning, path: null };
  }

  /** Whether the state is that of another version: of its own, Flink has accepted it before. */
  #isTakenOver({ view, hash, predecessor, replaces }: StartOrder, path: string): boolean {
    const { restorePoints } = this.#options;
    if (replaces.length > 0) return true;
    if (!restorePoints) return predecessor !== null && predecessor.hash !== hash;
    const own = [restorePoints.checkpointDir(view.topic, hash), restorePoints.savepointDir(view.topic, hash)];
    return !own.some((directory) => path.startsWith(directory));
  }

  /** Whether the job runs or is about to. One that was submitted this instant takes a moment to be listed. */
  async #isAlive(id: string): Promise<boolean> {
    const { jobManager } = this.#options;
    const find = async () => (await jobManager.jobs()).find((listed) => listed.id === id) ?? null;
    const job = await poll(find, appearTimeoutMs);
    return job !== null && !hasEnded(job);
  }
}

function requireTables({ topic, reads }: View, { awaitedTables }: SqlSession): void {
  for (const read of reads) {
    const reason = awaitedTables.get(read);
    if (reason === undefined) continue;
    throw new SluiceError('REGISTRY_UNAVAILABLE', `View "${topic}" waits for the table "${read}": ${reason}.`);
  }
}
