import { SluiceError } from '#errors';
import type { SqlColumn, SqlRow } from './sql-gateway.ts';
import type { SqlOperation } from './sql-operation.ts';

/** What a statement answered. */
export interface SqlResult {
  readonly columns: readonly SqlColumn[];
  readonly rows: readonly SqlRow[];
  readonly truncated: boolean;
  /** The job that the statement started, if it did. */
  readonly jobId: string | null;
}

/** Reads a result page by page, up to a number of rows. Rejects with TIMEOUT when the time is over before its end. */
export async function collectResult(
  operation: SqlOperation,
  maxRows: number,
  { until, deadlineMs }: { readonly until: number; readonly deadlineMs: number },
): Promise<SqlResult> {
  const rows: SqlRow[] = [];
  while (rows.length <= maxRows) {
    const page = await operation.next(until);
    if (page === 'LATE') {
      throw new SluiceError('TIMEOUT', `Flink has not finished the statement within ${deadlineMs} ms.`);
    }
    if (page === null) break;
    for (const row of page) rows.push(row);
  }
  const { columns, jobId } = operation;
  return { columns, rows: rows.slice(0, maxRows), truncated: rows.length > maxRows, jobId };
}
