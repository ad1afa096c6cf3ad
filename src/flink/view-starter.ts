import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, SluiceError } from '#errors';
import { toInsert, type View } from '#model';
import { isDuplicateSubmission } from './flink-errors.ts';
import { toJobConfig, toLabels } from './job-config.ts';
import { hasEnded, type JobManager, type ListedJob } from './job-manager.ts';
import type { Logger } from './options.ts';
import type { RestorePoints } from './restore-points.ts';
import type { SessionPool } from './session-pool.ts';
import type { SqlSession } from './sql-session.ts';
import { checkColumns } from './view-columns.ts';
import { locateInView } from './view-errors.ts';
import { toJobId } from './view-hash.ts';

/** What a {@link ViewStarter} works with. */
export interface ViewStarterOptions {
  readonly jobManager: JobManager;
  /** Sessions by where their tables are read from: one session has one start, for the user's SQL carries no hints. */
  readonly pools: Readonly<Record<View['from'], SessionPool>>;
  readonly restorePoints: RestorePoints | null;
  readonly checkpointIntervalMs: number;
  readonly logger: Logger;
}

/** The order to start a view's job. */
export interface StartOrder {
  readonly view: View;
  readonly hash: string;
  /** The newest job that this view had, in any version. */
  readonly predecessor: ListedJob | null;
  /** Jobs of other versions, cancelled before the new job starts. */
  readonly replaces: readonly ListedJob[];
}

/** A view's job, just submitted or found to be submitted by somebody else at the same time. */
export interface StartedView {
  readonly jobId: string;
  readonly restoredFrom: string | null;
  /** What went not as wished, for people. */
  readonly warning: string | null;
}

const maxUsedUpIds = 16;
const endTimeoutMs = 30_000;
const appearTimeoutMs = 5_000;

/** Starts the job of a view: checks its columns, ends what it replaces, and submits its INSERT exactly once. */
export class ViewStarter {
  readonly #options: ViewStarterOptions;

  constructor(options: ViewStarterOptions) {
    this.#options = options;
  }

  /** Rejects with SQL_REJECTED or FLINK_REFUSED, telling the view and the place; FLINK_UNAVAILABLE or TIMEOUT. */
  async start(order: StartOrder): Promise<StartedView> {
    return await this.#options.pools[order.view.from].withSession(async (session) => {
      try {
        // Checked before anything is cancelled: a view that Flink refuses leaves its earlier version running.
        await checkColumns(session, order.view);
        await this.#end(order.replaces);
        return await this.#submit(session, order);
      } catch (thrown) {
        throw locateInView(order.view, thrown, session.refusedTables);
      }
    });
  }

  async #submit(session: SqlSession, order: StartOrder): Promise<StartedView> {
    const { view, hash } = order;
    const { jobManager } = this.#options;
    let predecessor = order.predecessor?.id ?? null;
    let restorePath = await this.#findRestorePath(order);
    let warning: string | null = null;
    for (let used = 0; used < maxUsedUpIds; used += 1) {
      const jobId = toJobId(view.topic, hash, predecessor);
      try {
        const config = this.#toConfig(order, jobId, restorePath);
        await session.execute(toInsert(view), { config, repeatable: true, maxRows: 1 });
        jobManager.remember(jobId, toLabels(view, hash));
        return { jobId, restoredFrom: restorePath, warning };
      } catch (thrown) {
        if (isDuplicateSubmission(thrown)) {
          jobManager.remember(jobId, toLabels(view, hash));
          if (await this.#isAlive(jobId)) return { jobId, restoredFrom: null, warning };
        } else if (restorePath && thrown instanceof SluiceError && thrown.code === 'FLINK_REFUSED') {
          warning = `It could not go on from ${restorePath} and started afresh: ${messageOf(thrown)}`;
          this.#options.logger.warn({ view: view.topic, restorePath, reason: messageOf(thrown) }, warning);
          restorePath = null;
        } else {
          throw thrown;
        }
        // This id is used up. Every gateway walks the same chain of ids, so the next one is again the same for all.
        predecessor = jobId;
      }
    }
    throw new SluiceError('FLINK_REFUSED', `Flink has refused ${maxUsedUpIds} jobs of view "${view.topic}".`);
  }

  #toConfig({ view, hash }: StartOrder, jobId: string, restorePath: string | null) {
    const { restorePoints, checkpointIntervalMs } = this.#options;
    const checkpointDir = restorePoints?.checkpointDir(view.topic, hash) ?? null;
    return toJobConfig({ view, hash, jobId, restorePath, checkpointDir, checkpointIntervalMs });
  }

  /** State is taken over only from a job of the same hash: other SQL may not read it, or read it wrongly. */
  async #findRestorePath(order: StartOrder): Promise<string | null> {
    const { restorePoints, jobManager } = this.#options;
    if (restorePoints) return await restorePoints.newest(order.view.topic, order.hash);
    const { predecessor } = order;
    return predecessor?.hash === order.hash ? await jobManager.newestRestorePath(predecessor.id) : null;
  }

  async #end(jobs: readonly ListedJob[]): Promise<void> {
    const { jobManager, logger } = this.#options;
    for (const job of jobs) {
      logger.info({ view: job.view, jobId: job.id }, 'the declaration of a view has changed: its job is replaced');
      await jobManager.cancel(job.id).catch(ignoreEnded);
    }
    const until = Date.now() + endTimeoutMs;
    const ids = new Set(jobs.map((job) => job.id));
    while (ids.size > 0 && (await jobManager.jobs()).some((job) => ids.has(job.id) && !hasEnded(job))) {
      if (Date.now() > until) {
        throw new SluiceError('TIMEOUT', `A job that is replaced has not ended within ${endTimeoutMs} ms.`);
      }
      await sleep(100);
    }
  }

  /** Whether the job runs or is about to. One that was submitted this instant takes a moment to be listed. */
  async #isAlive(id: string): Promise<boolean> {
    const until = Date.now() + appearTimeoutMs;
    for (;;) {
      const job = (await this.#options.jobManager.jobs()).find((listed) => listed.id === id);
      if (job) return !hasEnded(job);
      if (Date.now() > until) return false;
      await sleep(100);
    }
  }
}

/** Somebody else has cancelled it meanwhile (409), or Flink has forgotten it (404). */
function ignoreEnded(thrown: unknown): void {
  if (thrown instanceof SluiceError && (thrown.code === 'NOT_FOUND' || thrown.code === 'FLINK_REFUSED')) return;
  throw thrown;
}
