import { type FakeAnswer, fakeFlink, type SeenRequest } from '../flink/fake-flink.ts';

/** A job of the {@link FakeCluster}; tests change its state at will. */
export interface FakeJob {
  readonly id: string;
  readonly startedAtMs: number;
  readonly config: Readonly<Record<string, string>>;
  state: string;
  runningTasks: number;
  checkpoint: string | null;
}

/** The JobManager and the SQL Gateway in one, as far as the views need them. */
export class FakeCluster {
  readonly jobs = new Map<string, FakeJob>();
  /** While set, every request is answered with 503. */
  isAway = false;
  /** While false, jobs look as Flink shows them in their first seconds. */
  tellsLabels = true;
  /** The optimised plan that EXPLAIN tells. */
  plan = 'Sink(table=[sink], fields=[user_id, cnt])\n+- TableSourceScan(table=[[source]], fields=[user_id])';
  /** When set, a job that goes on from a restore point is refused with it. */
  refusesState: string | null = null;
  freeSlots = 4;
  /** While true, statements are taken and never done. */
  hangs = false;
  /** The columns that DESCRIBE tells. */
  columns: readonly (readonly [name: string, type: string])[] = [];
  #operations = new Map<string, FakeAnswer>();
  #count = 0;

  /** Serves it over HTTP. */
  serve() {
    return fakeFlink((request) => (this.isAway ? { status: 503, body: { errors: ['away'] } } : this.#answer(request)));
  }

  /** The only job that has not ended. */
  get living(): FakeJob {
    const [job, ...others] = [...this.jobs.values()].filter(({ state }) => state === 'RUNNING');
    if (!job || others.length > 0) throw new Error(`${others.length + (job ? 1 : 0)} living jobs`);
    return job;
  }

  #answer({ path, body }: SeenRequest): FakeAnswer {
    const [, jobId, part] = /^\/jobs\/([0-9a-f]{32})\/?(\w*)/.exec(path) ?? [];
    const job = this.jobs.get(jobId ?? '');
    if (path === '/overview') return { body: toClusterOverview(this.freeSlots) };
    if (path === '/jobs/overview') return { body: { jobs: [...this.jobs.values()].map(toOverview) } };
    if (jobId && !job) return { status: 404, body: { errors: ['Job not found'] } };
    if (job && part === 'config' && !this.tellsLabels) return { body: {} };
    if (job) return { body: toPart(job, part ?? '') };
    if (path === '/v2/sessions') return { body: { sessionHandle: 's' } };
    if (path.endsWith('/statements')) return this.#submit(body);
    if (path.includes('/operations/hanging/')) return { body: { resultType: 'NOT_READY' } };
    const operation = /\/operations\/(\w+)\/result/.exec(path)?.[1];
    return (operation ? this.#operations.get(operation) : null) ?? { body: {} };
  }

  #submit(body: unknown): FakeAnswer {
    const { statement, executionConfig } = body as { statement: string; executionConfig: Record<string, string> };
    this.#count += 1;
    const operation = `op${this.#count}`;
    if (this.hangs) return { body: { operationHandle: 'hanging' } };
    this.#operations.set(operation, this.#run(statement, executionConfig));
    return { body: { operationHandle: operation } };
  }

  #run(statement: string, config: Readonly<Record<string, string>>): FakeAnswer {
    if (statement.startsWith('DESCRIBE')) return this.#describe();
    if (statement.startsWith('EXPLAIN'))
      return toResult(['result'], [[`== Optimized Execution Plan ==\n${this.plan}`]]);
    return this.#insert(config);
  }

  #describe(): FakeAnswer {
    return toResult(
      ['name', 'type', 'null'],
      this.columns.map(([name, type]) => [name, type, true]),
    );
  }

  #insert(config: Readonly<Record<string, string>>): FakeAnswer {
    const id = config['$internal.pipeline.job-id'] ?? '';
    if (this.jobs.has(id)) {
      const error = 'org.apache.flink.runtime.client.DuplicateApplicationSubmissionException: Already submitted.';
      return { status: 500, body: { errors: [error] } };
    }
    if (this.refusesState !== null && config['execution.state-recovery.path'] !== undefined)
      return { status: 500, body: { errors: [`java.lang.IllegalStateException: ${this.refusesState}`] } };
    this.jobs.set(id, { id, config, startedAtMs: this.#count, state: 'RUNNING', runningTasks: 2, checkpoint: null });
    return toResult(['job id'], [[id]]);
  }
}

function toResult(columns: readonly string[], rows: readonly (readonly unknown[])[]): FakeAnswer {
  const logicalType = { type: 'VARCHAR', nullable: true, length: 2_147_483_647 };
  const data = rows.map((fields) => ({ kind: 'INSERT', fields }));
  const results = { columns: columns.map((name) => ({ name, logicalType })), data };
  return { body: { resultType: 'EOS', results } };
}

function toClusterOverview(freeSlots: number) {
  const jobs = { 'jobs-running': 0, 'jobs-finished': 0, 'jobs-cancelled': 0, 'jobs-failed': 0 };
  return { 'flink-version': '2.3.0', taskmanagers: 1, 'slots-total': 4, 'slots-available': freeSlots, ...jobs };
}

function toOverview(job: FakeJob) {
  return {
    jid: job.id,
    name: job.config['pipeline.name'],
    state: job.state,
    'start-time': job.startedAtMs,
    'end-time': -1,
    duration: 60_000,
    tasks: { total: 2, running: job.runningTasks },
  };
}

function toPart(job: FakeJob, part: string): unknown {
  switch (part) {
    case 'config':
      return {
        'execution-config': { 'user-config': JSON.parse(job.config['pipeline.global-job-parameters'] ?? '{}') },
      };
    case 'checkpoints':
      return { latest: { completed: job.checkpoint ? { id: 1, external_path: job.checkpoint } : null } };
    case 'exceptions':
      return {
        exceptionHistory: { entries: [{ stacktrace: 'java.lang.ArithmeticException: / by zero\n\tat A.b(A.java)' }] },
      };
    case 'stop':
      job.state = 'FINISHED';
      job.checkpoint = `file:/savepoints/savepoint-${job.id}`;
      return { 'request-id': 'a' };
    case 'savepoints':
      return { status: { id: 'COMPLETED' }, operation: { location: job.checkpoint } };
    default:
      job.state = 'CANCELED';
      return {};
  }
}
