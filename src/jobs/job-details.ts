import { z } from 'zod';
import { SluiceError } from '#errors';
import type { ClusterOverview, JobState, RestClient } from '#flink';
import {
  checkpointsAnswer,
  exceptionsAnswer,
  graphAnswer,
  toCheckpoints,
  toExceptions,
  toGraph,
} from './job-answers.ts';
import type { JobCheckpoints, JobException, JobGraph, JobVertex, VertexMetrics } from './job-parts.ts';
import { RequestCache } from './request-cache.ts';
import { metricsAnswer, metricsQuery, namesAnswer, toMetrics, wantedNames } from './vertex-metrics.ts';

/** What {@link JobDetails} asks with. */
export interface JobDetailsOptions {
  readonly rest: Pick<RestClient, 'request'>;
  readonly overview: () => Promise<ClusterOverview>;
  /** Milliseconds that only grow. */
  readonly now?: () => number;
}

const jobMetrics = z.array(z.object({ id: z.string(), value: z.string() }));
const taskManagers = z.object({ taskmanagers: z.array(z.object({ id: z.string() })) });
const taskManager = z.object({ allocatedSlots: z.array(z.object({ jobId: z.string() })).nullish() });

const ended: readonly JobState[] = ['FAILED', 'CANCELED', 'FINISHED', 'CANCELLING'];
const maxAgeMs = 1_000;
/** Fewer than the connections to the JobManager: what is submitted or steered meanwhile does not queue behind. */
const maxConcurrent = 6;
const maxExceptions = 20;
/** In larger clusters it is not looked up who holds slots without using them. */
const maxTaskManagers = 16;
const maxRememberedVertices = 10_000;
/** By this age the tasks of a vertex have told all that they measure. */
const grownUpMs = 60_000;

/**
 * What Flink tells of one job at a time. Answers are shared: each kind costs a job at most one request a second, and one
 * for each vertex where its metrics are asked for (and once another, for their names), however many ask. What belongs to
 * a job that Flink has forgotten is null or empty.
 */
export class JobDetails {
  readonly #rest: JobDetailsOptions['rest'];
  readonly #overview: JobDetailsOptions['overview'];
  readonly #answers: RequestCache;
  /** By the path of a vertex; the names of what a running task measures do not change. */
  readonly #names = new Map<string, { readonly attempt: number | null; readonly names: readonly string[] }>();

  constructor({ rest, overview, now = () => performance.now() }: JobDetailsOptions) {
    this.#rest = rest;
    this.#overview = overview;
    this.#answers = new RequestCache({ maxAgeMs, maxConcurrent, now });
  }

  /** The job's vertices, and what is told with them. */
  graph(id: string): Promise<JobGraph | null> {
    return this.#get(`/jobs/${id}`, graphAnswer, toGraph);
  }

  checkpoints(id: string): Promise<JobCheckpoints | null> {
    return this.#get(`/jobs/${id}/checkpoints`, checkpointsAnswer, toCheckpoints);
  }

  /** The last failures that Flink remembers, the newest first. */
  async exceptions(id: string): Promise<readonly JobException[]> {
    const path = `/jobs/${id}/exceptions?maxExceptions=${maxExceptions}`;
    return (await this.#get(path, exceptionsAnswer, toExceptions)) ?? [];
  }

  /** How often it was restarted; null before Flink has counted. */
  async restarts(id: string): Promise<number | null> {
    const found = await this.#get(`/jobs/${id}/metrics?get=numRestarts`, jobMetrics, ([first]) => first?.value ?? null);
    return found === null ? null : Number(found);
  }

  /** What the tasks of a vertex measured last; nothing when they do not run. */
  async metrics(vertex: JobVertex): Promise<VertexMetrics> {
    // Of tasks that have ended Flink would tell what it was last.
    if (vertex.state !== 'RUNNING') return toMetrics([]);
    const names = wantedNames(vertex, await this.metricNames(vertex));
    if (names.length === 0) return toMetrics([]);
    const path = `${pathOf(vertex)}?${metricsQuery(names)}`;
    return (await this.#get(path, metricsAnswer, toMetrics)) ?? toMetrics([]);
  }

  /** The names of all that the tasks of a vertex measure; they come some seconds after its start. */
  async metricNames(vertex: JobVertex): Promise<readonly string[]> {
    const path = pathOf(vertex);
    const known = this.#names.get(path);
    if (known && known.attempt === vertex.startedAtMs) return known.names;
    const names = (await this.#get(path, namesAnswer, (found) => found.map(({ id }) => id))) ?? [];
    const age = vertex.startedAtMs === null ? 0 : Date.now() - vertex.startedAtMs;
    if (names.length > 0 && age > grownUpMs) {
      if (this.#names.size >= maxRememberedVertices) this.#names.clear();
      this.#names.set(path, { attempt: vertex.startedAtMs, names });
    }
    return names;
  }

  /** Records that the job's Kafka sources have not read yet; null while that is not known of any. */
  async pendingRecords(id: string): Promise<number | null> {
    const sources = (await this.graph(id))?.vertices.filter(({ isSource }) => isSource) ?? [];
    const measured = await Promise.all(sources.map((vertex) => this.metrics(vertex)));
    const pending = measured.flatMap(({ pendingRecords }) => pendingRecords ?? []);
    return pending.length > 0 ? pending.reduce((sum, one) => sum + one, 0) : null;
  }

  /** Why tasks of the job in this state do not run, in words; null when they do, and when it has ended. */
  async waitsFor(id: string, state: JobState): Promise<string | null> {
    if (ended.includes(state)) return null;
    const graph = await this.graph(id);
    if (!graph) return null;
    if (state === 'RESTARTING' || state === 'FAILING') {
      const [last] = await this.exceptions(id);
      const slots = last?.type.endsWith('.NoResourceAvailableException')
        ? await this.#missingSlots(id, slotsOf(graph.vertices, allTasks), 0)
        : null;
      return slots ?? `Flink restarts it: ${last?.cause ?? 'cause unknown'}`;
    }
    const needed = slotsOf(graph.vertices, ({ waitingTasks }) => waitingTasks);
    if (needed === 0) return null;
    const used = slotsOf(graph.vertices, ({ parallelism, waitingTasks }) => parallelism - waitingTasks);
    return (await this.#missingSlots(id, needed, used)) ?? 'Flink assigns slots to it.';
  }

  /** What to say of a job that needs so many slots beside those that it uses; null when there are enough. */
  async #missingSlots(id: string, needed: number, used: number): Promise<string | null> {
    const [{ freeSlots }, held] = await Promise.all([
      this.#answers.get('/overview', () => this.#overview()),
      this.#heldSlots(id),
    ]);
    const free = freeSlots + Math.max(held - used, 0);
    return free < needed ? `needs ${needed === 1 ? '1 slot' : `${needed} slots`}, ${free} free` : null;
  }

  /** Slots that Flink has given to the job; those that it cannot use before it has all of them count as free. */
  async #heldSlots(id: string): Promise<number> {
    const list = await this.#get('/taskmanagers', taskManagers, ({ taskmanagers }) => taskmanagers);
    if (!list || list.length > maxTaskManagers) return 0;
    const held = await Promise.all(
      list.map(({ id: manager }) =>
        this.#get(`/taskmanagers/${manager}`, taskManager, ({ allocatedSlots }) => allocatedSlots ?? []),
      ),
    );
    return held.flatMap((slots) => slots ?? []).filter(({ jobId }) => jobId === id).length;
  }

  #get<Answer, T>(path: string, answer: z.ZodType<Answer>, read: (answer: Answer) => T): Promise<T | null> {
    return this.#answers.get(path, async () => {
      try {
        return read(await this.#rest.request(path, answer));
      } catch (thrown) {
        if (thrown instanceof SluiceError && thrown.code === 'NOT_FOUND') return null;
        throw thrown;
      }
    });
  }
}

function pathOf({ jobId, id }: JobVertex): string {
  return `/jobs/${jobId}/vertices/${id}/subtasks/metrics`;
}

function allTasks({ parallelism }: JobVertex): number {
  return parallelism;
}

/** The slots for so many tasks of each vertex: those of a slot sharing group use the same. */
function slotsOf(vertices: readonly JobVertex[], tasksOf: (vertex: JobVertex) => number): number {
  const groups = new Map<string, number>();
  for (const vertex of vertices) {
    const { slotSharingGroup } = vertex;
    groups.set(slotSharingGroup, Math.max(groups.get(slotSharingGroup) ?? 0, tasksOf(vertex)));
  }
  return [...groups.values()].reduce((sum, count) => sum + count, 0);
}
