import { quoteName } from '#model';
import type { Statement } from '#sql';
import type { SqlSession } from './sql-session.ts';
import { locate } from './statement-place.ts';

/**
 * Does work for which a client's own temporary tables and views are there, and drops them afterwards, whatever comes. The
 * session must be the caller's alone meanwhile. When the SQL Gateway loses the session in between, all of it is done once
 * more: the work must be such that doing it twice does no harm. What is refused is told with its place in the client's text.
 */
export async function withOwnTables<T>(
  session: SqlSession,
  creates: readonly Statement[],
  work: () => Promise<T>,
): Promise<T> {
  if (creates.length === 0) return await work();
  for (let attempt = 0; ; attempt += 1) {
    await session.open();
    const { incarnation } = session;
    try {
      return await once(session, creates, work);
    } catch (thrown) {
      if (attempt > 0 || session.incarnation === incarnation) throw thrown;
    }
  }
}

async function once<T>(session: SqlSession, creates: readonly Statement[], work: () => Promise<T>): Promise<T> {
  const created: Statement[] = [];
  try {
    for (const create of creates) {
      await session.configure(create.text).catch((thrown: unknown) => Promise.reject(locate(create, thrown)));
      created.push(create);
    }
    return await work();
  } finally {
    await drop(session, created.reverse());
  }
}

async function drop(session: SqlSession, created: readonly Statement[]): Promise<void> {
  try {
    for (const { kind, creates } of created) {
      const object = kind === 'CREATE_TEMPORARY_VIEW' ? 'VIEW' : 'TABLE';
      const name = (creates?.name.parts ?? []).map(quoteName).join('.');
      await session.configure(`DROP TEMPORARY ${object} IF EXISTS ${name}`);
    }
  } catch {
    // With the session its temporary tables end, too. The next statement opens another one.
    await session.close();
  }
}
