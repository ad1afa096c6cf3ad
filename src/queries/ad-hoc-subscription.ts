import { messageOf, SluiceError } from '#errors';
import { isJobLost, isOperationGone, type SqlColumn, type SqlRow } from '#flink';
import type { AdHocJobs, RunningSelect, SelectOrder } from './ad-hoc-jobs.ts';
import { nameColumns } from './ad-hoc-query.ts';
import type { QueriesOptions } from './options.ts';
import { createRowReader, type RowValues } from './sql-values.ts';

/** A change of the result of a continuous SELECT. */
export interface AdHocRow {
  readonly operation: SqlRow['kind'];
  readonly values: RowValues;
}

/** What came since the last page; the first page has no rows. */
export interface AdHocPage {
  readonly columns: readonly SqlColumn[];
  readonly rows: readonly AdHocRow[];
  /** The Flink job that computes them. */
  readonly jobId: string;
}

/** How far a continuous SELECT goes. */
export interface ContinuousOptions {
  readonly maxRows: number | null;
  /** Given back as soon as its job is ended. */
  readonly place: Disposable;
  readonly settings: Pick<QueriesOptions, 'sqlIdleMs' | 'sqlRunMs' | 'sqlSubscriptionRows'>;
}

const maxPageRows = 1_000;

/**
 * The pages of a continuous SELECT. No more than one page is fetched before it is asked for, and when the job has filled
 * the buffers between it and us, it waits. A client that takes no page for the idle time loses the job at once, and learns it when it asks.
 */
export async function* readContinuously(
  jobs: AdHocJobs,
  order: SelectOrder,
  options: ContinuousOptions,
): AsyncGenerator<AdHocPage, void, void> {
  const { sqlIdleMs, sqlSubscriptionRows } = options.settings;
  const running = await jobs.start(order);
  let isIdle = false;
  let idle: NodeJS.Timeout | undefined;
  const endIdle = () => {
    isIdle = true;
    options.place[Symbol.dispose]();
    void running.end();
  };
  try {
    let left = options.maxRows ?? sqlSubscriptionRows;
    for await (const page of pagesOf(running, order, options)) {
      const rows = page.rows.slice(0, left);
      left -= rows.length;
      idle = setTimeout(endIdle, sqlIdleMs);
      yield { ...page, rows };
      clearTimeout(idle);
      if (isIdle) throw new SluiceError('TIMEOUT', `Nothing was taken for ${sqlIdleMs} ms: the query was ended.`);
      if (left > 0) continue;
      if (options.maxRows !== null) return;
      throw new SluiceError(
        'OVERLOADED',
        `One query gives at most ${sqlSubscriptionRows} rows (SLUICE_SQL_SUBSCRIPTION_ROWS).`,
      );
    }
  } finally {
    clearTimeout(idle);
    await running.end();
  }
}

async function* pagesOf(
  { operation, jobId }: RunningSelect,
  { untilMs, signal }: SelectOrder,
  { settings }: ContinuousOptions,
): AsyncGenerator<AdHocPage, void, void> {
  const columns = nameColumns(operation.columns);
  const read = createRowReader(operation.columns);
  const fetchNext = () => {
    const fetched = operation.next(untilMs, signal).catch((thrown: unknown) => Promise.reject(toLost(thrown)));
    // Nobody waits for it when the client has left.
    fetched.catch(() => undefined);
    return fetched;
  };
  // One page ahead, no more: Flink makes it while the client takes this one.
  let coming = fetchNext();
  yield { columns, rows: [], jobId };
  for (;;) {
    const rows = await coming;
    if (rows === null) return;
    if (rows === 'LATE') {
      throw new SluiceError(
        'TIMEOUT',
        `The query has run for ${settings.sqlRunMs} ms, the longest time (SLUICE_SQL_RUN_MS).`,
      );
    }
    coming = fetchNext();
    for (let at = 0; at < rows.length; at += maxPageRows) {
      const part = rows.slice(at, at + maxPageRows);
      yield { columns, rows: part.map((row) => ({ operation: row.kind, values: read(row) })), jobId };
    }
  }
}

/** A SQL Gateway that was restarted knows neither the session nor the operation, a JobManager that was, not the job. */
function toLost(thrown: unknown): unknown {
  if (isJobLost(thrown)) {
    const message = `Flink lost the job of the query: ${messageOf(thrown)} Run it again.`;
    return new SluiceError('FLINK_UNAVAILABLE', message, { cause: thrown });
  }
  if (!isOperationGone(thrown)) return thrown;
  const message =
    'The SQL Gateway lost the query, as it does when it is restarted. Its job is cancelled; run it again.';
  return new SluiceError('FLINK_UNAVAILABLE', message, { cause: thrown });
}
