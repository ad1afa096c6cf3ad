import { SluiceError } from '#errors';

/** How many ad hoc queries may run at once. */
export interface AdHocLimitOptions {
  readonly perClient: number;
  readonly total: number;
}

/** Counts the ad hoc queries that run, by client and in all. */
export class AdHocLimits {
  readonly #options: AdHocLimitOptions;
  readonly #running = new Map<string, number>();
  #total = 0;

  constructor(options: AdHocLimitOptions) {
    this.#options = options;
  }

  /** Takes a place until the lease is disposed; doing that again does nothing. Throws OVERLOADED when there is none. */
  take(client: string): Disposable {
    const { perClient, total } = this.#options;
    const running = this.#running.get(client) ?? 0;
    if (running >= perClient) {
      throw overloaded(`This client runs ${running} ad hoc queries, as many as it may (SLUICE_SQL_QUERIES_PER_CLIENT)`);
    }
    if (this.#total >= total) {
      throw overloaded(`${this.#total} ad hoc queries run on this gateway, as many as may (SLUICE_SQL_QUERIES)`);
    }
    this.#running.set(client, running + 1);
    this.#total += 1;
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (!isOver) this.#release(client);
        isOver = true;
      },
    };
  }

  #release(client: string): void {
    const left = (this.#running.get(client) ?? 0) - 1;
    if (left > 0) this.#running.set(client, left);
    else this.#running.delete(client);
    this.#total -= 1;
  }
}

function overloaded(message: string): SluiceError {
  return new SluiceError('OVERLOADED', `${message}. Nothing was started: end one, or try again later.`);
}
