import type { ListedJob } from '#flink';
import type { View } from '#model';
import type { StartedView } from './view-starter.ts';
import type { ViewStatus } from './view-status.ts';

/** A failed start or job is tried again this often, ever later, until `apply` is called. */
const maxAttempts = 6;
const maxPauseMs = 60_000;
/** A job that has run for this long has recovered: its failures are forgotten. */
const recoveredAfterMs = 60_000;

/** Where one view stands, and when what may be tried next. Holds no connection. */
export class ViewRun {
  readonly view: View;
  readonly hash: string;
  /** The job that this gateway found or started for it. */
  knownJobId: string | null = null;
  /** The job that it had and that Flink did not list the last time. */
  missingJobId: string | null = null;
  /** The start or stop under way. */
  underWay: Promise<void> | null = null;
  /** What the last start told. */
  lastStart: StartedView | null = null;
  /** The savepoint that its job was stopped with here: Flink forgets ended jobs after an hour. */
  stoppedAt: { readonly jobId: string; readonly savepoint: string } | null = null;
  /** Job lists asked for before this time, of the clock that never steps back, may not have its job yet. */
  startedAtMs = 0;
  /** Whether nothing more is tried before `apply`. */
  isSettled = false;
  #state: ViewStatus['state'] = 'PENDING';
  #error: string | null = null;
  #warning: string | null = null;
  #attempts = 0;
  #retryAtMs = 0;
  #waits = false;

  constructor(view: View, hash: string) {
    this.view = view;
    this.hash = hash;
  }

  /** Forgets failures, and what others did to its job. */
  reset(): void {
    this.knownJobId = null;
    this.isSettled = false;
    this.lastStart = null;
    this.#attempts = 0;
    this.#retryAtMs = 0;
    if (this.#state === 'FAILED') this.#set('PENDING', null);
  }

  /** Whether a start may be tried now. */
  isDue(nowMs: number): boolean {
    return nowMs >= this.#retryAtMs;
  }

  begin(): void {
    // What is tried again and again is told as it was, until it is otherwise.
    if (this.#state !== 'FLINK_UNAVAILABLE' && !this.#waits) this.#set('STARTING', this.#error);
  }

  started(started: StartedView): void {
    this.knownJobId = started.jobId;
    this.startedAtMs = performance.now();
    this.lastStart = started;
    this.#warning = started.warning;
    this.#set('STARTING', null);
  }

  /** Notes that it is not started, for no fault of its own: `reason` says by what it would be. */
  pending(reason: string): void {
    this.#set('PENDING', reason);
  }

  /** Notes that what it reads is not known yet; looked at again with each round, however long that takes. */
  wait(reason: string): void {
    this.#set('PENDING', reason);
    this.#waits = true;
  }

  /** Notes that nobody reads it and no job of it runs. */
  idle(): void {
    this.knownJobId = null;
    this.isSettled = false;
    this.#attempts = 0;
    this.#warning = null;
    this.#set('IDLE', null);
  }

  /** Puts the next attempt off. */
  pause(untilMs: number): void {
    this.#retryAtMs = untilMs;
  }

  /** Takes over what Flink says about its job. `failure` is the cause of its last restart. */
  observe(job: ListedJob, failure: string | null, nowMs: number): void {
    this.knownJobId = job.id;
    this.missingJobId = null;
    this.isSettled = false;
    if (job.state === 'RUNNING' && job.runningTasks === job.tasks) {
      if (nowMs - job.startedAtMs > recoveredAfterMs) this.#attempts = 0;
      this.#set('RUNNING', null);
    } else if (failure !== null) {
      this.#set('STARTING', `Flink restarts its job: ${failure}`);
    } else {
      const waits = `${job.runningTasks} of ${job.tasks} tasks run; the others wait for free task slots or are starting.`;
      this.#set('STARTING', job.tasks > 0 ? waits : null);
    }
  }

  /** Notes that Flink does not answer; tried again after the pause. */
  away(reason: string, retryAtMs: number): void {
    if (this.isSettled) return;
    this.#retryAtMs = retryAtMs;
    this.#set('FLINK_UNAVAILABLE', reason);
  }

  /** Notes a failure that may pass; gives up after a number of them. */
  failed(reason: string, nowMs: number): void {
    this.#attempts += 1;
    this.isSettled = this.#attempts >= maxAttempts;
    this.#retryAtMs = nowMs + Math.min(1_000 * 2 ** this.#attempts, maxPauseMs);
    this.#set('FAILED', this.isSettled ? `${reason} (given up after ${this.#attempts} attempts)` : reason);
  }

  /** Notes a reason that will not pass by itself. */
  settle(reason: string): void {
    this.isSettled = true;
    this.#set('FAILED', reason);
  }

  get status(): ViewStatus {
    return {
      view: this.view.topic,
      state: this.#state,
      jobId: this.knownJobId,
      error: this.#error,
      ...(this.#warning === null ? {} : { warning: this.#warning }),
    };
  }

  #set(state: ViewStatus['state'], error: string | null): void {
    this.#state = state;
    this.#error = error;
    this.#waits = false;
  }
}
