import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Answer, type Listener, listen, post, until } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { type OwnGateway, openOwnGateway } from '../support/gateway.ts';

const { flinkRest } = inject('endpoints');
const cleanUp = new AsyncDisposableStack();
const clicks = uniqueName('seen_clicks');
const counts = uniqueName('seen_counts');
const ofView = `where: { view: { eq: "${counts}" } }`;
let gateway: OwnGateway;
let changes: Listener;

const ask = async (query: string): Promise<Answer['data']> => {
  const { data, errors } = await post(gateway.url, query);
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
};

/** A page of the subscription to the view's job, in which there is one at most. */
function jobOn({ data, errors }: Answer) {
  if (errors) throw new Error(JSON.stringify(errors));
  return data.jobs.edges[0] as { operation: string; node: { state: string; tasks: number; runningTasks: number } };
}

beforeAll(async () => {
  const schema = cleanUp.use(
    await declare({
      'jobs.graphql': `
        type Click @stream(topic: "${clicks}", plural: "clicks", partitions: 2) { userId: ID!  at: DateTime! @eventTime }
        type Count @view(topic: "${counts}", plural: "counts", partitions: 2, sql: """
          SELECT user_id, COUNT(*) AS cnt, window_end
          FROM TABLE(TUMBLE(TABLE ${clicks}, DESCRIPTOR(\`at\`), INTERVAL '1' SECOND))
          GROUP BY user_id, window_start, window_end
        """) { userId: ID!  cnt: BigInt!  windowEnd: DateTime! }`,
    }),
  );
  gateway = cleanUp.use(await openOwnGateway({ schema: schema.folder }));
  changes = cleanUp.use(
    listen(
      gateway.webSocketUrl,
      `subscription { jobs(${ofView}) { edges { operation node { id state tasks runningTasks } } pageInfo { error } } }`,
    ),
  );
});

afterAll(async () => {
  const { jobs } = await ask(`{ jobs(${ofView}) { nodes { id } } }`);
  for (const { id } of jobs.nodes) await fetch(`${flinkRest}/jobs/${id}`, { method: 'PATCH' });
  await cleanUp.disposeAsync();
});

describe('a job that is watched', () => {
  it('is seen to come, and to run', async () => {
    const running = await until(changes, (page) => {
      const edge = jobOn(page);
      return edge && edge.node.tasks > 0 && edge.node.runningTasks === edge.node.tasks ? edge : undefined;
    });
    expect(running).toMatchObject({ operation: 'UPSERT', node: { state: 'RUNNING' } });
  });

  it('tells what it does, and up to when its results are complete', async () => {
    const listener = listen(
      gateway.webSocketUrl,
      'subscription { counts(from: { earliest: true }) { nodes { windowEnd } pageInfo { watermark } } }',
    );
    cleanUp.use(listener);
    const produced: number[] = [];
    const seen = new Set<number>();
    let isOver = false;
    const producing = (async () => {
      while (!isOver) {
        const at = Date.now();
        produced.push(at);
        const event = `{ userId: "ada", at: "${new Date(at).toISOString()}" }`;
        await ask(`mutation { produceClicks(events: [${event}]) { records { outcome } } }`);
      }
    })();
    // Every event up to the watermark is in a window that was seen: none of them is late.
    const watermarkMs = await until(listener, ({ data }) => {
      for (const { windowEnd } of data.counts.nodes) seen.add(Date.parse(windowEnd));
      const { watermark } = data.counts.pageInfo;
      return watermark === null ? undefined : Date.parse(watermark);
    });
    isOver = true;
    await producing;
    const complete = produced.map((at) => Math.floor(at / 1000) * 1000 + 1000).filter((end) => end <= watermarkMs);
    expect(complete.length).toBeGreaterThan(0);
    expect(complete.filter((end) => !seen.has(end))).toEqual([]);

    const { streams } = await ask('{ streams { topic rows watermark } }');
    const view = streams.find(({ topic }: { topic: string }) => topic === counts);
    expect(view.rows).toBe('FINAL');
    expect(Date.parse(view.watermark)).toBeGreaterThanOrEqual(watermarkMs);
    expect(streams.find(({ topic }: { topic: string }) => topic === clicks).watermark).toBeNull();
  });

  it('has its parts, its checkpoints and what was measured', async () => {
    const query = `{ jobs(${ofView}) { nodes {
      name owner sql parallelism waitsFor restarts pendingRecords durationMs
      vertices { name state parallelism recordsIn bytesOut busy idle backPressured watermark }
      checkpoints { completed failed latest { sizeBytes ageMs path } } savepoints { path } exceptions { cause }
    } } }`;
    await expect.poll(async () => (await ask(query)).jobs.nodes[0]?.checkpoints.completed).toBeGreaterThan(0);
    const { jobs } = await ask(query);
    expect(jobs.nodes).toHaveLength(1);
    const [job] = jobs.nodes;
    expect(job).toMatchObject({ name: counts, owner: 'sluice', parallelism: 1, waitsFor: null, restarts: 0 });
    expect(Number(job.checkpoints.latest.sizeBytes)).toBeGreaterThan(0);
    expect(job.exceptions).toEqual([]);
    const [source, sink] = job.vertices;
    expect(source).toMatchObject({ name: expect.stringMatching(/^Source: /), state: 'RUNNING', parallelism: 1 });
    expect(sink.name).toContain('Writer');
    // Flink collects these when they are asked for, every second at most.
    await expect
      .poll(() => ask(query).then(({ jobs }) => jobs.nodes[0]), { interval: 1_000 })
      .toMatchObject({
        pendingRecords: expect.stringMatching(/^\d+$/),
        vertices: [
          { recordsIn: expect.stringMatching(/^[1-9]/), idle: expect.any(Number), watermark: expect.any(String) },
          { recordsIn: expect.stringMatching(/^[1-9]/), busy: expect.any(Number), watermark: expect.any(String) },
        ],
      });
  });

  it('is seen to end', async () => {
    const { jobs } = await ask(`{ jobs(${ofView}) { nodes { id } } }`);
    const [{ id }] = jobs.nodes;
    await fetch(`${flinkRest}/jobs/${id}`, { method: 'PATCH' });
    await until(changes, (page) => (jobOn(page)?.node.state === 'CANCELED' ? true : undefined));
    expect(await ask(`{ job(id: "${id}") { state waitsFor runningTasks endedAt } }`)).toEqual({
      job: { state: 'CANCELED', waitsFor: null, runningTasks: 0, endedAt: expect.any(String) },
    });
  });
});

describe('the cluster', () => {
  it('says what it is and that it answers', async () => {
    const { cluster } = await ask(
      '{ cluster { version taskManagers slots freeSlots jobsRunning jobManager { reachable error } sqlGateway { reachable error } } }',
    );
    expect(cluster).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+/),
      taskManagers: 1,
      jobManager: { reachable: true, error: null },
      sqlGateway: { reachable: true, error: null },
    });
    expect(cluster.freeSlots).toBeLessThanOrEqual(cluster.slots);
  });
});
