import { setTimeout as sleep } from 'node:timers/promises';
import type { Cause, JobControl, JobManager, ListedJob } from '#flink';

/** Whether a job could take over the state that it was started from. `reason` is in Flink's words. */
export type Acceptance =
  | { readonly kind: 'ACCEPTED' }
  | { readonly kind: 'REFUSED'; readonly reason: string }
  /** The job did not get as far as that in time, or failed for another reason. */
  | { readonly kind: 'UNKNOWN'; readonly reason: string };

/** What {@link awaitAcceptance} asks. */
export interface AcceptanceOptions {
  readonly jobManager: Pick<JobManager, 'jobs'>;
  readonly jobControl: Pick<JobControl, 'failureOf'>;
  readonly timeoutMs: number;
}

const pauseMs = 50;
/** A task that cannot open its state; any other failure says nothing about the state. */
const stateTrouble =
  /StateMigrationException|BackendBuildingException|StreamOperatorStateContext|Could not restore|Failed to rollback/;

/**
 * Waits until all tasks of a job that was started from state run, or one fails. Some misfits Flink sees when it is
 * given the job; others (another key type under the same operator) only a task that opens its state, and Flink then
 * restarts the job again and again.
 */
export async function awaitAcceptance(id: string, options: AcceptanceOptions): Promise<Acceptance> {
  const { jobManager, jobControl, timeoutMs } = options;
  const until = Date.now() + timeoutMs;
  for (;;) {
    const job = (await jobManager.jobs()).find((listed) => listed.id === id);
    if (job && hasOpened(job)) return { kind: 'ACCEPTED' };
    if (job && hasFailed(job)) {
      // Flink tells the cause some moments after the state of the job.
      const causes = await jobControl.failureOf(id);
      if (causes.length > 0) return toRefusal(causes);
    }
    if (Date.now() >= until) return { kind: 'UNKNOWN', reason: `not all of its tasks run after ${timeoutMs} ms` };
    await sleep(pauseMs);
  }
}

function hasOpened(job: ListedJob): boolean {
  return job.state === 'FINISHED' || (job.tasks > 0 && job.runningTasks === job.tasks);
}

function hasFailed(job: ListedJob): boolean {
  return job.state === 'RESTARTING' || job.state === 'FAILING' || job.state === 'FAILED';
}

function toRefusal(causes: readonly Cause[]): Acceptance {
  const isAboutState = causes.some((cause) => stateTrouble.test(`${cause.type}: ${cause.message}`));
  return { kind: isAboutState ? 'REFUSED' : 'UNKNOWN', reason: causes.at(-1)?.message ?? 'cause unknown' };
}
