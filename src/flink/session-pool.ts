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

  /** Runs the work with a session that nobody else has meanwhile. Rejects with the reason of the signal while it waits. */
  async withSession<T>(work: (session: SqlSession) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const session = await this.#take(signal);
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

  /** Opens the first session now rather than with the first work. */
  async warmUp(): Promise<void> {
    await this.#sessions[0]?.open();
  }

  #take(signal?: AbortSignal): Promise<SqlSession> {
    signal?.throwIfAborted();
    const free = this.#sessions.find((session) => !this.#lent.has(session));
    if (!free) return this.#wait(signal);
    this.#lent.add(free);
    return Promise.resolve(free);
  }

  #wait(signal?: AbortSignal): Promise<SqlSession> {
    return new Promise((resolve, reject) => {
      const take = (session: SqlSession) => {
        signal?.removeEventListener('abort', leave);
        resolve(session);
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        reject(signal?.reason);
      };
      this.#waiting.push(take);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }
}
