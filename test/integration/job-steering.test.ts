import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { RestorePoints } from '#jobs';
import type { FlinkParts } from '../../src/flink-parts.ts';
import { type Answer, post } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { type OwnGateway, openOwnGateway } from '../support/gateway.ts';
import { patience } from '../support/patience.ts';
import { openQuietFlink } from '../support/quiet-flink.ts';
import { modelOf } from '../unit/flink/models.ts';

const { kafka, flinkRest, sqlGateway } = inject('endpoints');
const topic = uniqueName('steer');
const declarations = `
  type Click @stream(topic: "${topic}_clicks", plural: "clicks", partitions: 1) { userId: ID! url: String }
  type Count @stream(topic: "${topic}_counts", plural: "counts", partitions: 1, key: ["userId"], cleanup: COMPACT) {
    userId: ID!
    cnt: BigInt!
  }
  type Upper @view(topic: "${topic}_upper", plural: "uppers", partitions: 1, sql: "SELECT UPPER(user_id) AS user_id FROM ${topic}_clicks") {
    userId: ID!
  }
`;
const cleanUp = new AsyncDisposableStack();
let one: OwnGateway;
let two: OwnGateway;

beforeAll(async () => {
  const schema = cleanUp.use(await declare({ 'main.graphql': declarations }));
  const env = { SLUICE_SQL: 'all' };
  one = await openOwnGateway({ schema: schema.folder, env });
  cleanUp.use(one);
  two = cleanUp.use(await openOwnGateway({ schema: schema.folder, env }));
  cleanUp.defer(endJobs);
});
afterAll(() => cleanUp.disposeAsync());

interface JobAnswer {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly sql: string;
}

interface Submitted {
  readonly job: JobAnswer;
  readonly outcome: string;
  readonly restoredFrom: string | null;
  readonly stateKept: boolean | null;
  readonly warning: string | null;
}

interface Steered {
  readonly job: JobAnswer;
  readonly savepoint: string;
  readonly operation: { readonly id: string; readonly state: string };
  readonly warning: string | null;
}

const job = 'job { id name state sql }';
const steered = `{ ${job} savepoint operation { id kind state savepoint error } warning }`;

/** Calls a mutation of which every argument is a literal; the answer with its errors. */
function call(gateway: OwnGateway, mutation: string, selection: string): Promise<Answer> {
  return post(gateway.url, `mutation { result: ${mutation} ${selection} }`);
}

async function steer(gateway: OwnGateway, mutation: string): Promise<Steered> {
  const { data, errors } = await call(gateway, mutation, steered);
  expect(errors).toBeUndefined();
  return data.result;
}

/** Submits a job named after the test. */
function trySubmit(gateway: OwnGateway, input: Readonly<Record<string, unknown>>): Promise<Answer> {
  const text = `mutation ($input: SubmitJobInput!) {
    submitJob(input: $input) { ${job} outcome restoredFrom stateKept warning }
  }`;
  return post(gateway.url, text, { input });
}

async function submit(gateway: OwnGateway, input: Readonly<Record<string, unknown>>): Promise<Submitted> {
  const { data, errors } = await trySubmit(gateway, input);
  expect(errors).toBeUndefined();
  return data.submitJob;
}

async function produce(users: readonly string[]): Promise<void> {
  const events = users.map((userId) => ({ userId, url: `/${userId}` }));
  const { errors } = await post(
    one.url,
    'mutation ($events: [ClickInput!]!) { produceClicks(events: $events) { records { outcome } } }',
    { events },
  );
  expect(errors).toBeUndefined();
}

/** The present counts, by user. */
async function counts(): Promise<Readonly<Record<string, number>>> {
  const { data } = await post(one.url, '{ counts { nodes { userId cnt } } }');
  return Object.fromEntries(
    data.counts.nodes.map((node: { userId: string; cnt: string }) => [node.userId, Number(node.cnt)]),
  );
}

async function endJobs(): Promise<void> {
  const { data } = await post(one.url, '{ jobs(first: 1000) { nodes { id name endedAt } } }');
  for (const { id, name, endedAt } of data.jobs.nodes) {
    if (name.startsWith(topic) && endedAt === null) await call(one, `cancelJob(id: "${id}")`, '{ savepoint }');
  }
}

const counting = `INSERT INTO ${topic}_counts SELECT user_id, COUNT(*) FROM ${topic}_clicks GROUP BY user_id`;

describe('a job that is submitted', () => {
  it('is started once by two gateways, stops with a savepoint, and counts on from there', async () => {
    const input = { name: `${topic} counting`, sql: counting, idempotencyKey: 'first' };
    const [here, there] = await Promise.all([submit(one, input), submit(two, input)]);
    expect(here.job.id).toBe(there.job.id);
    expect([here.outcome, there.outcome].sort()).toEqual(['ALREADY_RUNNING', 'STARTED']);
    expect(here.job).toMatchObject({ name: input.name, state: 'RUNNING', sql: counting });
    await produce(['ann', 'ben', 'ann']);
    await expect.poll(counts, patience).toEqual({ ann: 2, ben: 1 });

    const { id } = here.job;
    const stops = await Promise.all([steer(one, `stopJob(id: "${id}")`), steer(two, `stopJob(id: "${id}")`)]);
    const savepoint = stops[0]?.savepoint;
    expect(savepoint).toMatch(/^file:.*savepoint-/);
    for (const stopped of stops) {
      expect(stopped).toMatchObject({ job: { state: 'FINISHED' }, savepoint, operation: { state: 'COMPLETED' } });
    }
    expect(await steer(two, `stopJob(id: "${id}")`)).toMatchObject({ savepoint, job: { id, state: 'FINISHED' } });
    const asked = await post(two.url, `{ jobOperation(id: "${stops[0]?.operation.id}") { kind state savepoint } }`);
    expect(asked.data.jobOperation).toEqual({ kind: 'STOP', state: 'COMPLETED', savepoint });
    // The answer was lost, and the client repeats its call: nothing is started.
    expect(await submit(two, input)).toMatchObject({ outcome: 'ALREADY_RUNNING', job: { id, state: 'FINISHED' } });

    await produce(['ann']);
    const again = await submit(two, { ...input, idempotencyKey: 'second', startFrom: { savepoint } });
    expect(again).toMatchObject({ outcome: 'STARTED', restoredFrom: savepoint?.replace(/^file:\/*/, 'file:///') });
    expect(again.job.id).not.toBe(id);
    await expect.poll(counts, patience).toEqual({ ann: 3, ben: 1 });

    expect(await steer(one, `cancelJob(id: "${again.job.id}")`)).toMatchObject({ job: { state: 'CANCELED' } });
    expect(await steer(two, `cancelJob(id: "${again.job.id}")`)).toMatchObject({ job: { state: 'CANCELED' } });
    for (const gateway of [one, two]) {
      const disposed = await steer(gateway, `disposeSavepoint(path: "${savepoint}")`);
      expect(disposed).toMatchObject({ job: null, operation: { state: 'COMPLETED' } });
    }
    const { errors } = await trySubmit(one, { ...input, idempotencyKey: 'third', startFrom: { savepoint } });
    expect(errors).toMatchObject([
      { message: expect.stringContaining('Cannot find checkpoint'), extensions: { code: 'FLINK_REFUSED' } },
    ]);
  });

  it('makes room for another of its name only when it is told to, with its state where that fits', async () => {
    const name = `${topic} replaced`;
    const select = (what: string) => `INSERT INTO ${topic}_counts SELECT ${what} FROM ${topic}_clicks`;
    const first = await submit(one, { name, sql: select("'all', COUNT(*)") });
    const other = { name, sql: select("'all', COUNT(*)").concat(" WHERE url <> '/nobody'") };
    expect((await trySubmit(two, other)).errors).toMatchObject([
      { extensions: { code: 'CONFLICT', jobId: first.job.id, sql: first.job.sql } },
    ]);
    const wrong = await trySubmit(two, { name, replace: true, sql: `${select('user_id')}\n  WHERE nonsense > 1` });
    expect(wrong.errors).toMatchObject([{ extensions: { code: 'SQL_REJECTED', line: 2, column: 9 } }]);

    const fitting = await submit(two, { ...other, replace: true });
    expect(fitting).toMatchObject({ outcome: 'REPLACED', stateKept: true, warning: null });
    expect(fitting.restoredFrom).toContain('savepoint-');
    expect(await submit(one, { ...other, replace: true })).toMatchObject({
      outcome: 'ALREADY_RUNNING',
      job: { id: fitting.job.id },
    });
    const misfit = await submit(one, { name, replace: true, sql: select("'all', COUNT(DISTINCT url)") });
    expect(misfit).toMatchObject({ outcome: 'REPLACED', stateKept: false, restoredFrom: null });
    expect(misfit.warning).toContain('started from scratch');
    // Whoever names the state is taken at his word, and Flink's word against it is passed on.
    const forced = await trySubmit(two, {
      name,
      replace: true,
      startFrom: { latest: true },
      sql: `INSERT INTO ${topic}_counts SELECT a.user_id, COUNT(*) FROM ${topic}_clicks a JOIN ${topic}_clicks b ON a.url = b.url GROUP BY a.user_id`,
    });
    expect(forced.errors).toMatchObject([
      { message: expect.stringContaining('Failed to rollback'), extensions: { code: 'FLINK_REFUSED' } },
    ]);
  });

  it('may be several INSERTs over tables of its own, and is told where its SQL is wrong', async () => {
    const tables = `CREATE TEMPORARY TABLE mine (a STRING) WITH ('connector' = 'blackhole');\n`;
    const inserts = ['user_id', 'url'].map((column) => `INSERT INTO mine SELECT ${column} FROM ${topic}_clicks`);
    const name = `${topic} several`;
    const submitted = await submit(one, { name, sql: tables + inserts.join(';\n'), parallelism: 2 });
    expect(submitted).toMatchObject({ outcome: 'STARTED', warning: null });
    expect(await steer(one, `cancelJob(id: "${submitted.job.id}")`)).toMatchObject({ job: { state: 'CANCELED' } });

    const { errors } = await trySubmit(one, { name, sql: `${tables}${inserts[0]};\n/* é */ ${inserts[0]}, nonsense` });
    expect(errors).toMatchObject([{ extensions: { code: 'SQL_REJECTED', line: 3 } }]);
    for (const [input, code] of [
      [{ name: `${topic}_upper`, sql: counting }, 'BAD_INPUT'],
      [{ name: 'a\nb', sql: counting }, 'BAD_INPUT'],
      [{ name, sql: `DROP TABLE ${topic}_clicks` }, 'SQL_NOT_ALLOWED'],
      [{ name, sql: tables + inserts[0], startFrom: { savepoint: '/etc/savepoint-1' } }, 'BAD_INPUT'],
      [{ name: `${name} anew`, sql: tables + inserts[0], startFrom: { latest: true } }, 'NOT_FOUND'],
    ] as const) {
      expect((await trySubmit(one, input)).errors).toMatchObject([{ extensions: { code } }]);
    }
  });

  it('is rescaled and restarted, once however often it is asked for', async () => {
    const sql = `CREATE TEMPORARY TABLE mine (a STRING, b BIGINT) WITH ('connector' = 'blackhole');
      INSERT INTO mine SELECT user_id, COUNT(*) FROM ${topic}_clicks GROUP BY user_id`;
    const first = await submit(one, { name: `${topic} rescaled`, sql });
    const rescale = `rescaleJob(id: "${first.job.id}", parallelism: 2)`;
    const rescaled = await steer(one, rescale);
    expect(rescaled).toMatchObject({ operation: { kind: 'RESCALE', state: 'COMPLETED' }, job: { state: 'RUNNING' } });
    expect(rescaled.savepoint).toContain('savepoint-');
    expect((await steer(two, rescale)).job.id).toBe(rescaled.job.id);
    // It is the same submission still.
    expect((await submit(two, { name: `${topic} rescaled`, sql })).job.id).toBe(rescaled.job.id);
    const taken = await steer(two, `triggerSavepoint(id: "${rescaled.job.id}")`);
    expect(taken).toMatchObject({ job: { id: rescaled.job.id, state: 'RUNNING' }, operation: { state: 'COMPLETED' } });

    const restart = `restartJob(id: "${rescaled.job.id}", from: { savepoint: "${taken.savepoint}" })`;
    const restarted = await steer(two, restart);
    expect(restarted).toMatchObject({ operation: { kind: 'RESTART', state: 'COMPLETED' }, job: { state: 'RUNNING' } });
    expect((await steer(one, restart)).job.id).toBe(restarted.job.id);
    const afresh = await steer(one, `restartJob(id: "${restarted.job.id}", from: { scratch: true })`);
    expect(afresh).toMatchObject({ savepoint: null, job: { state: 'RUNNING' } });
    await steer(one, `cancelJob(id: "${afresh.job.id}")`);
    expect((await call(one, `stopJob(id: "${'f'.repeat(32)}")`, steered)).errors).toMatchObject([
      { extensions: { code: 'NOT_FOUND' } },
    ]);
  });
});

describe('the job of a view', () => {
  async function statusOf(gateway: OwnGateway) {
    const { data } = await post(gateway.url, '{ streams { topic state jobId error } }');
    return data.streams.find((stream: { topic: string }) => stream.topic === `${topic}_upper`);
  }

  it('stays the view’s when it is rescaled and restarted', async () => {
    await expect.poll(() => statusOf(one), patience).toMatchObject({ state: 'RUNNING', error: null });
    const { jobId } = await statusOf(one);
    const rescaled = await steer(one, `rescaleJob(id: "${jobId}", parallelism: 2)`);
    expect(rescaled).toMatchObject({
      operation: { state: 'COMPLETED' },
      job: { name: `${topic}_upper` },
      warning: null,
    });
    expect(rescaled.job.id).not.toBe(jobId);
    for (const gateway of [one, two]) {
      await expect.poll(() => statusOf(gateway), patience).toMatchObject({ state: 'RUNNING', jobId: rescaled.job.id });
    }
    const restarted = await steer(two, `restartJob(id: "${rescaled.job.id}", from: { latest: true })`);
    for (const gateway of [one, two]) {
      await expect.poll(() => statusOf(gateway), patience).toMatchObject({ state: 'RUNNING', jobId: restarted.job.id });
    }
  });

  it('runs on when its savepoint cannot be written, and Flink’s words say why', async () => {
    const restorePoints: RestorePoints = {
      newest: async () => null,
      checkpointDir: () => `file://${inject('endpoints').dataDir}/steering`,
      savepointDir: () => 'file:///proc/nothing',
      prune: async () => {},
      notePlan: async () => {},
      plans: async () => new Map(),
    };
    await using flink: FlinkParts & AsyncDisposable = withDisposal(
      openQuietFlink({
        settings: { restUrl: flinkRest, sqlGatewayUrl: sqlGateway, sql: 'all' },
        model: modelOf(declarations),
        bootstrapServers: kafka,
        restorePoints,
      }),
    );
    const { jobId } = await statusOf(one);
    await expect(flink.steering.stop(jobId, { drain: false, timeoutMs: 120_000 })).rejects.toMatchObject({
      code: 'FLINK_REFUSED',
      message: expect.stringContaining('Failed to create savepoint directory'),
    });
    expect(await statusOf(one)).toMatchObject({ state: 'RUNNING', jobId });
  });
});

function withDisposal(flink: FlinkParts): FlinkParts & AsyncDisposable {
  return { ...flink, [Symbol.asyncDispose]: () => flink.close() };
}
