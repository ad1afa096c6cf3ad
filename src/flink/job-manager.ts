import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { SluiceError } from '#errors';
import { parseCauses } from './fault.ts';
import { type Labels, labels } from './labels.ts';
import type { RestClient } from './rest-client.ts';
import { shareCalls } from './share-calls.ts';
import { type ClusterOverview, type Job, type JobState, jobStates } from './types.ts';

/** A job with what its view is found by. */
export interface ListedJob extends Job {
  readonly hash: string | null;
  /**
   * Whether its labels may come yet: Flink does not tell them in the first seconds of a job, nor, for as long, of one
   * that came and went.
   */
  readonly isYoung: boolean;
}

/** How a job is stopped with a savepoint. */
export interface StopOrder {
  /** Where the savepoint goes; null: where Flink is configured to put it. */
  readonly directory: string | null;
  readonly timeoutMs: number;
  /** 32 hex digits: who asks again with the same, here or elsewhere, gets the same stop, for some minutes after its end. */
  readonly triggerId?: string;
}

const overview = z.object({
  'flink-version': z.string(),
  taskmanagers: z.int(),
  'slots-total': z.int(),
  'slots-available': z.int(),
  'jobs-running': z.int(),
  'jobs-finished': z.int(),
  'jobs-cancelled': z.int(),
  'jobs-failed': z.int(),
});
const jobDetails = z.object({
  jid: z.string(),
  name: z.string(),
  state: z.enum(jobStates),
  'start-time': z.int(),
  'end-time': z.int(),
  duration: z.number(),
  tasks: z.object({ total: z.int(), running: z.int() }),
});
const jobList = z.object({ jobs: z.array(jobDetails) });
const jobConfig = z.object({
  'execution-config': z.object({ 'user-config': z.record(z.string(), z.string()) }).optional(),
});
const checkpoint = z.object({ id: z.number(), external_path: z.string().nullish(), discarded: z.boolean().nullish() });
const checkpoints = z.object({
  latest: z
    .object({ completed: checkpoint.nullish(), savepoint: checkpoint.nullish(), restored: checkpoint.nullish() })
    .nullish(),
});
const exceptions = z.object({
  exceptionHistory: z.object({ entries: z.array(z.object({ stacktrace: z.string() })) }).nullish(),
});
const trigger = z.object({ 'request-id': z.string() });
const savepoint = z.object({
  status: z.object({ id: z.string() }),
  operation: z.object({ location: z.string().nullish(), 'failure-cause': z.unknown().optional() }).nullish(),
});
const failureCause = z.object({ 'stack-trace': z.string() });
const anything = z.unknown();

/**
 * While Flink initialises a job, and for the three seconds that it caches its answers (web.refresh-interval), the
 * configuration of a job looks empty: that is not to be remembered.
 */
const youthMs = 6_000;
const ended: readonly JobState[] = ['FAILED', 'CANCELED', 'FINISHED'];

/** Whether the job will never run again under this id. */
export function hasEnded(job: Pick<Job, 'state'>): boolean {
  return ended.includes(job.state);
}

/** How long labels of a job that is not listed are kept: it was submitted this instant. */
const submittedMs = 30_000;

/** Flink's JobManager over REST. The labels of a job never change, so they are asked for once a job. */
export class JobManager {
  readonly #rest: RestClient;
  readonly #list = shareCalls(() => this.#readJobs());
  #labels = new Map<string, Labels>();
  /** Of jobs submitted here, by id: when, and with which labels. Flink does not tell them at once. */
  readonly #submitted = new Map<string, { readonly atMs: number; readonly labels: Labels }>();
  /** When a job without labels was seen first, by `performance.now()`. */
  #unlabelledSince = new Map<string, number>();

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  /** Is called when something was done to a job through here: what is listed changes soon. */
  onSteered: () => void = () => {};

  /** Tells which labels a job was just submitted with. */
  remember(id: string, submitted: Labels): void {
    this.#submitted.set(id, { atMs: Date.now(), labels: submitted });
    this.onSteered();
  }

  /** The cluster's version, task slots and counts of jobs. */
  async overview(): Promise<ClusterOverview> {
    const answer = await this.#rest.request('/overview', overview);
    return {
      version: answer['flink-version'],
      taskManagers: answer.taskmanagers,
      slots: answer['slots-total'],
      freeSlots: answer['slots-available'],
      jobs: {
        running: answer['jobs-running'],
        finished: answer['jobs-finished'],
        cancelled: answer['jobs-cancelled'],
        failed: answer['jobs-failed'],
      },
    };
  }

  /**
   * All jobs that the JobManager remembers, newest first: one request, and one more for each job never seen before.
   * Calls share requests, and what each gets was asked for after it called.
   */
  jobs(): Promise<readonly ListedJob[]> {
    return this.#list();
  }

  async #readJobs(): Promise<readonly ListedJob[]> {
    const { jobs } = await this.#rest.request('/jobs/overview', jobList);
    const known = new Map<string, Labels>();
    const unlabelledSince = new Map<string, number>();
    const listed = await Promise.all(
      jobs.map(async (job) => {
        const found = this.#known(job.jid) ?? (await this.#readLabels(job.jid));
        const nowMs = performance.now();
        const sinceMs = this.#unlabelledSince.get(job.jid) ?? nowMs;
        // An ended one stays as old as it became.
        const ageMs = hasEnded(job) ? nowMs - sinceMs : job.duration;
        if (isLabelled(found) || ageMs > 2 * youthMs) known.set(job.jid, found);
        else unlabelledSince.set(job.jid, sinceMs);
        return toListedJob(job, found, ageMs);
      }),
    );
    this.#labels = known;
    this.#unlabelledSince = unlabelledSince;
    this.#forgetSubmitted();
    return listed.sort((a, b) => b.startedAtMs - a.startedAtMs || a.id.localeCompare(b.id));
  }

  /** One job. Rejects with NOT_FOUND when the JobManager does not know it. */
  async job(id: string): Promise<Job> {
    const found = /^[0-9a-f]{32}$/.test(id) ? (await this.jobs()).find((job) => job.id === id) : undefined;
    if (!found) throw new SluiceError('NOT_FOUND', `Flink knows no job ${id}.`);
    return found;
  }

  /** Asks for the job's end, without a savepoint. Returns before it has ended. */
  async cancel(id: string): Promise<void> {
    await this.#rest.request(`/jobs/${id}`, anything, { method: 'PATCH' });
    this.onSteered();
  }

  /**
   * Stops the job with a savepoint and gives the savepoint's path. When the savepoint fails the job runs on. Rejects with
   * TIMEOUT when Flink has not finished in time; it may finish later.
   */
  async stopWithSavepoint(id: string, { directory, timeoutMs, triggerId }: StopOrder): Promise<string> {
    const until = Date.now() + timeoutMs;
    const body = {
      drain: false,
      ...(directory !== null && { targetDirectory: directory }),
      ...(triggerId && { triggerId }),
    };
    const started = await this.#rest.request(`/jobs/${id}/stop`, trigger, { method: 'POST', body });
    for (let pauseMs = 20; Date.now() < until; pauseMs = Math.min(pauseMs * 2, 250)) {
      await sleep(pauseMs);
      const { status, operation } = await this.#rest.request(
        `/jobs/${id}/savepoints/${started['request-id']}`,
        savepoint,
      );
      if (operation?.location) return operation.location;
      if (status.id === 'COMPLETED') {
        throw new SluiceError('FLINK_REFUSED', `The savepoint failed: ${toReason(operation?.['failure-cause'])}`);
      }
    }
    throw new SluiceError('TIMEOUT', `Flink has not stopped job ${id} with a savepoint within ${timeoutMs} ms.`);
  }

  /** Where the job's state was last stored for good: its newest checkpoint or savepoint, or else what it began from. */
  async newestRestorePath(id: string): Promise<string | null> {
    const { latest } = await this.#rest.request(`/jobs/${id}/checkpoints`, checkpoints);
    const usable = [latest?.completed, latest?.savepoint].filter((point) => point?.external_path && !point.discarded);
    const newest = usable.sort((a, b) => (b?.id ?? 0) - (a?.id ?? 0))[0];
    return newest?.external_path ?? latest?.restored?.external_path ?? null;
  }

  /** The root cause of the job's last failure, in Flink's words. */
  async failureOf(id: string): Promise<string | null> {
    const { exceptionHistory } = await this.#rest.request(`/jobs/${id}/exceptions?maxExceptions=1`, exceptions);
    const trace = exceptionHistory?.entries[0]?.stacktrace;
    return trace ? (parseCauses([trace]).at(-1)?.message ?? null) : null;
  }

  #known(id: string): Labels | undefined {
    return this.#labels.get(id) ?? this.#submitted.get(id)?.labels;
  }

  #forgetSubmitted(): void {
    for (const [id, { atMs }] of this.#submitted) {
      if (this.#labels.has(id) || Date.now() - atMs > submittedMs) this.#submitted.delete(id);
    }
  }

  async #readLabels(id: string): Promise<Labels> {
    try {
      const answer = await this.#rest.request(`/jobs/${id}/config`, jobConfig);
      return answer['execution-config']?.['user-config'] ?? {};
    } catch (thrown) {
      // Forgotten by the JobManager between the two requests.
      if (thrown instanceof SluiceError && thrown.code === 'NOT_FOUND') return {};
      throw thrown;
    }
  }
}

function isLabelled(found: Labels): boolean {
  return Object.keys(found).length > 0;
}

function toReason(cause: unknown): string {
  const parsed = failureCause.safeParse(cause);
  return (parsed.success && parseCauses([parsed.data['stack-trace']]).at(-1)?.message) || 'no reason given';
}

function toListedJob(job: z.infer<typeof jobDetails>, found: Labels, ageMs: number): ListedJob {
  // One that Flink could not even initialise has no tasks, and never tells labels.
  const mayTell = !hasEnded(job) || job.tasks.total > 0;
  return {
    id: job.jid,
    name: job.name,
    state: job.state,
    startedAtMs: job['start-time'],
    endedAtMs: job['end-time'] > 0 ? job['end-time'] : null,
    view: found[labels.view] ?? null,
    sql: found[labels.sql] ?? null,
    labels: found,
    hash: found[labels.hash] ?? null,
    isYoung: !isLabelled(found) && mayTell && ageMs < youthMs,
    runningTasks: job.tasks.running,
    tasks: job.tasks.total,
  };
}
