import { setTimeout as sleep } from 'node:timers/promises';
import { SluiceError } from '#errors';
import type { ResultPage, SqlColumn, SqlGateway, SqlRow } from './sql-gateway.ts';

/** Which operation a {@link SqlOperation} is. */
export interface SqlOperationOptions {
  readonly gateway: SqlGateway;
  readonly session: string;
  readonly operation: string;
  /** Called once, when it is closed, with what hindered Flink from closing it. */
  readonly onClosed: (failure: unknown) => void;
}

const shortestPauseMs = 5;
const longestPauseMs = 200;
/** What is waited for is found so much later than it is there, as a share of the time that it took. */
const lateness = 0.04;

/** Until something is asked for again that was first asked for at a time. */
function pauseSince(askedAtMs: number): number {
  return Math.min(Math.max((Date.now() - askedAtMs) * lateness, shortestPauseMs), longestPauseMs);
}

/**
 * A statement that the SQL Gateway runs, and its result, page by page. Pages are fetched when they are asked for: what
 * nobody asks for, the gateway holds back, up to some thousand rows, and then the job waits. To be closed.
 */
export class SqlOperation {
  readonly #options: SqlOperationOptions;
  #columns: readonly SqlColumn[] = [];
  #jobId: string | null = null;
  #token: string | null = '0';
  /** Rows that came with the answer that said that it is ready. */
  #first: readonly SqlRow[] = [];
  #closed: Promise<void> | null = null;

  constructor(options: SqlOperationOptions) {
    this.#options = options;
  }

  /** Known as soon as it is ready. */
  get columns(): readonly SqlColumn[] {
    return this.#columns;
  }

  /** The job that it started, if it did. */
  get jobId(): string | null {
    return this.#jobId;
  }

  /**
   * Resolves when Flink has accepted and begun it. Rejects with what Flink said against it, with TIMEOUT when that takes
   * longer than the deadline, or with the reason of the signal.
   */
  async begun(deadlineMs: number, signal?: AbortSignal): Promise<void> {
    const askedAtMs = Date.now();
    const until = askedAtMs + deadlineMs;
    for (;;) {
      signal?.throwIfAborted();
      const page = await this.#fetch('0');
      if (page.ready) {
        this.#first = page.rows;
        this.#token = this.#isInsert(page) ? null : page.next;
        return;
      }
      if (Date.now() >= until) {
        throw new SluiceError('TIMEOUT', `Flink has not finished the statement within ${deadlineMs} ms.`);
      }
      await sleep(pauseSince(askedAtMs), undefined, signal ? { signal } : {});
    }
  }

  /** The next rows, at least one; null after the last, `LATE` when the time is over. Rejects with the reason of the signal. */
  async next(untilMs: number, signal?: AbortSignal): Promise<readonly SqlRow[] | 'LATE' | null> {
    const first = this.#first;
    this.#first = [];
    if (first.length > 0) return first;
    const askedAtMs = Date.now();
    while (this.#token !== null) {
      signal?.throwIfAborted();
      const page = await this.#fetch(this.#token);
      if (page.ready) this.#token = page.next;
      if (page.rows.length > 0) return page.rows;
      const leftMs = untilMs - Date.now();
      if (this.#token !== null && leftMs <= 0) return 'LATE';
      if (this.#token === null) break;
      await sleep(Math.min(pauseSince(askedAtMs), leftMs), undefined, signal ? { signal } : {});
    }
    return null;
  }

  /** Frees it; the job of a SELECT is cancelled with it, the job of an INSERT runs on. Never rejects. */
  close(): Promise<void> {
    const { gateway, session, operation, onClosed } = this.#options;
    this.#closed ??= gateway.closeOperation(session, operation).then(() => onClosed(null), onClosed);
    return this.#closed;
  }

  async #fetch(token: string): Promise<ResultPage> {
    const { gateway, session, operation } = this.#options;
    const page = await gateway.fetchResults(session, operation, token);
    if (page.columns.length > 0) this.#columns = page.columns;
    this.#jobId = page.jobId ?? this.#jobId;
    return page;
  }

  /** An INSERT's job id is its whole result: what follows is an empty page. */
  #isInsert(page: ResultPage): boolean {
    return page.jobId !== null && page.rows.length === 1 && this.#columns[0]?.name === 'job id';
  }
}
