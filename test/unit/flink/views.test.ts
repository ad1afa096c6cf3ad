import { describe, expect, test, vi } from 'vitest';
import { type Flink, flinkOptions, openFlink } from '#flink';
import type { Model } from '#model';
import { FakeCluster } from './fake-cluster.ts';
import { clicksModel } from './models.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const patience = { timeout: 5_000, interval: 5 };

async function openOn(cluster: FakeCluster, model: Model = clicksModel()) {
  cluster.columns = [
    ['user_id', 'STRING'],
    ['cnt', 'BIGINT NOT NULL'],
  ];
  const server = await cluster.serve();
  const flink = openFlink({
    settings: flinkOptions.parse({
      restUrl: server.url,
      sqlGatewayUrl: server.url,
      watchIntervalMs: 10,
      retryMaxMs: 20,
    }),
    model,
    bootstrapServers: 'kafka:9092',
    restorePoints: null,
    logger: silent,
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

function statusOf(flink: Flink) {
  return flink.views.statuses()[0];
}

async function until(flink: Flink, wanted: object): Promise<void> {
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
    await opened.flink.views.apply();
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

test('without addresses every call says that there is no Flink', async () => {
  const flink = openFlink({
    settings: flinkOptions.parse({}),
    model: clicksModel(),
    bootstrapServers: 'kafka:9092',
    restorePoints: null,
    logger: silent,
  });
  expect(statusOf(flink)).toMatchObject({ state: 'NO_FLINK', error: expect.stringContaining('FLINK_REST_URL') });
  await expect(flink.jobs.list()).rejects.toMatchObject({ code: 'FLINK_UNAVAILABLE' });
  await expect(flink.session.execute('SHOW TABLES')).rejects.toMatchObject({ code: 'FLINK_UNAVAILABLE' });
  expect(await flink.isReady()).toBe(false);
  await flink.close();
});

test('one address without the other is a fault of the configuration', () => {
  const parsed = flinkOptions.safeParse({ restUrl: 'http://localhost:8081' });
  expect(parsed.error?.issues[0]?.message).toContain('go together');
  expect(flinkOptions.safeParse({ restUrl: 'localhost:8081', sqlGatewayUrl: 'http://x' }).success).toBe(false);
});
