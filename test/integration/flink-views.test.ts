import { join } from 'node:path';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import type { Job } from '#flink';
import type { RestorePoints } from '#jobs';
import type { FlinkParts } from '../../src/flink-parts.ts';
import { createRestorePoints } from '../../src/local/restore-points.ts';
import { uniqueName } from '../support/declarations.ts';
import { onceEach } from '../support/kafka.ts';
import { patience } from '../support/patience.ts';
import { openQuietFlink } from '../support/quiet-flink.ts';
import { modelOf } from '../unit/flink/models.ts';

const { kafka: bootstrapServers, flinkRest, sqlGateway, dataDir } = inject('endpoints');
const kafka = new Kafka({ brokers: bootstrapServers.split(','), logLevel: logLevel.NOTHING });
const producer: Producer = kafka.producer(onceEach);
const admin = kafka.admin();
const opened: FlinkParts[] = [];

const restorePoints = createRestorePoints({
  checkpointDir: join(dataDir, 'view-checkpoints'),
  savepointDir: join(dataDir, 'view-savepoints'),
});

/** A stream and a view over it, on topics of their own. */
function declare(parts: { readonly name: string; readonly select?: string; readonly more?: string }): string {
  const { name } = parts;
  return `
type Click @stream(topic: "${name}_clicks", plural: "${name}Clicks") { userId: ID! url: String }
type Copied @view(topic: "${name}_copied", plural: "${name}Copied", sql: """
  ${parts.select ?? `SELECT user_id, url FROM ${name}_clicks`}
""") { userId: ID! url: String }
${parts.more ?? ''}`;
}

function open(text: string, points: RestorePoints | null = restorePoints): FlinkParts {
  const flink = openQuietFlink({
    settings: { restUrl: flinkRest, sqlGatewayUrl: sqlGateway, checkpointIntervalMs: 1_000 },
    model: modelOf(text),
    bootstrapServers,
    restorePoints: points,
  });
  opened.push(flink);
  return flink;
}

async function createTopics(name: string): Promise<void> {
  const topics = [`${name}_clicks`, `${name}_copied`].map((topic) => ({ topic, numPartitions: 1 }));
  await admin.createTopics({ topics, waitForLeaders: true });
}

async function produce(topic: string, users: readonly string[]): Promise<void> {
  const messages = users.map((user) => ({ value: JSON.stringify({ user_id: user, url: '/' }) }));
  await producer.send({ topic, messages });
}

async function countRecords(topic: string): Promise<number> {
  const [partition] = await admin.fetchTopicOffsets(topic);
  return Number(partition?.high ?? 0) - Number(partition?.low ?? 0);
}

function statusOf(flink: FlinkParts, view: string) {
  const found = flink.views.statuses().find((status) => status.view === view);
  if (!found) throw new Error(`no view ${view}`);
  return found;
}

async function untilRunning(flink: FlinkParts, view: string): Promise<string> {
  await vi.waitFor(() => expect(statusOf(flink, view)).toMatchObject({ state: 'RUNNING', error: null }), patience);
  return statusOf(flink, view).jobId ?? '';
}

async function jobsOf(flink: FlinkParts, view: string): Promise<readonly Job[]> {
  return (await flink.jobs.list()).filter((job) => job.view === view);
}

beforeAll(async () => {
  await Promise.all([producer.connect(), admin.connect()]);
});

afterAll(async () => {
  for (const flink of opened) {
    await flink.views.stopAll({ savepoint: false, deadlineMs: 120_000 });
    await flink.close();
  }
  await Promise.all([producer.disconnect(), admin.disconnect()]);
});

describe('the job of a view', () => {
  test('is started once, labelled, and found again by another gateway', async () => {
    const name = uniqueName('found');
    await createTopics(name);
    const [one, two] = [open(declare({ name })), open(declare({ name }))];
    await Promise.all([one.views.apply(), two.views.apply()]);
    const id = await untilRunning(one, `${name}_copied`);
    expect(await untilRunning(two, `${name}_copied`)).toBe(id);

    const three = open(declare({ name }));
    await three.views.apply();
    expect(await untilRunning(three, `${name}_copied`)).toBe(id);
    // Flink tells no labels in the first seconds of a job.
    await vi.waitFor(async () => expect(await jobsOf(three, `${name}_copied`)).toHaveLength(1), patience);
    expect(await three.jobs.get(id)).toMatchObject({
      name: `${name}_copied`,
      state: 'RUNNING',
      sql: `SELECT user_id, url FROM ${name}_clicks`,
    });
    await expect(three.jobs.get('f'.repeat(32))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('is replaced when the SQL has changed, and only then', async () => {
    const name = uniqueName('replaced');
    await createTopics(name);
    const before = open(declare({ name }));
    await before.views.apply();
    const old = await untilRunning(before, `${name}_copied`);

    const after = open(declare({ name, select: `SELECT user_id, UPPER(url) AS url FROM ${name}_clicks` }));
    await vi.waitFor(async () => expect(await jobsOf(after, `${name}_copied`)).toHaveLength(1), patience);
    await after.views.apply();
    const young = await untilRunning(after, `${name}_copied`);
    expect(young).not.toBe(old);
    // Nothing in it keeps state but its place in the stream, and there the new one goes on.
    expect(await after.jobs.get(old)).toMatchObject({ state: 'FINISHED' });
    // The gateway with the earlier declaration does not fight for it.
    await vi.waitFor(() => expect(statusOf(before, `${name}_copied`).state).toBe('FAILED'), patience);
    expect(await after.jobs.get(young)).toMatchObject({ state: 'RUNNING' });
  });

  test('goes on from its savepoint: nothing is computed twice, nothing is left out', async () => {
    const name = uniqueName('resumed');
    await createTopics(name);
    const before = open(declare({ name }));
    await before.views.apply();
    await untilRunning(before, `${name}_copied`);
    await produce(`${name}_clicks`, ['ada', 'bob', 'cid']);
    await vi.waitFor(async () => expect(await countRecords(`${name}_copied`)).toBe(3), patience);
    const [stopped] = await before.views.stopAll({ savepoint: true, deadlineMs: 120_000 });
    expect(stopped).toMatchObject({ view: `${name}_copied`, error: null });
    expect(stopped?.savepoint).toContain('/view-savepoints/');
    await produce(`${name}_clicks`, ['dan', 'eva']);

    const after = open(declare({ name }));
    await after.views.apply();
    await untilRunning(after, `${name}_copied`);
    await vi.waitFor(async () => expect(await countRecords(`${name}_copied`)).toBe(5), patience);
    await produce(`${name}_clicks`, ['fay']);
    await vi.waitFor(async () => expect(await countRecords(`${name}_copied`)).toBe(6), patience);
  });

  test('starts afresh, and says so, when its restore point is of no use', async () => {
    const name = uniqueName('afresh');
    await createTopics(name);
    const points = { ...restorePoints, newest: async () => `file://${dataDir}/no-such-savepoint` };
    const flink = open(declare({ name }), points);
    await flink.views.apply();
    await untilRunning(flink, `${name}_copied`);
    expect(statusOf(flink, `${name}_copied`).warning).toMatch(/started afresh: Cannot find checkpoint or savepoint/);
  });

  test('that somebody has cancelled is left alone until the views are applied again', async () => {
    const name = uniqueName('cancelled');
    await createTopics(name);
    const flink = open(declare({ name }), null);
    await flink.views.apply();
    const id = await untilRunning(flink, `${name}_copied`);
    await fetch(`${flinkRest}/jobs/${id}`, { method: 'PATCH' });
    await vi.waitFor(
      () =>
        expect(statusOf(flink, `${name}_copied`)).toMatchObject({
          state: 'FAILED',
          error: expect.stringContaining('was cancelled'),
        }),
      patience,
    );
    await flink.views.apply();
    expect(await untilRunning(flink, `${name}_copied`)).not.toBe(id);
  });
});

describe('a view that Flink does not accept', () => {
  test('is told with its file, line and column; its neighbours run', async () => {
    const name = uniqueName('refused');
    await createTopics(name);
    const more = `
type Wrong @view(topic: "${name}_wrong", plural: "${name}Wrong", sql: """
  SELECT user_id,
         nonsense
  FROM ${name}_clicks
""") { userId: ID! nonsense: String }
type Misfit @view(topic: "${name}_misfit", plural: "${name}Misfit", sql: "SELECT user_id, 1 AS url FROM ${name}_clicks") {
  userId: ID!
  url: String
}`;
    const flink = open(declare({ name, more }));
    await flink.views.apply();
    expect(statusOf(flink, `${name}_wrong`)).toMatchObject({
      state: 'FAILED',
      error: `View "${name}_wrong" (schema/test.graphql:9:10): Column 'nonsense' not found in any table`,
    });
    const misfit = statusOf(flink, `${name}_misfit`);
    expect(misfit.state).toBe('FAILED');
    expect(misfit.error).toMatch(/Misfit\.url: the column "url" is INT/);
    await untilRunning(flink, `${name}_copied`);
  });

  test('leaves the job of its earlier declaration running', async () => {
    const name = uniqueName('kept');
    await createTopics(name);
    const before = open(declare({ name }));
    await before.views.apply();
    const old = await untilRunning(before, `${name}_copied`);
    const after = open(declare({ name, select: `SELECT user_id, nonsense AS url FROM ${name}_clicks` }));
    await vi.waitFor(async () => expect(await jobsOf(after, `${name}_copied`)).toHaveLength(1), patience);
    await after.views.apply();
    expect(statusOf(after, `${name}_copied`).state).toBe('FAILED');
    expect(await after.jobs.get(old)).toMatchObject({ state: 'RUNNING' });
  });
});
