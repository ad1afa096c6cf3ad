import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { localOptions, openLocalStack } from '#local';
import { type BenchContext, benchDeclarations } from './context.ts';
import { measureLatency } from './latency.ts';
import { residentMb, run } from './processes.ts';
import { measureBatchProduce, measureSingleProduce } from './produce.ts';
import { type Line, toTable } from './report.ts';
import { measureStart } from './start.ts';

/** What `npm run bench -- NAME…` measures; all of it when nothing is named. */
const measurements = {
  memory: async (context: BenchContext) => [await measureIdleMemory(context)],
  single: async (context: BenchContext) => [await measureSingleProduce(context)],
  batch: async (context: BenchContext) => [await measureBatchProduce(context)],
  latency: measureLatency,
  start: async () => [await measureStart()],
} satisfies Record<string, (context: BenchContext) => Promise<readonly Line[]>>;

/** A gateway on a real Kafka, each in processes of their own; both are ended afterwards. */
async function withGateway(use: (context: BenchContext) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  const stack = await openLocalStack({
    ...localOptions.parse({ dataDir: join(folder, 'data'), ports: { kafka: 0 } }),
    env: process.env,
    flink: false,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    onProgress: () => undefined,
    signal: AbortSignal.timeout(120_000),
  });
  try {
    await writeFile(join(folder, 'bench.graphql'), benchDeclarations);
    const brokers = stack.endpoints.kafkaBrokers;
    const args = ['--max-semi-space-size=8', 'bin/sluice.js', '--schema', folder, '--port', '0'];
    await using gateway = await run(args, /https?:\/\/\S+\/graphql/, { KAFKA_BROKERS: brokers });
    await use({ gatewayUrl: gateway.found, gatewayPid: gateway.pid, brokers, topic: 'bench_clicks' });
  } finally {
    await stack.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Resident memory of a gateway that nobody uses. The target is in absolute terms. */
async function measureIdleMemory({ gatewayPid }: BenchContext): Promise<Line> {
  // Until what the start allocated has been returned.
  await delay(5000);
  return {
    what: 'resident memory of an idle gateway',
    unit: 'MB',
    sluice: await residentMb(gatewayPid),
    baseline: 150,
    baselineIs: 'the limit',
    compared: 'ratio',
    target: { atMost: 1 },
  };
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(measurements, name));
if (unknown.length > 0) {
  process.stderr.write(`Unknown: ${unknown.join(', ')}. There are: ${Object.keys(measurements).join(', ')}.\n`);
  process.exit(2);
}
const lines: Line[] = [];
await withGateway(async (context) => {
  for (const [name, measure] of Object.entries(measurements)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    process.stderr.write(`measuring ${name} …\n`);
    lines.push(...(await measure(context)));
  }
});
process.stdout.write(`\n${toTable(lines)}\n\n${JSON.stringify(lines)}\n`);
