import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { loadModel, sessionProperties, sessionStatements, toDdl } from '#model';
import type { FlinkContext } from './flink-context.ts';
import { type Line, median, quantile } from './report.ts';

const samples = 12;
/** Not counted: the first job of a JVM takes seconds. */
const warmUp = 3;
const pollMs = 5;
const sql = "INSERT INTO bench_clicks SELECT user_id, url, clicked_at FROM bench_clicks WHERE url = 'none'";
const byHandSql = sql.replace('INTO bench_clicks', 'INTO `sink`.`bench_clicks`');

/** A statement submitted until all tasks of its job run, against the same statement given to the SQL Gateway. In milliseconds. */
export async function measureSubmit(context: FlinkContext): Promise<readonly Line[]> {
  const byHand = await openSession(context);
  const times = { sluice: [] as number[], byHand: [] as number[] };
  for (let count = 0; count < samples + warmUp; count += 1) {
    const ways = [
      [times.sluice, () => submitByGraphql(context, `bench ${count}`)],
      [times.byHand, () => byHand(`by hand ${count}`)],
    ] as const;
    // Who is first in a round is not always the same.
    for (const [taken, submit] of count % 2 === 0 ? ways : ways.toReversed()) {
      const startedAt = performance.now();
      const id = await submit();
      await untilRunning(context, id);
      if (count >= warmUp) taken.push(performance.now() - startedAt);
      await endJob(context, id);
    }
  }
  return [
    {
      what: 'SQL submitted → job RUNNING, p50',
      unit: 'ms',
      sluice: median(times.sluice),
      baseline: median(times.byHand),
      baselineIs: 'the same statement given to the SQL Gateway, in a session with the same tables',
      compared: 'ratio',
      target: { atMost: 1.2 },
      note: `p90: ${Math.round(quantile(times.sluice, 0.9))} ms, by hand ${Math.round(quantile(times.byHand, 0.9))} ms; ${samples} submissions each`,
    },
  ];
}

async function submitByGraphql({ gatewayUrl }: FlinkContext, name: string): Promise<string> {
  const query = 'mutation ($input: SubmitJobInput!) { submitJob(input: $input) { job { id } } }';
  const answer = await send('POST', gatewayUrl, { query, variables: { input: { name, sql } } });
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  return String(answer.data.submitJob.job.id);
}

/** A session of the SQL Gateway with the tables that the gateway has; what it gives runs the statement as a job. */
async function openSession({ folder, brokers, sqlGateway }: FlinkContext): Promise<(name: string) => Promise<string>> {
  const model = await loadModel(join(folder, 'schema'));
  const properties = sessionProperties();
  const { sessionHandle } = await send('POST', `${sqlGateway}/v2/sessions`, { sessionName: 'by hand', properties });
  const session = `${sqlGateway}/v2/sessions/${sessionHandle}`;
  const tables = toDdl(model, { bootstrapServers: brokers }).flatMap(({ statements }) => statements);
  for (const statement of [...sessionStatements, ...tables]) {
    await send('POST', `${session}/configure-session`, { statement });
  }
  return async (name) => {
    const executionConfig = { 'pipeline.name': name, 'parallelism.default': '1' };
    const { operationHandle } = await send('POST', `${session}/statements`, { statement: byHandSql, executionConfig });
    for (;;) {
      const result = await send('GET', `${session}/operations/${operationHandle}/result/0?rowFormat=JSON`);
      if (result.resultType !== 'NOT_READY') return String(result.jobID);
      await delay(pollMs);
    }
  };
}

async function untilRunning({ flinkRest }: FlinkContext, id: string): Promise<void> {
  for (;;) {
    const { jobs } = await send('GET', `${flinkRest}/jobs/overview`);
    const found = jobs.find((job: { readonly jid: string }) => job.jid === id);
    if (found && found.tasks.total > 0 && found.tasks.running === found.tasks.total) return;
    await delay(pollMs);
  }
}

async function endJob({ flinkRest }: FlinkContext, id: string): Promise<void> {
  await send('PATCH', `${flinkRest}/jobs/${id}`);
  for (;;) {
    const { status } = await send('GET', `${flinkRest}/jobs/${id}/status`);
    if (status === 'CANCELED') return;
    await delay(pollMs);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: answers of any shape are looked into
async function send(method: 'GET' | 'POST' | 'PATCH', url: string, body?: unknown): Promise<any> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${text.slice(0, 500)}`);
  return text === '' ? {} : JSON.parse(text);
}
