import type { SqlSession } from './sql-session.ts';

/**
 * Lends sessions to those who compile, one each: a session runs its statements one by one, several sessions at the
 * same time. Who finds none free waits in line. Sessions are lent in a fixed order, so that few are opened for little work.
 */
export class SessionPool {
  readonly #sessions: readonly SqlSession[];
  readonly #lent = new Set<SqlSession>();
  readonly #waiting: ((session: SqlSession) => void)[] = [];

  constructor(sessions: readonly SqlSession[]) {
    this.#sessions = sessions;
  }

  /** Runs the work with a session that nobody else has meanwhile. */
  async withSession<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    const session = await this.#take();
    try {
      return await work(session);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(session);
      else this.#lent.delete(session);
    }
  }

  /** Closes all sessions. */
  async close(): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.close()));
  }

  #take(): Promise<SqlSession> {
    const free = this.#sessions.find((session) => !this.#lent.has(session));
    if (!free) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#lent.add(free);
    return Promise.resolve(free);
  }
}
