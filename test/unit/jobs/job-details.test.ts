import { describe, expect, it } from 'vitest';
import { JobManager } from '../../../src/flink/job-manager.ts';
import { RestClient } from '../../../src/flink/rest-client.ts';
import { JobDetails } from '../../../src/jobs/job-details.ts';
import { RecordedFlink, recordedVersions } from './recorded-flink.ts';

async function open(version: (typeof recordedVersions)[number]) {
  const recorded = new RecordedFlink(version);
  const server = await recorded.serve();
  const rest = new RestClient({ baseUrl: server.url, peer: 'Flink', timeoutMs: 5_000 });
  const jobManager = new JobManager(rest);
  return {
    recorded,
    jobManager,
    details: new JobDetails({ rest, overview: () => jobManager.overview(), now: () => 0 }),
    paths: () => server.seen.map(({ path }) => path),
    async [Symbol.asyncDispose]() {
      await rest.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** All that can be asked of a job. */
async function askAll(details: JobDetails, id: string): Promise<unknown> {
  const graph = await details.graph(id);
  const vertices = graph?.vertices ?? [];
  return await Promise.all([
    details.checkpoints(id),
    details.exceptions(id),
    details.restarts(id),
    details.pendingRecords(id),
    details.waitsFor(id, 'RUNNING'),
    ...vertices.map((vertex) => details.metrics(vertex)),
  ]);
}

describe.each(recordedVersions)('what Flink %s tells of a job', (version) => {
  it('is its graph with what was counted and measured', async () => {
    await using flink = await open(version);
    const id = flink.recorded.idOf(/_counts$/);
    const graph = await flink.details.graph(id);
    const [source, sink] = graph?.vertices ?? [];
    if (!source || !sink) throw new Error('two vertices were recorded');
    expect(graph).toMatchObject({ runs: true, restartedAtMs: null });
    expect(source).toMatchObject({ isSource: true, state: 'RUNNING', parallelism: 1, waitingTasks: 0 });
    expect(source.name).toMatch(/^Source: .*_clicks/);
    expect(sink).toMatchObject({ isSource: false, state: 'RUNNING' });
    expect(await flink.details.metrics(source)).toEqual({
      busy: expect.closeTo(0, 1),
      backPressured: 0,
      idle: expect.closeTo(1, 1),
      watermarkMs: expect.any(Number),
      pendingRecords: 0,
    });
    const { watermarkMs, pendingRecords } = await flink.details.metrics(sink);
    expect(watermarkMs).toBe((await flink.details.metrics(source)).watermarkMs);
    expect(pendingRecords).toBeNull();
    expect(await flink.details.pendingRecords(id)).toBe(0);
    expect(await flink.details.restarts(id)).toBe(0);
    expect(await flink.details.waitsFor(id, 'RUNNING')).toBeNull();
  });

  it('is its checkpoints and savepoints', async () => {
    await using flink = await open(version);
    const checkpoints = await flink.details.checkpoints(flink.recorded.idOf(/_counts$/));
    expect(checkpoints).toMatchObject({ failed: 0, inProgress: 0, lastFailure: null });
    expect(checkpoints?.completed).toBe(checkpoints?.total);
    expect(checkpoints?.latest).toMatchObject({
      isSavepoint: false,
      path: expect.stringMatching(/^file:\/flink\/checkpoints\/[0-9a-f]{32}\/chk-\d+$/),
    });
    expect(checkpoints?.savepoints).toEqual([
      {
        path: expect.stringMatching(/^file:\/flink\/savepoint-/),
        takenAtMs: expect.any(Number),
        sizeBytes: expect.any(Number),
      },
    ]);
  });

  it('is its failures with their root cause, and why it does not run', async () => {
    await using flink = await open(version);
    const id = flink.recorded.idOf(/fails$/);
    const [last] = await flink.details.exceptions(id);
    expect(last).toMatchObject({ cause: '/ by zero', type: 'java.lang.ArithmeticException' });
    expect(last?.task).toMatch(/^Source: g/);
    expect(await flink.details.restarts(id)).toBeGreaterThan(1);
    expect(await flink.details.waitsFor(id, 'RESTARTING')).toBe('Flink restarts it: / by zero');
    // A job that has only begun to restart has measured nothing.
    const [source] = (await flink.details.graph(id))?.vertices ?? [];
    if (!source) throw new Error('a vertex was recorded');
    expect(await flink.details.metrics(source)).toMatchObject({ busy: null, watermarkMs: null, pendingRecords: null });
  });

  it('is listed, and the cluster with it', async () => {
    await using flink = await open(version);
    expect(await flink.jobManager.overview()).toMatchObject({ version, taskManagers: 1 });
    expect(await flink.jobManager.job(flink.recorded.idOf(/_counts$/))).toMatchObject({
      state: 'RUNNING',
      tasks: 2,
      runningTasks: 2,
      labels: expect.objectContaining({ 'sluice.by': 'sluice' }),
    });
  });

  it('costs each job a bounded number of requests, however many ask', async () => {
    await using flink = await open(version);
    flink.recorded.copies = 50;
    const ids = flink.recorded.copiesOf(flink.recorded.idOf(/_counts$/));
    await Promise.all([...ids, ...ids, ...ids].map((id) => askAll(flink.details, id)));
    const paths = flink.paths();
    expect(new Set(paths).size).toBe(paths.length);
    // Graph, checkpoints, exceptions, restarts; for each of the two vertices the names of the metrics, and the metrics.
    expect(paths).toHaveLength(50 * (4 + 2 * 2));
  });
});

describe('a job without slots', () => {
  it('says how many it needs, and how many are free or held by it in vain', async () => {
    await using flink = await open('1.20.3');
    const id = flink.recorded.idOf(/^shuffles$/);
    expect(await flink.details.waitsFor(id, 'RESTARTING')).toBe('needs 2 slots, 1 free');
  });

  it('of which a part runs says what the rest needs', async () => {
    await using flink = await open('1.20.3');
    const id = flink.recorded.idOf(/^waits$/);
    expect(await flink.details.waitsFor(id, 'RUNNING')).toBe('needs 1 slot, 0 free');
    expect(await flink.details.waitsFor(id, 'CANCELED')).toBeNull();
  });
});

describe('a job that Flink has forgotten', () => {
  it('has nothing to tell', async () => {
    await using flink = await open('2.3.0');
    const id = 'f'.repeat(32);
    expect(await flink.details.graph(id)).toBeNull();
    expect(await flink.details.checkpoints(id)).toBeNull();
    expect(await flink.details.exceptions(id)).toEqual([]);
    expect(await flink.details.restarts(id)).toBeNull();
    expect(await flink.details.waitsFor(id, 'RUNNING')).toBeNull();
  });
});
