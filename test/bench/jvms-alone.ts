import { localOptions, openLocalStack } from '#local';

// The baseline of the start: the same four JVMs, opened by a process of their own that does nothing else.
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const asked = new AbortController();
process.once('SIGTERM', () => asked.abort());
process.once('disconnect', () => asked.abort());
const stack = await openLocalStack({
  ...localOptions.parse({ dataDir: process.argv[2], ports: { kafka: 0, flinkRest: 0, sqlGateway: 0 } }),
  env: process.env,
  flink: true,
  logger,
  onProgress: () => undefined,
  signal: AbortSignal.any([asked.signal, AbortSignal.timeout(120_000)]),
});
await stack.flinkReady;
const close = async () => {
  await stack.close();
  process.exit(0);
};
if (asked.signal.aborted) await close();
else asked.signal.addEventListener('abort', close);
process.stdout.write('ready\n');
