import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { loadModel, sessionProperties, sessionStatements, toDdl } from '#model';
import { listen } from '../support/client.ts';
import { type HandSession, openHandSession } from './baselines/sql-by-hand.ts';
import type { FlinkContext } from './flink-context.ts';
import { format, type Line, median } from './report.ts';

const recordCount = 100_000;
const batchSize = 10_000;
const rounds = 3;
const statement = 'SELECT user_id, url FROM bench_clicks';
const subscription = `subscription {
  sql(statement: "${statement}", startFrom: EARLIEST, maxRows: ${recordCount}) { rows { operation values } }
}`;

interface Run {
  readonly firstRowMs: number;
  /** From the first row on. */
  readonly rowsPerSecond: number;
}

/** A continuous SELECT through the gateway, against the SQL Gateway's own paging with sessions that are open. They take turns. */
export async function measureAdHoc(context: FlinkContext): Promise<readonly Line[]> {
  await fill(context.brokers);
  await using session = await openHandSession(context.sqlGateway, sessionProperties(), await ddlOf(context));
  const sluice: Run[] = [];
  const baseline: Run[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const through = await runThroughGateway(context);
    const byHand = await runByHand(session);
    // Everything is compiled in the first round.
    if (round === 0) continue;
    sluice.push(through);
    baseline.push(byHand);
  }
  const of = (runs: readonly Run[], key: keyof Run) => median(runs.map((run) => run[key]));
  const note = `${format(recordCount)} rows of "${statement}"; both without exactly-once checkpoints, which would hold rows back`;
  return [
    {
      what: 'first row of a continuous SELECT',
      unit: 'ms',
      sluice: of(sluice, 'firstRowMs'),
      baseline: of(baseline, 'firstRowMs'),
      baselineIs: 'the same sent to the SQL Gateway',
      compared: 'ratio',
      target: { atMost: 1.2 },
    },
    {
      what: 'rows of a continuous SELECT',
      unit: 'rows/s',
      sluice: of(sluice, 'rowsPerSecond'),
      baseline: of(baseline, 'rowsPerSecond'),
      baselineIs: "the SQL Gateway's own paging",
      compared: 'ratio',
      target: { atLeast: 0.7 },
      note,
    },
  ];
}

/** The tables that the gateway's own sessions have, so that both run the same job. */
async function ddlOf({ folder, brokers: bootstrapServers }: FlinkContext): Promise<readonly string[]> {
  const model = await loadModel(join(folder, 'schema'));
  return [...sessionStatements, ...toDdl(model, { bootstrapServers }).flatMap(({ statements }) => statements)];
}

async function fill(brokers: string): Promise<void> {
  const producer = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  try {
    const clickedAt = '2026-01-01T00:00:00.000Z';
    for (let sent = 0; sent < recordCount; sent += batchSize) {
      const messages = Array.from({ length: batchSize }, (_, index) => {
        const user = `user-${(sent + index) % 1000}`;
        return { key: user, value: JSON.stringify({ user_id: user, url: `/pages/${index}`, clicked_at: clickedAt }) };
      });
      await producer.send({ topic: 'bench_clicks', messages });
    }
  } finally {
    await producer.disconnect();
  }
}

async function runThroughGateway({ gatewayUrl }: FlinkContext): Promise<Run> {
  const startedAt = performance.now();
  await using listener = listen(gatewayUrl.replace('http', 'ws'), subscription);
  return await timed(startedAt, async () => (await listener.next()).data.sql.rows.length);
}

async function runByHand(session: HandSession): Promise<Run> {
  const startedAt = performance.now();
  await using operation = await session.start(statement);
  return await timed(startedAt, async () => {
    const rows = await operation.next();
    if (rows === 0) await delay(5);
    return rows;
  });
}

async function timed(startedAt: number, next: () => Promise<number>): Promise<Run> {
  let firstAt = 0;
  let firstRows = 0;
  for (let rows = 0; rows < recordCount; ) {
    const more = await next();
    if (rows === 0 && more > 0) {
      firstAt = performance.now();
      firstRows = more;
    }
    rows += more;
  }
  const seconds = (performance.now() - firstAt) / 1000;
  return { firstRowMs: firstAt - startedAt, rowsPerSecond: (recordCount - firstRows) / seconds };
}
