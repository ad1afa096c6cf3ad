import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { type FlinkClusters, type FlinkContext, openFlinkGateway } from './flink-context.ts';
import { type Line, quantile } from './report.ts';

const jobCount = 20;
const calls = 500;
const warmUpCalls = 100;
const watcherCount = 1_000;
const watchersASocket = 50;
/** After the first pages, until the watching is calm; then how long requests are counted. */
const calmAfterMs = 3_000;
const countedMs = 20_000;
const startWithinMs = 60_000;

/** The list of the jobs against Flink's own, and what watching them costs Flink. */
export async function measureJobs(context: FlinkContext): Promise<readonly Line[]> {
  await startJobs(context);
  const query = JSON.stringify({ query: '{ jobs { nodes { id name state } } }' });
  const headers = { 'content-type': 'application/json' };
  const sluice = () => timed(() => fetch(context.gatewayUrl, { method: 'POST', headers, body: query }));
  const raw = () => timed(() => fetch(`${context.flinkRest}/jobs/overview`));
  const times = { sluice: [] as number[], raw: [] as number[] };
  for (let call = -warmUpCalls; call < calls; call += 1) {
    // In turns, so that whatever else the machine does befalls both.
    const [ofSluice, ofFlink] = [await sluice(), await raw()];
    if (call < 0) continue;
    times.sluice.push(ofSluice);
    times.raw.push(ofFlink);
  }
  const line = (name: string, share: number): Line => ({
    what: `query of ${jobCount} jobs, ${name}`,
    unit: 'ms',
    sluice: quantile(times.sluice, share),
    baseline: quantile(times.raw, share),
    baselineIs: 'GET /jobs/overview',
    compared: 'ratio',
  });
  return [line('p50', 0.5), line('p99', 0.99), await measureWatching(context)];
}

async function timed(call: () => Promise<Response>): Promise<number> {
  const startedAt = performance.now();
  const answer = await call();
  const text = await answer.text();
  if (!answer.ok || text.includes('"errors"')) throw new Error(`Unexpected answer: ${text.slice(0, 500)}`);
  return performance.now() - startedAt;
}

/** Requests to the JobManager while nothing changes, by a gateway of its own. */
async function measureWatching(context: FlinkContext): Promise<Line> {
  await using proxy = await countRequests(context.flinkRest);
  await using gateway = await openFlinkGateway({ ...context, flinkRest: proxy.url });
  const requestsWith = async (watchers: number) => {
    await using _watching = await watchJobs(gateway.found.replace('http', 'ws'), watchers);
    await delay(calmAfterMs);
    const before = proxy.count;
    await delay(countedMs);
    return (proxy.count - before) / (countedMs / 1000);
  };
  const ofNobody = await requestsWith(0);
  const baseline = await requestsWith(1);
  return {
    what: `requests to Flink with ${watcherCount} subscriptions to jobs`,
    unit: 'requests/s',
    sluice: await requestsWith(watcherCount),
    baseline,
    baselineIs: 'one subscription',
    compared: 'ratio',
    // One more or less falls into the window by chance.
    target: { atMost: 1.1 },
    note: `${ofNobody.toFixed(1)} requests/s with none`,
  };
}

/** Opens subscriptions and waits until each has its first page. */
async function watchJobs(url: string, count: number): Promise<AsyncDisposable> {
  const clients = Array.from({ length: Math.ceil(count / watchersASocket) }, () =>
    createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 }),
  );
  const watching = Array.from({ length: count }, (_, index) => {
    const pages = clients[index % clients.length]?.iterate({ query: 'subscription { jobs { nodes { id state } } }' });
    return pages?.next();
  });
  await Promise.all(watching);
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.dispose()));
    },
  };
}

/** An address that stands for Flink's and counts what goes there. */
async function countRequests(
  target: string,
): Promise<AsyncDisposable & { readonly url: string; readonly count: number }> {
  let count = 0;
  const { hostname, port } = new URL(target);
  const server = createServer((request, response) => {
    count += 1;
    const { method, url: path, headers } = request;
    const onward = forward({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: ownPort } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${ownPort}`,
    get count() {
      return count;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Starts jobs that do next to nothing, and waits until all run. */
async function startJobs({ sqlGateway, flinkRest }: FlinkClusters): Promise<void> {
  const post = async (path: string, body: object) => {
    const answer = await fetch(`${sqlGateway}/v2${path}`, { method: 'POST', body: JSON.stringify(body) });
    return (await answer.json()) as { readonly sessionHandle: string; readonly operationHandle: string };
  };
  const { sessionHandle } = await post('/sessions', { properties: {} });
  const statements = [
    "CREATE TEMPORARY TABLE numbers (n INT) WITH ('connector' = 'datagen', 'rows-per-second' = '1')",
    "CREATE TEMPORARY TABLE nowhere (n INT) WITH ('connector' = 'blackhole')",
    ...Array.from({ length: jobCount }, () => 'INSERT INTO nowhere SELECT n FROM numbers'),
  ];
  // The session runs them one after the other.
  for (const statement of statements) await post(`/sessions/${sessionHandle}/statements`, { statement });
  const signal = AbortSignal.timeout(startWithinMs);
  for (;;) {
    const answer = await fetch(`${flinkRest}/jobs/overview`, { signal });
    const { jobs } = (await answer.json()) as {
      jobs: readonly { readonly tasks: { running: number; total: number } }[];
    };
    if (jobs.filter(({ tasks }) => tasks.total > 0 && tasks.running === tasks.total).length >= jobCount) return;
    await delay(200);
  }
}
