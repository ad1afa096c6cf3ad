import { type FakeAnswer, fakeFlink, type SeenRequest } from '../flink/fake-flink.ts';

const bigint = { type: 'BIGINT', nullable: false };
const columns = [{ name: 'n', logicalType: bigint }];

/** A Flink on which each SELECT is a job that gives one row a page for ever, until `rows` are given. */
export class FakeSelect {
  /** The state of each job by its id. */
  readonly jobs = new Map<string, { state: string; readonly labels: Readonly<Record<string, string>> }>();
  /** How many rows a SELECT gives; then its pages are empty. */
  rows = Number.POSITIVE_INFINITY;
  /** While set, the SQL Gateway has forgotten all operations. */
  isForgetful = false;
  readonly #fetches = new Map<string, number>();
  readonly #operations = new Map<string, string>();
  #given = 0;

  /** Serves JobManager and SQL Gateway in one. */
  serve() {
    return fakeFlink((request) => this.#answer(request));
  }

  /** How often a page of the SELECT was asked for, counted from 0. */
  fetchesOf(number: number): number {
    return this.#fetches.get(`op${number}`) ?? 0;
  }

  /** Only the states, in the order of the submission. */
  get states(): readonly string[] {
    return [...this.jobs.values()].map(({ state }) => state);
  }

  #answer({ method, path, body }: SeenRequest): FakeAnswer {
    if (path === '/v2/sessions') return { body: { sessionHandle: 's' } };
    if (path.endsWith('/statements')) return this.#submit(body);
    if (path === '/jobs/overview') return { body: { jobs: [...this.jobs].map(toOverview) } };
    const [, jobId = '', part] = /^\/jobs\/(\w+)(\/config)?$/.exec(path) ?? [];
    const job = this.jobs.get(jobId);
    if (job && part) return { body: { 'execution-config': { 'user-config': job.labels } } };
    if (job && method === 'PATCH') job.state = 'CANCELED';
    const [, operation = '', token] = /\/operations\/(\w+)\/(?:result\/(\d+)|close)/.exec(path) ?? [];
    if (operation === '') return { body: {} };
    if (this.isForgetful) return { status: 500, body: { errors: [forgotten] } };
    return token === undefined ? this.#close(operation) : { body: this.#page(operation, Number(token)) };
  }

  #submit(body: unknown): FakeAnswer {
    const { executionConfig: config } = body as { executionConfig: Readonly<Record<string, string>> };
    const id = config['$internal.pipeline.job-id'] ?? '';
    const operation = `op${this.jobs.size}`;
    this.jobs.set(id, { state: 'RUNNING', labels: JSON.parse(config['pipeline.global-job-parameters'] ?? '{}') });
    this.#operations.set(operation, id);
    return { body: { operationHandle: operation } };
  }

  #close(operation: string): FakeAnswer {
    const job = this.jobs.get(this.#operations.get(operation) ?? '');
    if (job) job.state = 'CANCELED';
    return { body: {} };
  }

  #page(operation: string, token: number) {
    this.#fetches.set(operation, (this.#fetches.get(operation) ?? 0) + 1);
    const isThere = token > 0 && this.#given < this.rows;
    const data = isThere ? [{ kind: 'INSERT', fields: [token] }] : [];
    if (isThere) this.#given += 1;
    const nextResultUri = `/v2/sessions/s/operations/${operation}/result/${token + 1}`;
    return { resultType: 'PAYLOAD', jobID: this.#operations.get(operation), nextResultUri, results: { columns, data } };
  }
}

const forgotten =
  'org.apache.flink.table.gateway.api.utils.SqlGatewayException: Can not find the submitted operation in the OperationManager with the op0.';

function toOverview([id, { state }]: readonly [string, { readonly state: string }]) {
  return {
    jid: id,
    name: 'sluice ad hoc',
    state,
    'start-time': 1,
    'end-time': -1,
    duration: 60_000,
    tasks: { total: 1, running: 1 },
  };
}
