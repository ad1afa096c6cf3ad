import { SluiceError } from '#errors';
import { type Job, type ListedJob, labels } from '#flink';
import type { View } from '#model';
import type { StartedView, ViewStarter } from './view-starter.ts';

/** A declared view with the identity of what it computes. */
export interface HashedView {
  readonly view: View;
  readonly hash: string;
}

/** What {@link ViewRestarts} works with. */
export interface ViewRestartsOptions {
  readonly views: readonly HashedView[];
  readonly starter: ViewStarter;
}

/** How a view's job is started again. */
export interface ViewRestartOrder {
  /** Null: as it was. */
  readonly parallelism: number | null;
  readonly restorePath: string | null;
  /** The newest job of the view. */
  readonly predecessor: ListedJob | null;
}

/** Starts the jobs of declared views again, with the labels by which those who look after the views take them over. */
export class ViewRestarts {
  readonly #options: ViewRestartsOptions;

  constructor(options: ViewRestartsOptions) {
    this.#options = options;
  }

  /** Throws CONFLICT when the job computes another declaration than this gateway has. */
  check(job: Job): HashedView {
    const found = this.#options.views.find(({ view }) => view.topic === job.view);
    if (found?.hash === job.labels[labels.hash] && found) return found;
    throw new SluiceError(
      'CONFLICT',
      `Job ${job.id} computes a declaration of view "${job.view}" that this gateway does not have. Apply the views instead.`,
      { details: { jobId: job.id, sql: job.sql } },
    );
  }

  /** Rejects as `ViewStarter.start` does. */
  async restart(job: Job, order: ViewRestartOrder): Promise<StartedView> {
    const { view, hash } = this.check(job);
    const { restorePath, predecessor } = order;
    const parallelism = order.parallelism ?? Number(job.labels[labels.parallelism] ?? view.parallelism ?? 1);
    return await this.#options.starter.start({
      view: { ...view, parallelism },
      hash,
      predecessor,
      replaces: [],
      savepoint: restorePath,
      isAfresh: true,
    });
  }
}
