import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, SluiceError } from '#errors';
import {
  type FlinkConfig,
  hasEnded,
  isSessionGone,
  type JobManager,
  type Labels,
  type ListedJob,
  type Logger,
  labels,
  locate,
  type SessionPool,
  type SqlOperation,
  type SqlSession,
  withOwnTables,
} from '#flink';
import type { Statement } from '#sql';
import type { GatewayIdentity } from './gateway-identity.ts';

/** A SELECT that a client wants to run. */
export interface SelectOrder {
  /** Sessions in which its tables are read from where it wants. */
  readonly pool: SessionPool;
  /** The tables of its own. */
  readonly creates: readonly Statement[];
  readonly select: Statement;
  /** Who wants it. */
  readonly client: string;
  /** When its job must have ended, epoch milliseconds. */
  readonly untilMs: number;
  readonly signal: AbortSignal;
}

/** The job of a SELECT. */
export interface RunningSelect {
  readonly jobId: string;
  readonly operation: SqlOperation;
  /** Ends the job, if it has not ended; resolves when Flink was told. Never rejects. */
  end(): Promise<void>;
}

/** What an {@link AdHocJobs} works with. */
export interface AdHocJobsOptions {
  readonly jobManager: JobManager;
  readonly identity: GatewayIdentity;
  readonly logger: Logger;
}

/** So long the SQL Gateway has to end a job before the JobManager is told. */
const closeTimeoutMs = 1_000;
const youngSweepMs = 2_000;
const sweepMs = 30_000;
const longestSqlLabel = 10_000;

/**
 * The jobs of ad hoc SELECTs. Each is known before it is submitted, by an id of ours, and labelled with this process and
 * its latest end. So it is ended whatever happens: with its operation; else through the JobManager; else by the sweep of
 * this gateway or of the next one, which cancels those that nobody takes rows from any more.
 */
export class AdHocJobs {
  readonly #options: AdHocJobsOptions;
  readonly #running = new Set<string>();
  #sweep: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: AdHocJobsOptions) {
    this.#options = options;
  }

  /** Resolves when Flink runs it. Rejects with SQL_REJECTED (line, column), FLINK_UNAVAILABLE, TIMEOUT or the signal's reason. */
  async start(order: SelectOrder): Promise<RunningSelect> {
    const attempt = (session: SqlSession) =>
      withOwnTables(session, order.creates, () => this.#submit(session, order)).catch((thrown: unknown) => {
        throw locate(order.select, thrown);
      });
    return await order.pool.withSession(async (session) => {
      try {
        return await attempt(session);
      } catch (thrown) {
        // The session was lost while it began. What may run of it is ended, and nobody has seen a row of it.
        if (!wasLost(thrown) || order.signal.aborted) throw thrown;
        return await attempt(session);
      }
    }, order.signal);
  }

  /** Cancels what an earlier gateway of this host left, and goes on to look from time to time. */
  openSweep(): void {
    this.#planSweep(0);
  }

  /** Ends the sweep. */
  close(): void {
    this.#isClosed = true;
    if (this.#sweep) clearTimeout(this.#sweep);
  }

  async #submit(session: SqlSession, { select, client, untilMs, signal }: SelectOrder): Promise<RunningSelect> {
    const jobId = randomBytes(16).toString('hex');
    const labelled = this.#labelsOf(select, client, untilMs);
    let isClosed = false;
    const onClosed = (failure: unknown) => {
      isClosed = failure === null;
    };
    this.#running.add(jobId);
    try {
      const config = toConfig(jobId, labelled);
      const operation = await session.start(select.text, { config, signal, onClosed });
      this.#options.jobManager.remember(jobId, labelled);
      const end = async () => {
        await Promise.race([operation.close(), sleep(closeTimeoutMs, undefined, { ref: false })]);
        await this.#end(jobId, isClosed);
      };
      return { jobId, operation, end };
    } catch (thrown) {
      // It may have been submitted all the same: the answer was lost, or nobody waited for it.
      void this.#end(jobId, thrown instanceof SluiceError && thrown.code === 'SQL_REJECTED');
      throw thrown;
    }
  }

  #labelsOf(select: Statement, client: string, untilMs: number): Labels {
    return {
      [labels.gateway]: this.#options.identity.text,
      [labels.until]: String(untilMs),
      [labels.sql]: select.text.slice(0, longestSqlLabel),
      [labels.by]: client,
    };
  }

  async #end(jobId: string, isEnded: boolean): Promise<void> {
    try {
      if (!isEnded) await this.#cancel(jobId);
    } catch (thrown) {
      this.#options.logger.warn(
        { jobId, reason: messageOf(thrown) },
        'the job of an ad hoc query could not be ended yet',
      );
    } finally {
      this.#running.delete(jobId);
      if (!isEnded) this.#planSweep(youngSweepMs);
    }
  }

  async #cancel(jobId: string): Promise<void> {
    try {
      await this.#options.jobManager.cancel(jobId);
    } catch (thrown) {
      // It never was, or has ended.
      const isOver = thrown instanceof SluiceError && (thrown.code === 'NOT_FOUND' || thrown.code === 'FLINK_REFUSED');
      if (!isOver) throw thrown;
    }
  }

  #planSweep(inMs: number): void {
    if (this.#isClosed) return;
    if (this.#sweep) clearTimeout(this.#sweep);
    this.#sweep = setTimeout(() => void this.#sweepNow(), inMs);
    this.#sweep.unref();
  }

  async #sweepNow(): Promise<void> {
    let nextMs = sweepMs;
    try {
      const jobs = (await this.#options.jobManager.jobs()).filter((job) => !hasEnded(job));
      // Flink does not tell yet whose it is.
      if (jobs.some(({ isYoung }) => isYoung)) nextMs = youngSweepMs;
      for (const job of jobs.filter((one) => this.#isLeftOver(one))) {
        this.#options.logger.info({ jobId: job.id }, 'the job of an ad hoc query that nobody reads is cancelled');
        await this.#cancel(job.id);
      }
    } catch (thrown) {
      this.#options.logger.debug({ reason: messageOf(thrown) }, 'leftover ad hoc queries could not be looked for');
    }
    this.#planSweep(nextMs);
  }

  #isLeftOver({ id, labels: told }: ListedJob): boolean {
    const owner = told[labels.gateway];
    if (owner === undefined || this.#running.has(id)) return false;
    const { identity } = this.#options;
    return Number(told[labels.until]) < Date.now() || owner === identity.text || identity.isGone(owner);
  }
}

function wasLost(thrown: unknown): boolean {
  return thrown instanceof SluiceError && thrown.code === 'FLINK_UNAVAILABLE' && isSessionGone(thrown.cause);
}

function toConfig(jobId: string, labelled: Labels): FlinkConfig {
  return {
    // Internal to Flink, but the only way to know a job before it is submitted.
    '$internal.pipeline.job-id': jobId,
    'pipeline.name': 'sluice ad hoc',
    'pipeline.global-job-parameters': JSON.stringify(labelled),
    'parallelism.default': '1',
    // With exactly-once checkpoints, which the cluster may have by default, Flink would show rows only after each of them.
    'execution.checkpointing.mode': 'AT_LEAST_ONCE',
    'execution.checkpointing.interval': '1 d',
    // Without a checkpoint a restarted job would tell all its rows again.
    'restart-strategy.type': 'none',
  };
}
