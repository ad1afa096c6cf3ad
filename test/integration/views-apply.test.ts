import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import type { PlannedView, RestorePoints } from '#jobs';
import type { FlinkParts } from '../../src/flink-parts.ts';
import { createRestorePoints } from '../../src/local/restore-points.ts';
import { listen, post, until } from '../support/client.ts';
import { declare as declareFiles, uniqueName } from '../support/declarations.ts';
import { openOwnGateway } from '../support/gateway.ts';
import { onceEach } from '../support/kafka.ts';
import { patience } from '../support/patience.ts';
import { openQuietFlink } from '../support/quiet-flink.ts';
import { modelOf } from '../unit/flink/models.ts';

const { kafka: bootstrapServers, flinkRest, sqlGateway, dataDir } = inject('endpoints');
const kafka = new Kafka({ brokers: bootstrapServers.split(','), logLevel: logLevel.NOTHING });
const producer: Producer = kafka.producer(onceEach);
const admin = kafka.admin();
const opened: FlinkParts[] = [];
let folder = '';
let points: RestorePoints;

/** What may differ in {@link declare}. */
interface Parts {
  readonly name: string;
  readonly select?: string;
  readonly arguments?: string;
  readonly from?: string;
}

/** A stream, and a view that counts its records by user. */
function declare({ name, select, arguments: more = '', from = '' }: Parts): string {
  const sql = select ?? `SELECT user_id, COUNT(*) * 2 AS cnt FROM ${name}_clicks ${from} GROUP BY user_id`;
  return `
type Click @stream(topic: "${name}_clicks", plural: "${name}Clicks", partitions: 1) { userId: ID! url: String }
type Total @view(topic: "${name}_totals", plural: "${name}Totals", key: ["userId"], ${more} sql: """
  ${sql}
""") { userId: ID! cnt: BigInt! }`;
}

function open(
  text: string,
  settings: Readonly<Record<string, unknown>> = {},
  where: RestorePoints | null = points,
): FlinkParts {
  const addresses = { restUrl: flinkRest, sqlGatewayUrl: sqlGateway };
  const flink = openQuietFlink({
    settings: { ...addresses, checkpointIntervalMs: 1_000, watchIntervalMs: 500, ...settings },
    model: modelOf(text),
    bootstrapServers,
    restorePoints: where,
  });
  opened.push(flink);
  return flink;
}

async function createTopics(name: string): Promise<void> {
  await admin.createTopics({
    topics: [
      { topic: `${name}_clicks`, numPartitions: 1 },
      { topic: `${name}_totals`, numPartitions: 1, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] },
    ],
    waitForLeaders: false,
  });
  // kafkajs's own way of waiting gives up when the broker does not tell of the new topics at once.
  const topics = [`${name}_clicks`, `${name}_totals`];
  await vi.waitFor(() => Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic))), patience);
}

async function produce(name: string, users: readonly string[], url = '/'): Promise<void> {
  const messages = users.map((user) => ({ value: JSON.stringify({ user_id: user, url }) }));
  await producer.send({ topic: `${name}_clicks`, messages });
}

/** Collects the newest count of each user in the totals, from the topic's beginning. */
async function readTotals(name: string) {
  const consumer = kafka.consumer({ groupId: `${name}-reader` });
  const totals = new Map<string, number>();
  await consumer.connect();
  await consumer.subscribe({ topic: `${name}_totals`, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const row = JSON.parse(String(message.value));
      if (row) totals.set(row.user_id, row.cnt);
    },
  });
  return {
    until: (wanted: Readonly<Record<string, number>>) =>
      vi.waitFor(() => expect(Object.fromEntries(totals)).toEqual(wanted), patience),
    [Symbol.asyncDispose]: () => consumer.disconnect(),
  };
}

function statusOf(flink: FlinkParts) {
  return flink.views.statuses()[0];
}

async function untilState(flink: FlinkParts, state: string): Promise<string> {
  await vi.waitFor(() => expect(statusOf(flink)).toMatchObject({ state, error: null }), patience);
  return statusOf(flink)?.jobId ?? '';
}

async function stateOf(jobId: string): Promise<string> {
  return (await (await fetch(`${flinkRest}/jobs/${jobId}`)).json()).state;
}

function only(lines: readonly PlannedView[], name: string): PlannedView | undefined {
  return lines.find(({ view }) => view === `${name}_totals`);
}

beforeAll(async () => {
  folder = await mkdtemp(join(dataDir, 'views-apply-'));
  points = createRestorePoints({
    checkpointDir: join(folder, 'checkpoints'),
    savepointDir: join(folder, 'savepoints'),
  });
  await Promise.all([producer.connect(), admin.connect()]);
});

afterAll(async () => {
  for (const flink of opened) {
    await flink.views.stopAll({ savepoint: false, deadlineMs: 120_000 });
    await flink.close();
  }
  await Promise.all([producer.disconnect(), admin.disconnect()]);
  await rm(folder, { recursive: true, force: true });
});

describe('a view whose SQL has changed', () => {
  test('goes on counting where what keeps state is as it was, and starts afresh where it is not', async () => {
    const name = uniqueName('upgrade');
    await createTopics(name);
    await using totals = await readTotals(name);
    const first = open(declare({ name }));
    expect(only(await first.views.plan(), name)).toMatchObject({ action: 'START', state: 'NONE', error: null });
    expect(only(await first.views.apply(), name)).toMatchObject({ action: 'START', state: 'NONE', error: null });
    const old = await untilState(first, 'RUNNING');
    await produce(name, ['ada', 'ada', 'bob']);
    await totals.until({ ada: 4, bob: 2 });
    await first.views.close();

    // Another WHERE and another final expression: the counts go on under them.
    const second = open(
      declare({
        name,
        select: `SELECT user_id, COUNT(*) * 10 AS cnt FROM ${name}_clicks WHERE url <> '/no' GROUP BY user_id`,
        arguments: 'parallelism: 2,',
      }),
    );
    await vi.waitFor(async () => {
      const planned = only(await second.views.plan(), name);
      expect(planned).toMatchObject({ action: 'REPLACE', replaces: { id: old }, jobId: null, state: 'KEPT' });
      expect(planned?.replaces?.sql).toContain('COUNT(*) * 2');
    }, patience);
    expect(await stateOf(old)).toBe('RUNNING');
    const kept = only(await second.views.apply(), name);
    expect(kept).toMatchObject({ action: 'REPLACE', state: 'KEPT', error: null });
    expect(kept?.stateReason).toContain('/savepoint-');
    await vi.waitFor(async () => expect(await stateOf(old)).toBe('FINISHED'), patience);
    const young = await untilState(second, 'RUNNING');
    expect(only(await second.views.plan(), name)).toMatchObject({ action: 'KEEP', jobId: young });
    await produce(name, ['bob'], '/no');
    await produce(name, ['ada', 'cid']);
    await totals.until({ ada: 30, bob: 2, cid: 10 });
    await second.views.close();

    // The description of the aggregate is the same word for word; only the column below it has another meaning.
    const third = open(
      declare({ name, select: `SELECT url AS user_id, COUNT(*) * 10 AS cnt FROM ${name}_clicks GROUP BY url` }),
    );
    await vi.waitFor(
      async () => expect(only(await third.views.plan(), name)).toMatchObject({ action: 'REPLACE', state: 'LOST' }),
      patience,
    );
    const lost = only(await third.views.apply(), name);
    expect(lost).toMatchObject({ action: 'REPLACE', state: 'LOST', error: null });
    expect(lost?.stateReason).toMatch(/computes something else .*It was Calc\(select=\[user_id\]\), it is Calc/);
    await totals.until({ ada: 30, bob: 2, cid: 10, '/': 50, '/no': 10 });
  });

  test('goes on, too, when everything was stopped in between, and from what Flink alone knows', async () => {
    const name = uniqueName('between');
    await createTopics(name);
    await using totals = await readTotals(name);
    const times = (factor: number) =>
      declare({ name, select: `SELECT user_id, COUNT(*) * ${factor} AS cnt FROM ${name}_clicks GROUP BY user_id` });
    const first = open(times(2));
    await first.views.apply();
    await untilState(first, 'RUNNING');
    await produce(name, ['ada']);
    await totals.until({ ada: 2 });
    await first.views.stopAll({ savepoint: true, deadlineMs: 120_000 });

    const second = open(times(10));
    // For some seconds Flink may not tell whose the ended job was: the view waits for that.
    const planned = async () => only(await second.views.apply(), name);
    await vi.waitFor(async () => expect(await planned()).toMatchObject({ state: 'KEPT' }), patience);
    await untilState(second, 'RUNNING');
    await produce(name, ['ada']);
    await totals.until({ ada: 20 });
    await second.views.stopAll({ savepoint: true, deadlineMs: 120_000 });

    // Two gateways at once, which do not see Flink's files.
    const [third, fourth] = [open(times(100), {}, null), open(times(100), {}, null)];
    await Promise.all([third.views.apply(), fourth.views.apply()]);
    // Both know of the job before, and come to the same id; should one not, of the two jobs one is cancelled.
    await vi.waitFor(
      async () => expect(await untilState(third, 'RUNNING')).toBe(await untilState(fourth, 'RUNNING')),
      patience,
    );
    await produce(name, ['ada']);
    await totals.until({ ada: 300 });
  });

  test('starts afresh with a warning when only a task of Flink sees that the state does not fit', async () => {
    const name = uniqueName('types');
    await createTopics(name);
    await using totals = await readTotals(name);
    // The plans read the same, but the sum of another type is kept in another way.
    const text = (type: string, more: string) => `
type Click @stream(topic: "${name}_clicks", plural: "${name}Clicks", partitions: 1) { userId: ID! n: ${type} }
type Total @view(topic: "${name}_totals", plural: "${name}Totals", key: ["userId"], ${more} sql: """
  SELECT user_id, CAST(SUM(n) AS BIGINT) AS cnt FROM ${name}_clicks GROUP BY user_id
""") { userId: ID! cnt: BigInt! }`;
    const before = open(text('Decimal', ''));
    await before.views.apply();
    const old = await untilState(before, 'RUNNING');
    const messages = [1, 2].map((n) => ({ value: JSON.stringify({ user_id: 'ada', n }) }));
    await producer.send({ topic: `${name}_clicks`, messages });
    await totals.until({ ada: 3 });
    await before.views.close();

    const after = open(text('Float', 'parallelism: 2,'));
    await vi.waitFor(
      async () => expect(only(await after.views.plan(), name)).toMatchObject({ action: 'REPLACE', state: 'KEPT' }),
      patience,
    );
    const lost = only(await after.views.apply(), name);
    expect(lost).toMatchObject({ action: 'REPLACE', state: 'LOST', replaces: { id: old }, error: null });
    expect(lost?.stateReason).toMatch(/^It could not go on from .* and started afresh: /);
    await untilState(after, 'RUNNING');
    expect(statusOf(after)?.warning).toBe(lost?.stateReason);
    await producer.send({ topic: `${name}_clicks`, messages });
    await totals.until({ ada: 6 });
  });
});

describe('the jobs of views that are not declared', () => {
  test('are listed and left alone', async () => {
    const name = uniqueName('orphan');
    await createTopics(name);
    const before = open(declare({ name }));
    await before.views.apply();
    const orphan = await untilState(before, 'RUNNING');
    await before.views.close();

    // A model without that view. Other tests run views of their own on this cluster: only ours is looked for.
    const after = open(
      `type Click @stream(topic: "${name}_clicks", plural: "${name}Clicks", partitions: 1) { userId: ID! }`,
    );
    await vi.waitFor(
      async () => expect(only(await after.views.plan(), name)).toMatchObject({ action: 'ORPHAN', jobId: orphan }),
      patience,
    );
    await after.views.apply();
    expect(await stateOf(orphan)).toBe('RUNNING');
  });
});

describe('a start that shall not touch the views', () => {
  test('starts nothing, tells in the statuses how to start them, and follows applyViews from then on', async () => {
    const name = uniqueName('mode');
    await createTopics(name);
    const [check, off] = [
      open(declare({ name }), { viewsMode: 'check' }),
      open(declare({ name }), { viewsMode: 'off' }),
    ];
    await Promise.all([check.views.start(), off.views.start()]);
    for (const flink of [check, off])
      expect(statusOf(flink)).toMatchObject({ state: 'PENDING', error: expect.stringContaining('applyViews') });
    expect(only(await check.views.plan(), name)).toMatchObject({ action: 'START' });
    await off.views.apply();
    const id = await untilState(off, 'RUNNING');
    expect(await untilState(check, 'RUNNING')).toBe(id);
  });
});

describe('an on-demand view', () => {
  test('runs while somebody subscribes through some gateway, and goes on where it was', async () => {
    const name = uniqueName('demand');
    await createTopics(name);
    await using totals = await readTotals(name);
    const settings = { onDemandGraceMs: 300 };
    const text = declare({ name, arguments: 'run: ON_DEMAND,' });
    // They do not see Flink's files, as with a cluster of one's own.
    const [one, two] = [open(text, settings, null), open(text, settings, null)];
    await one.views.start();
    expect(statusOf(one)).toMatchObject({ state: 'IDLE', jobId: null, error: null });

    const leaveOne = one.views.hold(`${name}_totals`);
    const first = await untilState(one, 'RUNNING');
    await produce(name, ['ada']);
    await totals.until({ ada: 2 });
    // Before it starts: a gateway that starts without a reader stops what it finds when the grace time is over.
    const leaveTwo = two.views.hold(`${name}_totals`);
    await two.views.start();
    expect(await untilState(two, 'RUNNING')).toBe(first);

    // The gateway whose last subscriber has left stops it; the other one starts it again from the savepoint.
    leaveOne();
    await vi.waitFor(async () => expect(await stateOf(first)).toBe('FINISHED'), patience);
    await vi.waitFor(() => expect(statusOf(two)?.jobId).not.toBe(first), patience);
    const second = await untilState(two, 'RUNNING');
    await produce(name, ['ada']);
    await totals.until({ ada: 4 });

    leaveTwo();
    await vi.waitFor(() => expect(statusOf(two)).toMatchObject({ state: 'IDLE', jobId: null }), patience);
    await vi.waitFor(async () => expect(await stateOf(second)).toBe('FINISHED'), patience);
    await produce(name, ['ada']);
    const leaveAgain = one.views.hold(`${name}_totals`);
    const third = await untilState(one, 'RUNNING');
    expect([first, second]).not.toContain(third);
    await totals.until({ ada: 6 });
    leaveAgain();
    await vi.waitFor(() => expect(statusOf(one)).toMatchObject({ state: 'IDLE' }), patience);
  });
});

describe('over GraphQL', () => {
  test('a subscription runs an on-demand view, and the plan, the streams and the jobs tell of it', async () => {
    const name = uniqueName('graphql');
    await createTopics(name);
    await using declared = await declareFiles({ 'a.graphql': declare({ name, arguments: 'run: ON_DEMAND,' }) });
    await using gateway = await openOwnGateway({ schema: declared.folder, env: { SLUICE_ON_DEMAND_GRACE_MS: '100' } });
    const view = async () => {
      const { data, errors } = await post(gateway.url, '{ streams { topic run state jobId job { id state orphan } } }');
      expect(errors).toBeUndefined();
      return data.streams.find(({ topic }: { topic: string }) => topic === `${name}_totals`);
    };
    const plan = async () => {
      const selection = 'dryRun views { view action state jobId error }';
      const { data, errors } = await post(gateway.url, `mutation { applyViews(dryRun: true) { ${selection} } }`);
      expect(errors).toBeUndefined();
      return only(data.applyViews.views, name);
    };
    await vi.waitFor(async () => expect(await view()).toMatchObject({ run: 'ON_DEMAND', state: 'IDLE' }), patience);
    expect(await plan()).toMatchObject({ action: 'IDLE', jobId: null });
    {
      await using listener = listen(gateway.webSocketUrl, `subscription { ${name}Totals { nodes { userId cnt } } }`);
      await listener.next();
      await vi.waitFor(async () => expect(await view()).toMatchObject({ state: 'RUNNING' }), patience);
      const { jobId, job } = await view();
      expect(job).toEqual({ id: jobId, state: 'RUNNING', orphan: false });
      expect(await plan()).toMatchObject({ action: 'KEEP', jobId, state: 'KEPT', error: null });
      await produce(name, ['ada']);
      await until(listener, ({ data }) => data[`${name}Totals`].nodes.find(({ cnt }: { cnt: string }) => cnt === '2'));
    }
    await vi.waitFor(async () => expect(await view()).toMatchObject({ state: 'IDLE', job: null }), patience);
  });
});
