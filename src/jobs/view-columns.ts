import { SluiceError } from '#errors';
import type { SqlRow, SqlSession } from '#flink';
import { checkViewColumns, type DescribedColumn, type View } from '#model';
import { refuseView } from './view-errors.ts';

let checks = 0;

/**
 * Lets Flink infer the columns of the view's SQL and compares them with the declared fields. Rejects with SQL_REJECTED
 * when Flink refuses the SQL (its place is that in the statement: one line further down) or when the columns do not fit.
 */
export async function checkColumns(session: SqlSession, view: View): Promise<void> {
  checks += 1;
  const name = `\`__check_${checks}_${view.topic}\``;
  await session.configure(`CREATE TEMPORARY VIEW ${name} AS\n${view.sql}`);
  const columns = await describe(session, name);
  // The outcome does not depend on it, and the name is never used again.
  session.configure(`DROP TEMPORARY VIEW IF EXISTS ${name}`).catch(() => {});
  const misfits = checkViewColumns(view, columns);
  if (misfits.length > 0) throw refuseView(view, misfits.join(' '));
}

async function describe(session: SqlSession, name: string): Promise<readonly DescribedColumn[]> {
  try {
    const { rows } = await session.execute(`DESCRIBE ${name}`, { repeatable: true });
    return rows.map(toDescribedColumn);
  } catch (cause) {
    // What was just created is unknown: the session was lost in between, and made anew without it.
    if (!(cause instanceof SluiceError) || cause.code !== 'SQL_REJECTED') throw cause;
    throw new SluiceError('FLINK_UNAVAILABLE', 'The SQL Gateway lost the session while a view was checked.', { cause });
  }
}

function toDescribedColumn({ fields: [name, type, nullable] }: SqlRow): DescribedColumn {
  return { name: String(name), type: String(type), nullable: nullable !== false };
}
