import { setInterval as every } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, listen, post, until } from '../support/client.ts';
import { declare } from '../support/declarations.ts';
import { openFlinkStack } from '../support/flink-stack.ts';
import { type OwnGateway, openOwnGateway } from '../support/gateway.ts';
import { patience } from '../support/patience.ts';
import { TcpProxy } from '../support/proxy.ts';

const declarations = `
  type Click @stream(topic: "clicks", partitions: 1) { userId: ID! }
  type Copy @stream(topic: "copies", plural: "copies", partitions: 1) { userId: ID! }
  type Upper @view(topic: "uppers", partitions: 1, sql: "SELECT UPPER(user_id) AS user_id FROM clicks") { userId: ID! }
`;
const copying = 'INSERT INTO copies SELECT user_id FROM clicks';
/** Every task needs every other: they start together or not at all. */
const grouping = `
  CREATE TEMPORARY TABLE nothing (user_id STRING) WITH ('connector' = 'blackhole');
  INSERT INTO nothing SELECT user_id FROM clicks GROUP BY user_id`;

interface JobNode {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly tasks: number;
  readonly runningTasks: number;
}

const cleanUp = new AsyncDisposableStack();
let stack: Awaited<ReturnType<typeof openFlinkStack>>;
let sqlGateway: TcpProxy;
let gateway: OwnGateway;
let watched: ReturnType<typeof watchJobs>;

beforeAll(async () => {
  stack = cleanUp.use(await openFlinkStack());
  sqlGateway = cleanUp.use(await TcpProxy.open({ target: new URL(stack.flink.sqlGateway).host }));
  const schema = cleanUp.use(await declare({ 'main.graphql': declarations }));
  const clusters = {
    kafka: stack.broker.address,
    flinkRest: stack.flink.flinkRest,
    sqlGateway: `http://${sqlGateway.address}`,
  };
  gateway = cleanUp.use(await openOwnGateway({ schema: schema.folder, clusters, env: { SLUICE_SQL: 'all' } }));
  watched = watchJobs();
  // Its restarts last long enough to be seen.
  const settings = [
    { name: 'restart-strategy.type', value: 'fixed-delay' },
    { name: 'restart-strategy.fixed-delay.delay', value: '3 s' },
    // One by default; a TaskManager that was killed may be lost twice, by its silence and by its successor.
    { name: 'restart-strategy.fixed-delay.attempts', value: '100' },
  ];
  expect(await submit({ name: 'steady', settings })).toMatchObject({ outcome: 'STARTED' });
  await watched.until(() => ['steady', 'uppers'].every(runs));
});
afterAll(() => cleanUp.disposeAsync());

/** One subscription to the jobs for the whole file, and what it has told so far. */
function watchJobs() {
  const text = `subscription {
    jobs { edges { operation node { id name state tasks runningTasks } } pageInfo { error } }
  }`;
  const listener = cleanUp.use(listen(gateway.webSocketUrl, text));
  const jobs = new Map<string, JobNode>();
  let error: string | null = null;
  return {
    /** Why Flink does not answer, as of the last page. */
    error: () => error,
    /** The job of the name or id, as of the last page. */
    job: (name: string) => jobs.get(name) ?? [...jobs.values()].find((job) => job.name === name),
    /** Takes pages until what was told is so. */
    async until(isSo: () => boolean): Promise<void> {
      while (!isSo()) {
        const { data, errors } = await listener.next();
        expect(errors).toBeUndefined();
        error = data.jobs.pageInfo.error;
        for (const { operation, node } of data.jobs.edges) {
          if (operation === 'DELETE') jobs.delete(node.id);
          else jobs.set(node.id, node);
        }
      }
    },
  };
}

function runs(name: string): boolean {
  const job = watched.job(name);
  return job !== undefined && job.state === 'RUNNING' && job.tasks > 0 && job.runningTasks === job.tasks;
}

async function ask(query: string): Promise<Answer['data']> {
  const { data, errors } = await post(gateway.url, query);
  expect(errors).toBeUndefined();
  return data;
}

function trySubmit(input: { readonly name: string } & Readonly<Record<string, unknown>>): Promise<Answer> {
  const text = 'mutation ($input: SubmitJobInput!) { submitJob(input: $input) { outcome warning job { id } } }';
  return post(gateway.url, text, { input: { sql: copying, ...input } });
}

async function submit(input: Parameters<typeof trySubmit>[0]): Promise<Answer['data']> {
  const { data, errors } = await trySubmit(input);
  expect(errors).toBeUndefined();
  return data.submitJob;
}

async function jobsNamed(name: string, selection: string): Promise<readonly Record<string, unknown>[]> {
  return (await ask(`{ jobs(where: { name: { eq: "${name}" } }) { nodes { ${selection} } } }`)).jobs.nodes;
}

async function cancel(name: string): Promise<void> {
  await ask(`mutation { cancelJob(id: "${watched.job(name)?.id}") { job { state } } }`);
  await watched.until(() => watched.job(name)?.state === 'CANCELED');
}

const isFlinkAway = { extensions: { code: 'FLINK_UNAVAILABLE', retryable: true } };
const rowsAsTheyCome = 'subscription { sql(startFrom: EARLIEST, statement: "SELECT user_id FROM clicks") { jobId } }';

describe('a job that needs more slots than there are', () => {
  it('says how many it needs and how many are free', async () => {
    const slots = async () => (await ask('{ cluster { slots freeSlots } }')).cluster;
    await expect.poll(async () => (await slots()).freeSlots, patience).toBe((await slots()).slots - 2);
    const { freeSlots } = await slots();
    const { warning } = await submit({ name: 'large', sql: grouping, parallelism: 100 });
    expect(warning).toMatch(`It needs 100 slots, ${freeSlots} free: `);
    const waitsFor = `needs 100 slots, ${freeSlots} free`;
    await expect.poll(() => jobsNamed('large', 'waitsFor'), patience).toEqual([{ waitsFor }]);
    await watched.until(() => watched.job('large')?.tasks === 200);
    expect(watched.job('large')).toMatchObject({ state: 'RUNNING', runningTasks: 0 });
    await cancel('large');
  });
});

describe('a SQL Gateway that hangs', () => {
  it('costs each statement its deadline, hinders nothing else, and is used again as soon as it answers', async () => {
    await submit({ name: 'short' });
    await watched.until(() => runs('short'));
    const ended: string[] = [];
    const call = async (name: string, calling: Promise<Answer>) => {
      const { errors } = await calling;
      ended.push(name);
      return errors?.[0]?.extensions?.['code'];
    };
    const query = (statement: string, timeoutMs = 30_000) =>
      post(gateway.url, `{ sql(statement: "${statement}", timeoutMs: ${timeoutMs}) { rows } }`);
    const explain = () => post(gateway.url, '{ explain(sql: "SELECT user_id FROM clicks") { text } }');
    sqlGateway.stall('up');
    sqlGateway.stall('down');
    const codes = Promise.all([
      call('explain', explain()),
      call('submit', trySubmit({ name: 'stalled' })),
      call('select', query('SELECT user_id FROM clicks', 1000)),
      call('show', query('SHOW TABLES', 1000)),
    ]);
    await cancel('short');
    const [explained, submitted, selected, shown] = await codes;
    expect([explained, submitted]).toEqual(['FLINK_UNAVAILABLE', 'FLINK_UNAVAILABLE']);
    expect([selected, shown]).toEqual(['TIMEOUT', 'TIMEOUT']);
    expect(ended.slice(0, 2)).toEqual(['show', 'select']);

    sqlGateway.resume();
    const again = [explain(), query('SHOW TABLES'), query('SELECT 1 AS a')];
    for (const { errors } of await Promise.all(again)) expect(errors).toBeUndefined();
    // What hung may be carried out now that nobody waits for it any more.
    const { job } = await submit({ name: 'stalled' });
    expect(await jobsNamed('stalled', 'id')).toEqual([{ id: job.id }]);
    const isOver = ({ endedAt }: Record<string, unknown>) => endedAt !== null;
    await expect.poll(async () => (await jobsNamed('sluice ad hoc', 'endedAt')).every(isOver), patience).toBe(true);
    await watched.until(() => runs('stalled'));
  });
});

describe('a TaskManager that is killed and comes back', () => {
  it('is seen in the jobs: they restart, run again, and say why', async () => {
    await using rows = listen(gateway.webSocketUrl, rowsAsTheyCome);
    const { jobId } = (await rows.next()).data.sql;
    // One that has no slot yet gets one of the next TaskManager, and goes on.
    await watched.until(() => runs(jobId));
    const back = stack.killTaskManager();
    await watched.until(() => watched.job('steady')?.state === 'RESTARTING');
    await expect(until(rows, () => undefined)).rejects.toMatchObject([isFlinkAway]);
    await back;
    await watched.until(() => ['steady', 'stalled', 'uppers'].every(runs));
    const told = async () => (await jobsNamed('steady', 'restarts waitsFor exceptions { cause }'))[0];
    const cause = expect.stringMatching(/TaskManager (with id )?local/);
    const why = { restarts: expect.any(Number), waitsFor: null, exceptions: expect.arrayContaining([{ cause }]) };
    await expect.poll(told, patience).toMatchObject(why);
    await expect.poll(async () => (await told())?.['restarts'], patience).toBeGreaterThan(0);
  });
});

/** Produces and reads through the gateway, over Kafka alone, until it is told to end. */
function openTraffic() {
  const listener = listen(gateway.webSocketUrl, 'subscription { clicks { nodes { userId } } }');
  const ending = new AbortController();
  const seen: string[] = [];
  let sent = 0;
  const producing = (async () => {
    for await (const _ of every(100)) {
      if (ending.signal.aborted) return;
      const { produceClicks } = await ask(
        `mutation { produceClicks(events: [{ userId: "user${sent}" }]) { records { outcome } } }`,
      );
      expect(produceClicks.records).toEqual([{ outcome: 'ACKED' }]);
      sent += 1;
      await until(listener, ({ data }) => {
        seen.push(...data.clicks.nodes.map(({ userId }: { userId: string }) => userId));
        return seen.length >= sent || undefined;
      });
    }
  })();
  producing.catch(() => {});
  return {
    /** What was produced, and what was seen of it. */
    async end() {
      ending.abort();
      await producing;
      return { sent: Array.from({ length: sent }, (_, number) => `user${number}`), seen };
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      await Promise.allSettled([producing]);
      await listener[Symbol.asyncDispose]();
    },
  };
}

describe('a JobManager that is killed and comes back', () => {
  it('is missed by those who need it, and by nobody else; what is declared runs again by itself', async () => {
    await using traffic = openTraffic();
    await using rows = listen(gateway.webSocketUrl, rowsAsTheyCome);
    await rows.next();
    const lost = watched.job('steady')?.id;
    const back = stack.killJobManager();
    const [meanwhile, { cluster }] = await Promise.all([
      trySubmit({ name: 'late' }),
      ask('{ cluster { jobManager { reachable } } }'),
    ]);
    expect(meanwhile.errors).toMatchObject([isFlinkAway]);
    expect(cluster.jobManager.reachable).toBe(false);
    await watched.until(() => watched.error() !== null);
    expect(watched.error()).toMatch(/JobManager .* cannot be reached/);
    expect(runs('steady')).toBe(true);
    await back;

    await watched.until(() => watched.error() === null && watched.job('steady') === undefined);
    const { errors } = await post(gateway.url, `mutation { stopJob(id: "${lost}") { savepoint } }`);
    expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    await expect(until(rows, () => undefined)).rejects.toMatchObject([isFlinkAway]);
    expect(await submit({ name: 'late' })).toMatchObject({ outcome: 'STARTED', warning: null });
    expect(await submit({ name: 'late' })).toMatchObject({ outcome: 'ALREADY_RUNNING' });
    await watched.until(() => ['late', 'uppers'].every(runs));
    expect(await jobsNamed('late', 'state')).toEqual([{ state: 'RUNNING' }]);
    const streams = async () => (await ask('{ streams { topic state error } }')).streams;
    await expect.poll(streams, patience).toContainEqual({ topic: 'uppers', state: 'RUNNING', error: null });
    const { sent, seen } = await traffic.end();
    expect(seen).toEqual(sent);
  });
});
