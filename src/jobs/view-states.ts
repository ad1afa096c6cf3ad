import { setTimeout as sleep } from 'node:timers/promises';
import { type JobManager, type ListedJob, labels, type SqlSession } from '#flink';
import { toInsert, type View } from '#model';
import type { RestorePoints } from './restore-points.ts';
import { differenceOf, type StatePlan, toStatePlan } from './state-plan.ts';

/** What becomes of the state that a view has. */
export interface StateOutlook {
  /** NONE: there is no state, neither to keep nor to lose. */
  readonly state: 'KEPT' | 'LOST' | 'NONE';
  /** Why, in words; null when there is nothing to say. */
  readonly reason: string | null;
}

/** Where a job begins. */
export interface Beginning extends StateOutlook {
  /** The checkpoint or savepoint to go on from. */
  readonly path: string | null;
}

/** A version of a view that is about to be started. */
export interface ViewVersion {
  readonly view: View;
  readonly hash: string;
  readonly plan: StatePlan;
  /** The newest job that this view had, in any version. */
  readonly predecessor: ListedJob | null;
}

const afresh: Beginning = { state: 'NONE', reason: 'There is no state to go on from.', path: null };
const otherSql = 'This version computes something else than the one before';
/** The answers about a job that Flink caches are older than its end for this long (web.refresh-interval). */
const cachedMs = 3_200;

/** Compiles the view's INSERT without running it. Rejects with SQL_REJECTED; the SQL stands from the second line on. */
export async function compileState(session: SqlSession, view: View): Promise<StatePlan> {
  const { rows } = await session.execute(`EXPLAIN PLAN FOR ${toInsert(view)}`, { repeatable: true });
  return toStatePlan(rows.map(({ fields }) => String(fields[0])).join('\n'), {
    key: view.key.map(({ column }) => column),
    hasRequired: view.fields.some(({ required }) => required),
  });
}

/** Tells which state fits which version of a view, and finds it. */
export class ViewStates {
  readonly #jobManager: JobManager;
  readonly #restorePoints: RestorePoints | null;

  constructor(jobManager: JobManager, restorePoints: RestorePoints | null) {
    this.#jobManager = jobManager;
    this.#restorePoints = restorePoints;
  }

  /** Whether a version can go on from the state of a job of another version. */
  judge(job: ListedJob, plan: StatePlan): StateOutlook {
    const before = job.labels[labels.plan];
    if (before === undefined)
      return { state: 'LOST', reason: `Job ${job.id} does not tell what its state belongs to.` };
    const difference = differenceOf(before, plan);
    if (difference === null) return { state: 'KEPT', reason: 'What keeps state is as it was.' };
    return { state: 'LOST', reason: `${otherSql}: ${difference}` };
  }

  /** Where a version of which no job runs begins: at its own newest state, or at that of a version which is alike. */
  async find(version: ViewVersion): Promise<Beginning> {
    return this.#restorePoints ? await inFiles(version, this.#restorePoints) : await this.#inFlink(version);
  }

  async #inFlink({ hash, plan, predecessor }: ViewVersion): Promise<Beginning> {
    if (!predecessor) return afresh;
    const outlook = predecessor.hash === hash ? null : this.judge(predecessor, plan);
    if (outlook?.state === 'LOST') return { ...outlook, path: null };
    const path = await this.#pathOf(predecessor);
    return path === null ? afresh : kept(path);
  }

  /** A job that was stopped a moment ago may be told of as it was before: without its savepoint. */
  async #pathOf(job: ListedJob): Promise<string | null> {
    const path = await this.#jobManager.newestRestorePath(job.id);
    if (job.state !== 'FINISHED' || (path !== null && /\/savepoint-[^/]*$/.test(path))) return path;
    await sleep(cachedMs);
    return await this.#jobManager.newestRestorePath(job.id);
  }
}

async function inFiles({ view, hash, plan }: ViewVersion, points: RestorePoints): Promise<Beginning> {
  const versions = [...(await points.plans(view.topic))].filter(([version]) => version !== hash);
  const alike = versions.filter(([, noted]) => noted === plan).map(([version]) => version);
  const path = await points.newest(view.topic, [hash, ...alike]);
  if (path !== null) return kept(path);
  const [, other] = versions.at(-1) ?? [];
  if (other === undefined) return afresh;
  return { state: 'LOST', reason: `${otherSql}: ${differenceOf(other, plan)}`, path: null };
}

function kept(path: string): Beginning {
  return { state: 'KEPT', reason: `It goes on from ${path}.`, path };
}
