import { messageOf } from '#errors';
import type { ListedJob } from '#flink';

/** What Flink said of its jobs last. */
export interface JobsSnapshot {
  /** As of the last answer; empty before the first. */
  readonly jobs: readonly ListedJob[];
  /** Why Flink does not answer at present; null when it does. */
  readonly error: string | null;
  /** When the last answer was asked for, epoch milliseconds. */
  readonly askedAtMs: number;
}

/** What became of a job: it is there, anew or changed, or it is gone (or does not fit any more). */
export interface JobChange {
  readonly operation: 'UPSERT' | 'DELETE';
  readonly job: ListedJob;
}

/** What changed since the page before. */
export interface JobChanges {
  readonly changes: readonly JobChange[];
  /** Why Flink does not answer at present: what is known is as old as the page before. Null when it does. */
  readonly error: string | null;
}

/** Which jobs are followed, until when. */
export interface FollowOptions {
  readonly fits: (job: ListedJob) => boolean;
  readonly signal: AbortSignal;
}

/** How a {@link JobWatch} asks. */
export interface JobWatchOptions {
  readonly list: () => Promise<readonly ListedJob[]>;
  /** The longest pause while Flink does not answer. */
  readonly retryMaxMs: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** The pause after a change; without one it grows. */
const quickMs = 250;
const calmMs = 1_000;
const growth = 1.5;
const firstRetryMs = 500;

/**
 * Watches the jobs for all who want to know of them: one request at a time, four a second while something changes, one
 * a second when all is calm, none when nobody watches.
 */
export class JobWatch {
  readonly #options: Required<JobWatchOptions>;
  readonly #listeners = new Set<(snapshot: JobsSnapshot) => void>();
  #snapshot: JobsSnapshot | null = null;
  #pauseMs = quickMs;
  #isRunning = false;
  #wake: () => void = () => {};

  constructor(options: JobWatchOptions) {
    this.#options = { now: Date.now, ...options };
  }

  /** Calls with what Flink says, after each time it was asked, until the function that it returns is called. */
  listen(listener: (snapshot: JobsSnapshot) => void): () => void {
    this.#listeners.add(listener);
    if (!this.#isRunning) {
      this.#isRunning = true;
      void this.#run();
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#wake();
    };
  }

  /** Something was done to a job here: looks at once, and more often for some time. */
  hurry(): void {
    this.#pauseMs = quickMs;
    this.#wake();
  }

  /**
   * The jobs that fit, in a first page that comes as soon as Flink has answered, then what changes, as it changes. Who
   * is slow gets the newest state of each job, however often it changed. Goes on while Flink is away, and says so once.
   * Ends with the signal.
   */
  async *follow({ fits, signal }: FollowOptions): AsyncGenerator<JobChanges, void, void> {
    const told = new Map<string, ListedJob>();
    let latest = this.#youngSnapshot();
    let toldError: string | null | undefined;
    let wake = () => {};
    const stopListening = this.listen((snapshot) => {
      latest = snapshot;
      wake();
    });
    const onAbort = () => wake();
    signal.addEventListener('abort', onAbort);
    try {
      while (!signal.aborted) {
        const snapshot = latest;
        latest = null;
        if (snapshot) {
          const changes = snapshot.error === null ? tellChanges(told, snapshot.jobs.filter(fits)) : [];
          if (changes.length > 0 || snapshot.error !== toldError) {
            toldError = snapshot.error;
            yield { changes, error: snapshot.error };
          }
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      stopListening();
    }
  }

  /** Who joins others need not wait for the next answer. */
  #youngSnapshot(): JobsSnapshot | null {
    if (!this.#isRunning || this.#snapshot?.error !== null) return null;
    return this.#options.now() - this.#snapshot.askedAtMs < 2 * calmMs ? this.#snapshot : null;
  }

  async #run(): Promise<void> {
    this.#pauseMs = quickMs;
    while (this.#listeners.size > 0) {
      await this.#ask();
      if (this.#listeners.size === 0) break;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#pauseMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#snapshot = null;
    this.#isRunning = false;
  }

  async #ask(): Promise<void> {
    const askedAtMs = this.#options.now();
    const before = this.#snapshot;
    try {
      const jobs = await this.#options.list();
      const isChanged = before?.error !== null || isAnyOther(before.jobs, jobs);
      this.#pauseMs = isChanged ? quickMs : Math.min(this.#pauseMs * growth, calmMs);
      this.#snapshot = { jobs, error: null, askedAtMs };
    } catch (thrown) {
      this.#pauseMs = before?.error ? Math.min(this.#pauseMs * 2, this.#options.retryMaxMs) : firstRetryMs;
      this.#snapshot = { jobs: before?.jobs ?? [], error: messageOf(thrown), askedAtMs };
    }
    for (const listener of this.#listeners) listener(this.#snapshot);
  }
}

/** What differs from what was told, which is brought up to date. */
function tellChanges(told: Map<string, ListedJob>, jobs: readonly ListedJob[]): readonly JobChange[] {
  const changes: JobChange[] = [];
  const present = new Set<string>();
  for (const job of jobs) {
    present.add(job.id);
    const before = told.get(job.id);
    if (before && isSame(before, job)) continue;
    told.set(job.id, job);
    changes.push({ operation: 'UPSERT', job });
  }
  for (const [id, job] of told) {
    if (present.has(id)) continue;
    told.delete(id);
    changes.push({ operation: 'DELETE', job });
  }
  return changes;
}

function isAnyOther(before: readonly ListedJob[], after: readonly ListedJob[]): boolean {
  return before.length !== after.length || after.some((job, index) => !isSame(before[index], job));
}

/** Labels come late, all at once, and never change. */
function isSame(one: ListedJob | undefined, other: ListedJob): boolean {
  return (
    one?.id === other.id &&
    one.state === other.state &&
    one.runningTasks === other.runningTasks &&
    one.tasks === other.tasks &&
    Object.keys(one.labels).length === Object.keys(other.labels).length
  );
}
