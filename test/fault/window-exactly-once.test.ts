import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createRestorePoints } from '../../src/local/restore-points.ts';
import { checkpointsOf, openFlinkStack } from '../support/flink-stack.ts';
import { onceEach } from '../support/kafka.ts';
import { patience } from '../support/patience.ts';
import { openQuietFlink } from '../support/quiet-flink.ts';
import { modelOf } from '../unit/flink/models.ts';

const windowMs = 1_000;
/** Event time between two events: ten in a window. */
const stepMs = 100;
const startMs = Date.UTC(2026, 0, 1);
const sensors = ['a', 'b', 'c'];

const stream = `
type Reading @stream(topic: "readings", partitions: 1) { sensor: ID! at: DateTime! @eventTime }`;
const view = `
type Count @view(topic: "counts", partitions: 1, guarantee: EXACTLY_ONCE, sql: """
  SELECT sensor, COUNT(*) AS cnt, window_start
  FROM TABLE(TUMBLE(TABLE readings, DESCRIPTOR(\`at\`), INTERVAL '1' SECOND))
  GROUP BY window_start, window_end, sensor
""") { sensor: ID! cnt: BigInt! windowStart: DateTime! }`;

/** Event number n, on one of the sensors in turn. */
function readingAt(n: number) {
  return { sensor: sensors[n % sensors.length], at: new Date(startMs + n * stepMs).toISOString() };
}

/** What the view has to write for the first `count` events, which end with a window: one line a row, sorted. */
function expectedRows(count: number): readonly string[] {
  const counts = new Map<string, number>();
  for (let n = 0; n < count; n += 1) {
    const windowStart = new Date(startMs + Math.floor((n * stepMs) / windowMs) * windowMs).toISOString();
    const row = `${windowStart} ${sensors[n % sensors.length]}`;
    counts.set(row, (counts.get(row) ?? 0) + 1);
  }
  return [...counts].map(([row, cnt]) => `${row} ${cnt}`).sort();
}

async function taskManagersOf(flinkRest: string): Promise<readonly string[]> {
  const answer = await (await fetch(`${flinkRest}/taskmanagers`)).json();
  const { taskmanagers } = answer as { readonly taskmanagers: readonly { path: string; slotsNumber: number }[] };
  return taskmanagers.map(({ path, slotsNumber }) => `${slotsNumber} slots at ${path}`);
}

describe('a windowed view that writes exactly once', () => {
  let stack: Awaited<ReturnType<typeof openFlinkStack>>;
  const cleanUp = new AsyncDisposableStack();

  beforeAll(async () => {
    stack = cleanUp.use(await openFlinkStack());
  });
  afterAll(() => cleanUp.disposeAsync());

  const open = (text: string) => {
    const { flinkRest: restUrl, sqlGateway: sqlGatewayUrl } = stack.flink;
    const folder = (name: string) => join(stack.dataDir, name);
    return openQuietFlink({
      settings: { restUrl, sqlGatewayUrl, sql: 'all', checkpointIntervalMs: 500 },
      model: modelOf(text),
      bootstrapServers: stack.broker.address,
      restorePoints: createRestorePoints({ checkpointDir: folder('points'), savepointDir: folder('saved') }),
    });
  };

  it('writes every window once, though its TaskManager is killed in the middle', async () => {
    await using test = new AsyncDisposableStack();
    const kafka = new Kafka({ brokers: [stack.broker.address], logLevel: logLevel.NOTHING });
    const admin = test.adopt(kafka.admin(), (client) => client.disconnect());
    const producer = test.adopt(kafka.producer(onceEach), (client) => client.disconnect());
    const consumer = test.adopt(kafka.consumer({ groupId: 'counts' }), (client) => client.disconnect());
    await Promise.all([admin.connect(), producer.connect(), consumer.connect()]);
    const topics = ['readings', 'counts'].map((topic) => ({ topic, numPartitions: 1 }));
    await admin.createTopics({ topics, waitForLeaders: false });
    const offsets = () => Promise.all(topics.map(({ topic }) => admin.fetchTopicOffsets(topic)));
    await vi.waitFor(offsets, patience);

    // kafkajs reads what is committed, and nothing else, unless told otherwise.
    const rows: string[] = [];
    await consumer.subscribe({ topic: 'counts', fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        const { sensor, cnt, window_start } = JSON.parse(String(message.value));
        rows.push(`${new Date(window_start).toISOString()} ${sensor} ${cnt}`);
      },
    });

    const flink = test.adopt(open(stream + view), (opened) => opened.close());
    await flink.views.apply();
    let sent = 0;
    let isProducing = true;
    const producing = (async () => {
      while (isProducing) {
        const messages = Array.from({ length: 10 }, (_, n) => ({ value: JSON.stringify(readingAt(sent + n)) }));
        await producer.send({ topic: 'readings', messages });
        sent += messages.length;
        // Leaves some of the processor to Flink.
        await delay(5);
      }
    })();

    const job = async () => (await checkpointsOf(stack.flink.flinkRest))[0] ?? { completed: 0, restored: 0 };
    await expect.poll(async () => (await job()).completed).toBeGreaterThan(1);
    await expect.poll(() => rows.length).toBeGreaterThan(0);
    // Its address has a port that the system chose, so the next one has another.
    const [lost = '', ...others] = await taskManagersOf(stack.flink.flinkRest);
    expect([lost, others]).toEqual([expect.stringMatching(/^32 slots at /), []]);
    await stack.killTaskManager();
    // In its place, and not beside it.
    const next = new RegExp(`^32 slots at (?!${lost.split(' ').at(-1)})`);
    await expect.poll(() => taskManagersOf(stack.flink.flinkRest)).toEqual([expect.stringMatching(next)]);
    await expect.poll(async () => (await job()).restored).toBeGreaterThan(0);
    const before = rows.length;
    await expect.poll(() => rows.length).toBeGreaterThan(before);
    isProducing = false;
    await producing;

    // An event of a later window completes those before; its own never is.
    await producer.send({ topic: 'readings', messages: [{ value: JSON.stringify(readingAt(sent + 20)) }] });
    const expected = expectedRows(sent);
    await expect.poll(() => rows.length).toBeGreaterThanOrEqual(expected.length);
    // What would come twice comes with the savepoint's commit at the latest.
    const [stopped] = await flink.views.stopAll({ savepoint: true, deadlineMs: 120_000 });
    expect(stopped).toMatchObject({ view: 'counts', error: null });
    const end = BigInt((await admin.fetchTopicOffsets('counts'))[0]?.high ?? 0);
    const mark = `${new Date(startMs).toISOString()} end 0`;
    const last = { sensor: 'end', cnt: 0, window_start: new Date(startMs).toISOString() };
    await producer.send({ topic: 'counts', messages: [{ value: JSON.stringify(last) }] });
    await expect.poll(() => rows.at(-1)).toBe(mark);
    expect(end).toBeGreaterThan(BigInt(expected.length));
    expect(rows.slice(0, -1).sort()).toEqual(expected);
  });

  it('is an orphan once it is declared no more, and stopped with a savepoint when told to', async () => {
    await using declared = new AsyncDisposableStack();
    const before = declared.adopt(open(stream + view), (opened) => opened.close());
    const [started] = await before.views.apply();
    expect(started).toMatchObject({ view: 'counts', action: 'START', state: 'KEPT' });
    const runs = () => before.views.statuses()[0]?.state;
    await expect.poll(runs).toBe('RUNNING');
    await before.views.close();

    const after = declared.adopt(open(stream), (opened) => opened.close());
    const orphan = { view: 'counts', jobId: started?.jobId };
    await expect.poll(() => after.views.plan()).toMatchObject([{ ...orphan, action: 'ORPHAN' }]);
    const savepoint = expect.stringContaining('/savepoint-');
    const line = { ...orphan, action: 'STOP', savepoint, error: null };
    expect(await after.views.apply({ stopOrphans: true })).toMatchObject([line]);
    await expect.poll(async () => (await after.jobs.get(started?.jobId ?? '')).state).toBe('FINISHED');
  });
});
