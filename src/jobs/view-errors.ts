import { messageOf, SluiceError } from '#errors';
import { faultOf } from '#flink';
import type { Place, View } from '#model';
import { toFilePlace } from './sql-place.ts';

/** The view's SQL stands from the second line on in every statement made of it. */
const linesBeforeSql = 1;

/** Says of which view, and where in its file, Flink refused the SQL. Other errors come back as they are. */
export function locateInView(view: View, thrown: unknown, refusedTables: ReadonlyMap<string, string>): SluiceError {
  if (!(thrown instanceof SluiceError)) {
    return new SluiceError('INTERNAL', `View "${view.topic}": ${messageOf(thrown)}`, { cause: thrown });
  }
  const fault = faultOf(thrown);
  if (!fault || (thrown.code !== 'SQL_REJECTED' && thrown.code !== 'FLINK_REFUSED')) return thrown;
  const { position } = fault;
  const inSql =
    position && position.line > linesBeforeSql ? { ...position, line: position.line - linesBeforeSql } : null;
  const place = inSql ? toFilePlace(view.sqlPlace, inSql) : view.sqlPlace;
  const tables = [...view.reads, view.topic]
    .filter((topic) => refusedTables.has(topic))
    .map((topic) => ` Flink refused the table "${topic}": ${refusedTables.get(topic)}`);
  return refuseView(view, fault.plainMessage + tables.join(''), { place, code: thrown.code, cause: fault });
}

/** How {@link refuseView} fills in the error. */
interface Refusal {
  readonly place?: Place;
  readonly code?: 'SQL_REJECTED' | 'FLINK_REFUSED';
  readonly cause?: unknown;
}

/** The error for a view that cannot run as it is declared. */
export function refuseView(view: View, reason: string, refusal: Refusal = {}): SluiceError {
  const { file, line, column } = refusal.place ?? view.sqlPlace;
  return new SluiceError(
    refusal.code ?? 'SQL_REJECTED',
    `View "${view.topic}" (${file}:${line}:${column}): ${reason}`,
    { details: { view: view.topic, file, line, column, flink: reason }, cause: refusal.cause },
  );
}
