import type { GraphQLError } from 'graphql';

const done = { done: true, value: undefined } as const;
/** Why it ends; made once, because an abort without a reason takes a stack trace. */
const left = new Error('The subscriber has left.');

/**
 * A subscription whose pages go to a sink: as an iterable it yields nothing and ends with the subscription. It starts at
 * the first `next()`; `return()` ends it at once. Small, because there is one for each of many idle subscribers.
 */
export class PushedPages implements AsyncIterableIterator<never, undefined> {
  readonly #run: (signal: AbortSignal) => Promise<void>;
  readonly #toError: (error: unknown) => GraphQLError;
  readonly #left = new AbortController();
  #ended: Promise<typeof done> | null = null;

  /** `run` gives the pages until its signal aborts; what it rejects with becomes what the client is told. */
  constructor(run: (signal: AbortSignal) => Promise<void>, toError: (error: unknown) => GraphQLError) {
    this.#run = run;
    this.#toError = toError;
  }

  next(): Promise<typeof done> {
    this.#ended ??= this.#run(this.#left.signal).then(
      () => done,
      (error: unknown) => {
        throw this.#toError(error);
      },
    );
    return this.#ended;
  }

  return(): Promise<typeof done> {
    this.#left.abort(left);
    return Promise.resolve(done);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
