import { describe, expect, test } from 'vitest';
import type { Submission } from '#jobs';
import { openQuietFlink } from '../../support/quiet-flink.ts';
import { clicksModel } from '../flink/models.ts';
import { FakeCluster } from './fake-cluster.ts';

const sql = "INSERT INTO `sink`.`top_users` SELECT 'a', 1";
const submission: Submission = {
  name: 'counts',
  sql,
  parallelism: 1,
  settings: {},
  from: 'EARLIEST',
  startFrom: null,
  replace: false,
  idempotencyKey: null,
};

async function openOn(cluster: FakeCluster, settings: Readonly<Record<string, unknown>> = {}) {
  const server = await cluster.serve();
  const open = () =>
    openQuietFlink({
      settings: { restUrl: server.url, sqlGatewayUrl: server.url, sql: 'all', ...settings },
      model: clicksModel(),
      bootstrapServers: 'kafka:9092',
      restorePoints: null,
    });
  const [one, two] = [open(), open()];
  return {
    one: one.submission,
    two: two.submission,
    steering: one.steering,
    stopSubmitted: one.stopSubmitted,
    seen: server.seen,
    async [Symbol.asyncDispose]() {
      await Promise.all([one.close(), two.close()]);
      await server[Symbol.asyncDispose]();
    },
  };
}

describe('a job', () => {
  test('is started once by two gateways, with its name, its labels and its settings', async () => {
    const cluster = new FakeCluster();
    await using opened = await openOn(cluster);
    const wanted = { ...submission, settings: { 'table.exec.state.ttl': '1 h' }, idempotencyKey: 'k' };
    const answers = await Promise.all([opened.one.submit(wanted), opened.two.submit(wanted)]);
    expect(answers.map(({ outcome }) => outcome).sort()).toEqual(['ALREADY_RUNNING', 'STARTED']);
    expect(cluster.living.config).toMatchObject({
      'pipeline.name': 'counts',
      'parallelism.default': '1',
      'table.exec.state.ttl': '1 h',
    });
    expect(JSON.parse(cluster.living.config['pipeline.global-job-parameters'] ?? '')).toMatchObject({
      'sluice.job': 'counts',
      'sluice.sql': sql,
      'sluice.key': 'k',
      'sluice.parallelism': '1',
      'sluice.from': 'EARLIEST',
    });
  });

  test('of which two gateways have different SQL at the same time is started once; the other is a conflict', async () => {
    const cluster = new FakeCluster();
    await using opened = await openOn(cluster);
    const results = await Promise.allSettled([
      opened.one.submit(submission),
      opened.two.submit({ ...submission, sql: `${sql} WHERE TRUE` }),
    ]);
    expect(cluster.jobs.size).toBe(1);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'CONFLICT' } });
  });

  test('that has ended is started again, but not for a key that it was given before', async () => {
    const cluster = new FakeCluster();
    await using opened = await openOn(cluster);
    const keyed = { ...submission, idempotencyKey: 'k' };
    const { job } = await opened.one.submit(keyed);
    cluster.living.state = 'FINISHED';
    expect(await opened.two.submit(keyed)).toMatchObject({ outcome: 'ALREADY_RUNNING', job: { id: job.id } });
    const again = await opened.two.submit({ ...submission, idempotencyKey: 'other' });
    expect(again.outcome).toBe('STARTED');
    expect(again.job.id).not.toBe(job.id);
  });

  test('goes on from the state of the one it replaces, unless that belongs to something else', async () => {
    const cluster = new FakeCluster();
    await using opened = await openOn(cluster);
    const first = await opened.one.submit(submission);
    const second = { ...submission, sql: `${sql} WHERE TRUE`, replace: true };
    const savepoint = `file:/savepoints/savepoint-${first.job.id}`;
    expect(await opened.one.submit(second)).toMatchObject({
      outcome: 'REPLACED',
      restoredFrom: savepoint,
      stateKept: true,
      warning: null,
    });
    expect(cluster.living.config['execution.state-recovery.path']).toBe(savepoint);

    cluster.refusesState = 'Cannot map checkpoint/savepoint state for operator b57f';
    const third = await opened.one.submit({ ...submission, replace: true });
    expect(third).toMatchObject({ outcome: 'REPLACED', restoredFrom: null, stateKept: false });
    expect(third.warning).toContain('Cannot map checkpoint/savepoint state');
    expect(cluster.living.config['execution.state-recovery.path']).toBeUndefined();
  });

  test('waits for slots, and says so', async () => {
    await using opened = await openOn(new FakeCluster());
    expect(await opened.one.submit({ ...submission, parallelism: 5 })).toMatchObject({
      outcome: 'STARTED',
      warning: 'It needs 5 slots, 4 free: Flink keeps it waiting until there are enough.',
    });
  });

  test('that Flink does not take in time may still start: repeating the call is safe', async () => {
    const cluster = new FakeCluster();
    cluster.hangs = true;
    await using opened = await openOn(cluster, { statementTimeoutMs: 50 });
    await expect(opened.one.submit(submission)).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('repeating the call is safe'),
    });
    cluster.hangs = false;
    // With all the time that it needs.
    await using patient = await openOn(cluster);
    expect(await patient.one.submit(submission)).toMatchObject({ outcome: 'STARTED' });
  });

  test('is not restarted when Sluice did not start it, or when its id is none', async () => {
    const cluster = new FakeCluster();
    const id = 'a'.repeat(32);
    cluster.jobs.set(id, {
      id,
      config: { 'pipeline.name': 'foreign' },
      startedAtMs: 1,
      state: 'RUNNING',
      runningTasks: 2,
      checkpoint: null,
    });
    await using opened = await openOn(cluster);
    await expect(opened.steering.restart(id, { kind: 'scratch' }, 1_000)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(cluster.living.id).toBe(id);
    const odd = opened.steering.stop('../jars', { drain: false, timeoutMs: 1_000 });
    await expect(odd).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test.each(['read', 'off'])('is left alone where clients may start none: SLUICE_SQL=%s', async (mode) => {
    const cluster = new FakeCluster();
    await using opened = await openOn(cluster);
    const { job } = await opened.one.submit(submission);
    await using reading = await openOn(cluster, { sql: mode });
    const { steering } = reading;
    const refused = { code: 'NOT_ALLOWED', message: expect.stringContaining(`SLUICE_SQL is "${mode}"`) };
    for (const steered of [
      steering.stop(job.id, { drain: false, timeoutMs: 1_000 }),
      steering.cancel(job.id, 1_000),
      steering.triggerSavepoint(job.id, 1_000),
      steering.disposeSavepoint('file:/savepoints/a', 1_000),
      steering.rescale(job.id, 2, 1_000),
      steering.restart(job.id, { kind: 'scratch' }, 1_000),
    ]) {
      await expect(steered).rejects.toMatchObject(refused);
    }
    expect(reading.seen).toHaveLength(0);
    expect(cluster.living.id).toBe(job.id);
  });

  test('is stopped with a savepoint to go on from when Flink ends with the gateway', async () => {
    const cluster = new FakeCluster();
    await using opened = await openOn(cluster);
    const { job } = await opened.one.submit(submission);
    const savepoint = `file:/savepoints/savepoint-${job.id}`;
    expect(await opened.stopSubmitted(1_000)).toEqual([{ name: 'counts', savepoint, error: null }]);
    expect(await opened.stopSubmitted(1_000)).toEqual([]);
    const { job: young } = await opened.one.submit({ ...submission, name: 'young' });
    cluster.living.runningTasks = 1;
    expect(await opened.stopSubmitted(1_000)).toMatchObject([{ name: young.name, savepoint: null }]);
  });
});
