import { SluiceError } from '#errors';
import { hasEnded, type ListedJob, labels } from '#flink';

/** A submission as far as the jobs that are there matter to it. */
export interface NamedSubmission {
  readonly name: string;
  readonly hash: string;
  readonly replace: boolean;
  readonly idempotencyKey: string | null;
}

/** What to do for a submission, given the jobs that Flink has. */
export type SubmissionPlan =
  /** It was submitted before. */
  | { readonly action: 'RETURN'; readonly job: ListedJob }
  /** A job of the name is just ending, or does not tell its labels yet: look again. */
  | { readonly action: 'WAIT'; readonly job: ListedJob }
  | { readonly action: 'REPLACE'; readonly job: ListedJob }
  /** `predecessor`: the last job of the name, which has ended. */
  | { readonly action: 'START'; readonly predecessor: ListedJob | null };

/** The jobs that were submitted under the name, newest first. */
export function jobsNamed(name: string, jobs: readonly ListedJob[]): readonly ListedJob[] {
  return jobs
    .filter((job) => job.labels[labels.job] === name)
    .sort((a, b) => b.startedAtMs - a.startedAtMs || a.id.localeCompare(b.id));
}

/** Decides for one submission; two gateways that see the same jobs decide alike. Throws CONFLICT. */
export function planSubmission(submission: NamedSubmission, jobs: readonly ListedJob[]): SubmissionPlan {
  const { name, hash, idempotencyKey } = submission;
  const own = jobsNamed(name, jobs);
  const repeated = idempotencyKey === null ? undefined : own.find((job) => job.labels[labels.key] === idempotencyKey);
  if (repeated && repeated.hash !== hash) {
    throw conflict(
      repeated,
      `The idempotency key "${idempotencyKey}" was given for`,
      'Give each submission a key of its own.',
    );
  }
  if (repeated) return { action: 'RETURN', job: repeated };

  const unclear = jobs.find((job) => job.isYoung && job.name === name);
  if (unclear) return { action: 'WAIT', job: unclear };
  const [predecessor] = own;
  const living = own.find((job) => !hasEnded(job));
  if (!living) return { action: 'START', predecessor: predecessor ?? null };
  if (living.state === 'CANCELLING') return { action: 'WAIT', job: living };
  if (living.hash === hash) return { action: 'RETURN', job: living };
  if (submission.replace) return { action: 'REPLACE', job: living };
  throw conflict(
    living,
    `The name "${name}" belongs to`,
    'Choose another name, stop that job, or give "replace: true".',
  );
}

/** The refusal because of what another job computes. `what` and `remedy` are sentences around the job. */
export function conflict(job: ListedJob, what: string, remedy: string): SluiceError {
  return new SluiceError('CONFLICT', `${what} job ${job.id}, which computes something else. ${remedy}`, {
    details: { jobId: job.id, sql: job.sql },
  });
}
