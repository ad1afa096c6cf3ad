import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Model, RegistryReading } from '#model';
import type { FlinkParts } from '../../../src/flink-parts.ts';
import { openQuietFlink } from '../../support/quiet-flink.ts';
import { clicksModel, modelOf } from '../flink/models.ts';
import { FakeCluster } from './fake-cluster.ts';

const patience = { timeout: 60_000, interval: 5 };

async function openOn(
  cluster: FakeCluster,
  model: Model = clicksModel(),
  settings: Readonly<Record<string, unknown>> = {},
  registry?: RegistryReading,
) {
  cluster.columns = [
    ['user_id', 'STRING'],
    ['cnt', 'BIGINT NOT NULL'],
  ];
  const server = await cluster.serve();
  const flink = openQuietFlink({
    settings: {
      restUrl: server.url,
      sqlGatewayUrl: server.url,
      sql: 'all',
      watchIntervalMs: 10,
      retryMaxMs: 20,
      ...settings,
    },
    model,
    bootstrapServers: 'kafka:9092',
    restorePoints: null,
    ...(registry && { registry }),
  });
  return {
    flink,
    server,
    async [Symbol.asyncDispose]() {
      await flink.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

function statusOf(flink: FlinkParts) {
  return flink.views.statuses()[0];
}

async function until(flink: FlinkParts, wanted: object): Promise<void> {
  await vi.waitFor(() => expect(statusOf(flink)).toMatchObject(wanted), patience);
}

describe('the views', () => {
  test('are pending until they are applied, then each has its job', async () => {
    const cluster = new FakeCluster();
    await using opened = await openOn(cluster);
    expect(statusOf(opened.flink)).toEqual({ view: 'top_users', state: 'PENDING', jobId: null, error: null });
    expect(opened.server.seen).toHaveLength(0);
    await opened.flink.views.apply();
    await until(opened.flink, { state: 'RUNNING', jobId: cluster.living.id, error: null });
    expect(JSON.parse(cluster.living.config['pipeline.global-job-parameters'] ?? '')).toMatchObject({
      'sluice.view': 'top_users',
      'sluice.sql': 'SELECT user_id, COUNT(*) AS cnt FROM user_clicks GROUP BY user_id',
    });
  });

  test('wait for a Flink that is away, at the start and later', async () => {
    const cluster = new FakeCluster();
    cluster.isAway = true;
    await using opened = await openOn(cluster);
    await expect(opened.flink.views.apply()).rejects.toMatchObject({ code: 'FLINK_UNAVAILABLE' });
    await until(opened.flink, { state: 'FLINK_UNAVAILABLE', jobId: null });
    expect(await opened.flink.isReady()).toBe(false);
    cluster.isAway = false;
    await until(opened.flink, { state: 'RUNNING' });
    cluster.isAway = true;
    await until(opened.flink, { state: 'FLINK_UNAVAILABLE', jobId: cluster.living.id });
    cluster.isAway = false;
    await until(opened.flink, { state: 'RUNNING', jobId: cluster.living.id });
    expect(cluster.jobs.size).toBe(1);
  });

  test('wait for a table whose schema is not known yet, and start when it is', async () => {
    const model = modelOf(`
      type Click @stream(topic: "user_clicks", format: AVRO) { userId: ID! }
      type TopUser @view(topic: "top_users", sql: "SELECT user_id, COUNT(*) AS cnt FROM user_clicks GROUP BY user_id")
      { userId: ID! cnt: BigInt! }
    `);
    const text = JSON.stringify({ type: 'record', name: 'Click', fields: [{ name: 'user_id', type: 'string' }] });
    const registry = { isAway: true, asked: 0 };
    const schemaOf = () => {
      registry.asked += 1;
      return registry.isAway ? { reason: 'the registry is away', mayCome: true } : { text };
    };
    const reading = {
      registryUrl: 'http://r',
      settings: {},
      hasSluiceJar: false,
      schemaOf,
      revision: () => Number(!registry.isAway),
    };
    const cluster = new FakeCluster();
    await using opened = await openOn(cluster, model, {}, reading);
    await opened.flink.views.apply();
    const error = 'View "top_users" waits for the table "user_clicks": the registry is away.';
    await until(opened.flink, { state: 'PENDING', jobId: null, error });
    expect(cluster.jobs.size).toBe(0);
    registry.isAway = false;
    await until(opened.flink, { state: 'RUNNING', error: null });
    // What is known is not made anew with each statement.
    expect(registry.asked).toBeLessThan(10);
  });

  test('start a job again that Flink has lost', async () => {
    const cluster = new FakeCluster();
    await using opened = await openOn(cluster);
    await opened.flink.views.apply();
    await until(opened.flink, { state: 'RUNNING' });
    cluster.jobs.clear();
    await vi.waitFor(() => expect(cluster.jobs.size).toBe(1), patience);
    await until(opened.flink, { state: 'RUNNING', jobId: cluster.living.id });
  });

  test('tell why a job has failed, and start it again later from its checkpoint', async () => {
    const cluster = new FakeCluster();
    await using opened = await openOn(cluster);
    await opened.flink.views.apply();
    const first = cluster.living;
    first.checkpoint = 'file:/checkpoints/chk-1';
    first.state = 'FAILED';
    await until(opened.flink, { state: 'FAILED', error: `Its job ${first.id} failed: / by zero` });
    await opened.flink.views.apply();
    await until(opened.flink, { state: 'RUNNING' });
    expect(cluster.living.id).not.toBe(first.id);
    expect(cluster.living.config['execution.state-recovery.path']).toBe('file:/checkpoints/chk-1');
  });

  test('say what a job waits for, and why it restarts', async () => {
    const cluster = new FakeCluster();
    await using opened = await openOn(cluster);
    await opened.flink.views.apply();
    cluster.living.runningTasks = 1;
    await until(opened.flink, { state: 'STARTING', error: expect.stringMatching(/^1 of 2 tasks run/) });
    cluster.living.state = 'RESTARTING';
    await until(opened.flink, { state: 'STARTING', error: 'Flink restarts its job: / by zero' });
  });

  test('whose columns do not fit are not started', async () => {
    const cluster = new FakeCluster();
    await using opened = await openOn(cluster, clicksModel({ cnt: 'Date!' }));
    await opened.flink.views.apply();
    expect(statusOf(opened.flink)).toMatchObject({ state: 'FAILED', error: expect.stringContaining('TopUser.cnt') });
    expect(cluster.jobs.size).toBe(0);
  });

  test('are stopped, too, while Flink does not tell yet whose job it is', async () => {
    const cluster = new FakeCluster();
    cluster.tellsLabels = false;
    await using opened = await openOn(cluster);
    await opened.flink.views.apply();
    const stopped = await opened.flink.views.stopAll({ savepoint: false, deadlineMs: 1_000 });
    expect(stopped).toEqual([{ view: 'top_users', savepoint: null, error: null }]);
    expect([...cluster.jobs.values()].map(({ state }) => state)).toEqual(['CANCELED']);
  });

  test('that are just starting are given up when they are stopped, and no one is left behind', async () => {
    const cluster = new FakeCluster();
    cluster.hangs = true;
    await using opened = await openOn(cluster);
    const started = opened.flink.views.start();
    await vi.waitFor(() => expect(JSON.stringify(opened.server.seen)).toContain('DESCRIBE'), patience);
    expect(await opened.flink.views.stopAll({ savepoint: true, deadlineMs: 60_000 })).toEqual([]);
    await started;
    cluster.hangs = false;
    expect(cluster.jobs.size).toBe(0);
    await opened.flink.views.apply();
    await until(opened.flink, { state: 'RUNNING', jobId: cluster.living.id });
  });

  test('are looked after no more once stopped', async () => {
    const cluster = new FakeCluster();
    await using opened = await openOn(cluster);
    await opened.flink.views.apply();
    await opened.flink.views.stopAll({ savepoint: false, deadlineMs: 1_000 });
    expect([...cluster.jobs.values()].map(({ state }) => state)).toEqual(['CANCELED']);
    const asked = opened.server.seen.length;
    await new Promise((resolve) => setImmediate(resolve));
    expect(opened.server.seen).toHaveLength(asked);
  });
});

describe('applying the views', () => {
  const sql = (factor: number) => `SELECT user_id, COUNT(*) * ${factor} AS cnt FROM user_clicks GROUP BY user_id`;

  /** The first version runs; the gateway that started it has gone. */
  async function afterFirst(cluster: FakeCluster) {
    await using opened = await openOn(cluster, clicksModel({ select: sql(1) }));
    await opened.flink.views.apply();
    return cluster.living;
  }

  test('tells first what it would do, and changes nothing by that', async () => {
    const cluster = new FakeCluster();
    const old = await afterFirst(cluster);
    await using opened = await openOn(cluster, clicksModel({ select: sql(2) }));
    const kept = {
      view: 'top_users',
      action: 'REPLACE',
      replaces: { id: old.id, sql: sql(1) },
      jobId: null,
      state: 'KEPT',
      error: null,
    };
    expect(await opened.flink.views.plan()).toMatchObject([kept]);
    cluster.plan = cluster.plan.replace('source', 'other');
    const stateReason = expect.stringMatching(/It was TableSourceScan.*, it is TableSourceScan.*other/);
    expect(await opened.flink.views.plan()).toMatchObject([{ ...kept, state: 'LOST', stateReason }]);
    expect(cluster.living).toBe(old);
    expect(cluster.jobs.size).toBe(1);
    expect(opened.server.seen.some(({ path }) => path.endsWith('/configure-session'))).toBe(true);
    expect(JSON.stringify(opened.server.seen)).not.toContain('__check_');
  });

  test('stops a changed view with a savepoint and goes on from it when its state fits', async () => {
    const cluster = new FakeCluster();
    const old = await afterFirst(cluster);
    await using opened = await openOn(cluster, clicksModel({ select: sql(2) }));
    expect(await opened.flink.views.apply()).toMatchObject([{ action: 'REPLACE', state: 'KEPT' }]);
    expect(old.state).toBe('FINISHED');
    expect(cluster.living.config['execution.state-recovery.path']).toBe(`file:/savepoints/savepoint-${old.id}`);
    expect(await opened.flink.views.apply()).toMatchObject([{ action: 'KEEP', jobId: cluster.living.id }]);
  });

  test('tells the job that is kept, also when the clock of the machine stands still', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const cluster = new FakeCluster();
    await using opened = await openOn(cluster);
    await opened.flink.views.apply();
    const jobId = cluster.living.id;
    expect(await opened.flink.views.apply()).toMatchObject([{ action: 'KEEP', jobId }]);
    expect(statusOf(opened.flink)).toMatchObject({ state: 'RUNNING', jobId });
  });

  test('finds the savepoint again when the gateway ended before it had started the new job', async () => {
    const cluster = new FakeCluster();
    const old = await afterFirst(cluster);
    old.state = 'FINISHED';
    old.checkpoint = 'file:/savepoints/savepoint-1';
    await using opened = await openOn(cluster, clicksModel({ select: sql(2) }));
    expect(await opened.flink.views.apply()).toMatchObject([{ action: 'START', state: 'KEPT' }]);
    expect(cluster.living.config['execution.state-recovery.path']).toBe('file:/savepoints/savepoint-1');
  });

  test('cancels a changed view and starts afresh when its state does not fit', async () => {
    const cluster = new FakeCluster();
    const old = await afterFirst(cluster);
    old.checkpoint = 'file:/checkpoints/chk-1';
    cluster.plan = cluster.plan.replace('source', 'other');
    await using opened = await openOn(cluster, clicksModel({ select: sql(2) }));
    expect(await opened.flink.views.apply()).toMatchObject([{ action: 'REPLACE', state: 'LOST', error: null }]);
    expect(old.state).toBe('CANCELED');
    expect(cluster.living.config['execution.state-recovery.path']).toBeUndefined();
  });

  test('starts afresh with a warning when Flink refuses the state all the same', async () => {
    const cluster = new FakeCluster();
    await afterFirst(cluster);
    cluster.refusesState = 'There is no operator for the state.';
    await using opened = await openOn(cluster, clicksModel({ select: sql(2) }));
    const stateReason = expect.stringMatching(/started afresh: There is no operator/);
    expect(await opened.flink.views.apply()).toMatchObject([{ action: 'REPLACE', state: 'LOST', stateReason }]);
    expect(statusOf(opened.flink)?.warning).toMatch(/started afresh/);
  });

  test('is what starts a view again that a client has stopped, and at its savepoint', async () => {
    const cluster = new FakeCluster();
    await using opened = await openOn(cluster);
    await opened.flink.views.apply();
    const stopped = cluster.living;
    stopped.checkpoint = 'file:/savepoints/savepoint-1';
    stopped.state = 'FINISHED';
    await until(opened.flink, { state: 'FAILED', error: `Its job ${stopped.id} was stopped.` });
    expect(await opened.flink.views.apply()).toMatchObject([{ action: 'START', state: 'KEPT' }]);
    expect(cluster.living.config['execution.state-recovery.path']).toBe('file:/savepoints/savepoint-1');
  });

  test('lets no view that Flink refuses hinder the others, nor end the job of its earlier declaration', async () => {
    const cluster = new FakeCluster();
    const old = await afterFirst(cluster);
    await using opened = await openOn(cluster, clicksModel({ select: sql(2), cnt: 'Date!' }));
    const error = expect.stringContaining('TopUser.cnt');
    expect(await opened.flink.views.apply()).toMatchObject([{ action: 'REPLACE', jobId: null, error }]);
    expect(statusOf(opened.flink)).toMatchObject({ state: 'FAILED', error });
    expect(old.state).toBe('RUNNING');
  });

  test('stops the jobs of views that are not declared only when told to', async () => {
    const cluster = new FakeCluster();
    const orphan = await afterFirst(cluster);
    await using opened = await openOn(cluster, clicksModel({ topic: 'others' }));
    const line = { view: 'top_users', jobId: orphan.id };
    expect((await opened.flink.views.apply())[1]).toMatchObject({ ...line, action: 'ORPHAN', savepoint: null });
    await using reading = await openOn(cluster, clicksModel({ topic: 'others' }), { sql: 'read' });
    await expect(reading.flink.views.apply({ stopOrphans: true })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(orphan.state).toBe('RUNNING');
    const stopped = (await opened.flink.views.apply({ stopOrphans: true }))[1];
    expect(stopped).toMatchObject({ ...line, action: 'STOP', savepoint: `file:/savepoints/savepoint-${orphan.id}` });
    expect(orphan.state).toBe('FINISHED');
  });

  test('waits for applyViews when the start shall only check, or do nothing', async () => {
    for (const viewsMode of ['check', 'off']) {
      const cluster = new FakeCluster();
      await using opened = await openOn(cluster, clicksModel(), { viewsMode });
      await opened.flink.views.start();
      expect(statusOf(opened.flink)).toMatchObject({ state: 'PENDING', error: expect.stringContaining(viewsMode) });
      expect(cluster.jobs.size).toBe(0);
      await opened.flink.views.apply();
      await until(opened.flink, { state: 'RUNNING', error: null });
    }
  });
});

describe('an on-demand view', () => {
  const model = clicksModel({ arguments: 'run: ON_DEMAND,' });

  test('runs while it is read, and goes on from its savepoint, also when Flink has forgotten the job', async () => {
    const cluster = new FakeCluster();
    await using opened = await openOn(cluster, model, { onDemandGraceMs: 20 });
    await opened.flink.views.start();
    expect(statusOf(opened.flink)).toMatchObject({ state: 'IDLE', jobId: null, error: null });
    const leave = opened.flink.views.hold('top_users');
    await until(opened.flink, { state: 'RUNNING' });
    const { id } = cluster.living;
    leave();
    await until(opened.flink, { state: 'IDLE' });
    expect(cluster.jobs.get(id)?.state).toBe('FINISHED');
    cluster.jobs.clear();
    opened.flink.views.hold('top_users');
    await until(opened.flink, { state: 'RUNNING' });
    expect(cluster.living.config['execution.state-recovery.path']).toBe(`file:/savepoints/savepoint-${id}`);
  });

  test('is stopped after the grace time when it was found running and nobody reads it', async () => {
    const cluster = new FakeCluster();
    await using before = await openOn(cluster, model);
    await before.flink.views.start();
    before.flink.views.hold('top_users');
    await until(before.flink, { state: 'RUNNING' });
    await before.flink.close();
    const job = cluster.living;
    await using opened = await openOn(cluster, model, { onDemandGraceMs: 20 });
    await opened.flink.views.start();
    await vi.waitFor(() => expect(job.state).toBe('FINISHED'), patience);
    await until(opened.flink, { state: 'IDLE' });
  });
});
