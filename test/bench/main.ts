import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { localOptions, openLocalStack } from '#local';
import { measureAdHoc } from './ad-hoc.ts';
import { measureCodecs } from './codecs.ts';
import { type BenchContext, benchDeclarations, type GatewayContext } from './context.ts';
import { measureFanOut } from './fan-out.ts';
import { onFlink } from './flink-context.ts';
import { onGateway } from './gateway.ts';
import { measureIdleSubscriptions } from './idle.ts';
import { measureJobs } from './jobs.ts';
import { measureKeyed, measureNoMatch } from './keyed.ts';
import { measureLatency } from './latency.ts';
import { endChildren, endOrphans, residentMb } from './processes.ts';
import { measureBatchProduce, measureSingleProduce } from './produce.ts';
import { measureQuiet } from './quiet.ts';
import { measureReplay } from './replay.ts';
import { type Line, toTable } from './report.ts';
import { measureStart } from './start.ts';
import { measureSubmit } from './submit.ts';
import { measureOperations, measureSize } from './variants.ts';

/** What `npm run bench -- NAME…` measures; all of it when nothing is named. */
const measurements = {
  memory: onGateway(async (context) => [await measureIdleMemory(context)]),
  single: onGateway(async (context) => [await measureSingleProduce(context)]),
  batch: onGateway(async (context) => [await measureBatchProduce(context)]),
  latency: onGateway(measureLatency),
  fanout: onGateway(measureFanOut),
  quiet: onGateway(measureQuiet),
  operations: onGateway(measureOperations),
  size: onGateway(measureSize),
  keyed: onGateway(measureKeyed),
  nomatch: onGateway(measureNoMatch),
  replay: onGateway(measureReplay),
  jobs: onFlink(measureJobs),
  submit: onFlink(measureSubmit),
  idle: measureIdleSubscriptions,
  adhoc: onFlink(measureAdHoc),
  codecs: measureCodecs,
  start: async (context) => [await measureStart(context)],
} satisfies Record<string, (context: BenchContext) => Promise<readonly Line[]>>;

/** Ends what runs, newest first; filled as things are started. */
const open = new AsyncDisposableStack();
/** The JVMs of a gateway may be long in ending, most of all when they have only begun. */
const graceMs = 20_000;
const interruption = new AbortController();

/** A real Kafka for all measurements, and the declarations. */
async function openContext(): Promise<BenchContext> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  open.defer(async () => {
    await endOrphans(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  await writeFile(join(folder, 'bench.graphql'), benchDeclarations);
  const stack = await openLocalStack({
    ...localOptions.parse({ dataDir: join(folder, 'data'), ports: { kafka: 0 } }),
    env: process.env,
    flink: false,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    onProgress: () => undefined,
    signal: AbortSignal.any([interruption.signal, AbortSignal.timeout(120_000)]),
  });
  open.defer(() => stack.close());
  return {
    folder,
    brokers: stack.endpoints.kafkaBrokers,
    topic: 'bench_clicks',
    replayTopic: 'bench_visits',
    unreadTopic: 'bench_noise',
  };
}

/** Resident memory of a gateway that nobody uses. The target is in absolute terms. */
async function measureIdleMemory({ gateway }: GatewayContext): Promise<Line> {
  // Until what the start allocated has been returned.
  await delay(5000);
  return {
    what: 'resident memory of an idle gateway',
    unit: 'MB',
    sluice: await residentMb(gateway.pid),
    baseline: 150,
    baselineIs: 'the limit',
    compared: 'ratio',
    target: { atMost: 1 },
  };
}

/** Ends everything when this process is asked to end, or when whoever started it is gone without a word. */
function watchForTheEnd(): void {
  const leave = async () => {
    if (interruption.signal.aborted) return;
    interruption.abort();
    process.exitCode = 130;
    process.stderr.write('interrupted; ending what was started …\n');
    await endChildren(graceMs);
    await open.disposeAsync();
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, leave);
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && leave(), 1000).unref();
}

/** Runs the named measurements. One that fails costs its own lines. */
async function measureAll(names: readonly string[]): Promise<readonly Line[]> {
  const context = await openContext();
  const lines: Line[] = [];
  for (const [name, measure] of Object.entries(measurements)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const startedAt = performance.now();
    process.stderr.write(`measuring ${name} …\n`);
    try {
      lines.push(...(await measure(context)));
    } catch (error) {
      if (interruption.signal.aborted) return lines;
      process.stderr.write(`  ${name} failed: ${error instanceof Error ? error.stack : error}\n`);
      process.exitCode = 1;
    }
    process.stderr.write(`  ${name} took ${Math.round((performance.now() - startedAt) / 1000)} s\n`);
  }
  return lines;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(measurements, name));
if (unknown.length > 0) {
  process.stderr.write(`Unknown: ${unknown.join(', ')}. There are: ${Object.keys(measurements).join(', ')}.\n`);
  process.exit(2);
}
watchForTheEnd();
try {
  const lines = await measureAll(wanted);
  if (!interruption.signal.aborted) process.stdout.write(`\n${toTable(lines)}\n\n${JSON.stringify(lines)}\n`);
} finally {
  await endChildren(graceMs);
  await open.disposeAsync();
}
