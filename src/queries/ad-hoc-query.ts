import { SluiceError } from '#errors';
import { isJobLost, isOperationGone, type SqlColumn, withOwnTables } from '#flink';
import type { AdHocJobs, RunningSelect, SelectOrder } from './ad-hoc-jobs.ts';
import { isAppendOnly } from './explanation.ts';
import { ResultTable } from './result-table.ts';
import { createRowReader, type RowValues, uniqueNames } from './sql-values.ts';

/** Why a result is not whole. */
export type TruncationReason = 'MAX_ROWS' | 'MAX_BYTES' | 'DEADLINE';

/** What a statement answered. */
export interface AdHocResult {
  readonly columns: readonly SqlColumn[];
  readonly rows: readonly RowValues[];
  /** Null when all rows are there. */
  readonly reason: TruncationReason | null;
}

/** The most that the rows of one result may take while it is made, in characters of JSON. */
const maxCharacters = 16 * 1024 * 1024;

/**
 * Reads the whole result of a SELECT over what is in the topics now: its changes are taken in, so that each row is as it
 * is in the end. Rows that are never taken back are read no further than `maxRows`.
 */
export async function readBounded(jobs: AdHocJobs, order: SelectOrder, maxRows: number): Promise<AdHocResult> {
  for (let attempt = 0; ; attempt += 1) {
    const running = await jobs.start(order);
    try {
      return await readTable(running, order, maxRows);
    } catch (thrown) {
      // Flink forgot the operation or its job. Reading harms nothing: once more, from the beginning.
      if (!(isOperationGone(thrown) || isJobLost(thrown)) || attempt > 0) throw thrown;
    } finally {
      void running.end();
    }
  }
}

async function readTable({ operation }: RunningSelect, order: SelectOrder, maxRows: number): Promise<AdHocResult> {
  const { untilMs, signal } = order;
  const read = createRowReader(operation.columns);
  const table = new ResultTable();
  let isAppending: boolean | null = null;
  const finish = (reason: TruncationReason | null) => ({
    columns: nameColumns(operation.columns),
    rows: table.first(maxRows),
    reason: reason ?? (table.size > maxRows ? 'MAX_ROWS' : null),
  });
  for (;;) {
    const rows = await operation.next(untilMs, signal);
    if (rows === 'LATE') return finish('DEADLINE');
    if (rows === null) return finish(null);
    for (const row of rows) table.apply(row.kind, read(row));
    const isLarge = table.characters > maxCharacters;
    if (table.size <= maxRows && !isLarge) continue;
    isAppending ??= !table.hasChanged && (await appends(order));
    if (isAppending) return finish(isLarge && table.size <= maxRows ? 'MAX_BYTES' : null);
    if (isLarge) throw tooLarge(table.size);
  }
}

/** The columns by the names that they have in the rows. */
export function nameColumns(columns: readonly SqlColumn[]): readonly SqlColumn[] {
  const names = uniqueNames(columns.map(({ name }) => name));
  return columns.map((column, index) => ({ ...column, name: names[index] ?? column.name }));
}

/** Whether no row of the SELECT will ever be taken back. Asked only when there are more rows than wanted. */
async function appends({ pool, creates, select, signal }: SelectOrder): Promise<boolean> {
  return await pool.withSession(
    (session) =>
      withOwnTables(session, creates, async () => {
        const explain = `EXPLAIN CHANGELOG_MODE ${select.text}`;
        const { rows } = await session.execute(explain, { repeatable: true, maxRows: 1 });
        return isAppendOnly(String(rows[0]?.fields[0]));
      }),
    signal,
  );
}

function tooLarge(rows: number): SluiceError {
  const held = `${rows} rows, ${maxCharacters} characters of JSON`;
  return new SluiceError(
    'TABLE_TOO_LARGE',
    `The result changes while it is made, and grew to more than a gateway keeps (${held}). Group by less, or declare a view.`,
  );
}
