import { hasEnded, type ListedJob } from '#flink';
import type { View } from '#model';

/** What a view shall be, and the job that this gateway last knew to be its. */
export interface DesiredView {
  readonly view: string;
  readonly hash: string;
  /** Null until this gateway has found or started a job for it. */
  readonly knownJobId: string | null;
  readonly run: View['run'];
  /** Whether its job shall run: always, or because somebody reads it. */
  readonly isWanted: boolean;
}

/** What to do for one view, given the jobs that Flink has. */
export type ViewPlan =
  /** Its job is there. `surplus` does the same work again and shall be cancelled. */
  | { readonly action: 'KEEP'; readonly job: ListedJob; readonly surplus: readonly ListedJob[] }
  /** A job of it is just ending, or a job of its name does not tell its labels yet: look again later. */
  | { readonly action: 'WAIT'; readonly job: ListedJob }
  /** Start a job. `replaces` compute an earlier declaration and are ended first, the oldest first. */
  | { readonly action: 'START'; readonly predecessor: ListedJob | null; readonly replaces: readonly ListedJob[] }
  /** Nobody reads it. `others` compute an earlier declaration. */
  | { readonly action: 'IDLE'; readonly others: readonly ListedJob[] }
  /** Somebody else ended or replaced its job: that is respected until `apply` is called again. */
  | { readonly action: 'LEAVE'; readonly reason: string };

const byAge = (a: ListedJob, b: ListedJob) => a.startedAtMs - b.startedAtMs || a.id.localeCompare(b.id);

/** Decides for one view. Two gateways that see the same jobs decide alike. `jobs` may hold those of other views. */
export function planView(desired: DesiredView, jobs: readonly ListedJob[]): ViewPlan {
  // For the first seconds of a job Flink tells no labels; the job just started is known by its id.
  const isKnown = (job: ListedJob) => job.id === desired.knownJobId;
  const isAlike = (job: ListedJob) => job.hash === desired.hash || isKnown(job);
  const own = jobs.filter((job) => job.view === desired.view || isKnown(job)).sort(byAge);
  const living = own.filter((job) => !hasEnded(job));
  const [kept, ...surplus] = living.filter((job) => isAlike(job) && job.state !== 'CANCELLING');
  if (kept) return { action: 'KEEP', job: kept, surplus };

  const others = living.filter((job) => !isAlike(job));
  if (!desired.isWanted) return { action: 'IDLE', others };
  if (desired.knownJobId !== null) {
    const known = jobs.find((job) => job.id === desired.knownJobId);
    if (known?.state === 'CANCELED') return { action: 'LEAVE', reason: `Its job ${known.id} was cancelled.` };
    // An on-demand view was stopped by another gateway, whose last reader left.
    if (known?.state === 'FINISHED' && desired.run === 'ALWAYS')
      return { action: 'LEAVE', reason: `Its job ${known.id} was stopped.` };
    const other = others[0];
    if (other) return { action: 'LEAVE', reason: `Job ${other.id} computes another declaration of this view.` };
  }
  const isUnclear = (job: ListedJob) => job.isYoung && job.name === desired.view;
  const unclear = living.find(isAlike) ?? jobs.find(isUnclear);
  if (unclear) return { action: 'WAIT', job: unclear };
  return { action: 'START', predecessor: own.at(-1) ?? null, replaces: others };
}
