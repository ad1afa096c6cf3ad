import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { type Config, loadConfig, printHelp } from '#config';
import { type codes, messageOf, SluiceError } from '#errors';
import { cleanLocalData } from '#local';
import { loadModel } from '#model';
import { type ClusterContext, openClusters } from './clusters.ts';
import { forgetCursorKey } from './cursor-secrets.ts';
import { requireFreePort } from './free-port.ts';
import type { Gateway } from './gateway.ts';
import { printStarted, showProgress } from './terminal.ts';

/** Exit codes: what the user wrote is wrong; anything else. */
const badInput = 2;
const otherFault = 1;

/** The `sluice` command. Resolves with its exit code. */
async function main(): Promise<number> {
  const config = loadConfig(process.env, process.argv.slice(2));
  switch (config.command) {
    case 'help':
      print(printHelp());
      return 0;
    case 'version':
      print(await ownVersion());
      return 0;
    case 'clean':
      await clean(config);
      return 0;
    case 'start':
      await serve(config);
      return 0;
    default: {
      const { runCommand } = await import('./commands.ts');
      // What they print is the answer; what they log goes beside it.
      const logger = await createLogger({ log: { level: 'warn', format: 'pretty' } });
      return await runCommand(config.command, config, { env: process.env, logger, print });
    }
  }
}

/** Forgets the local stack's data and the key of the cursors into it. */
async function clean({ dataDir }: Config): Promise<void> {
  const wasThere = await cleanLocalData(dataDir);
  await forgetCursorKey(dataDir);
  print(wasThere ? `Forgot what was in ${dataDir}.` : `There is nothing in ${dataDir}.`);
}

/** Serves until a signal comes, or until a part is gone for good. */
async function serve(config: Config): Promise<void> {
  const logger = await createLogger(config);
  const stop = listenForStop();
  const progress = showProgress();
  const gateway = await open(config, {
    env: process.env,
    logger,
    onProgress: progress.show,
    signal: stop.signal,
  }).finally(() => progress.end());
  printStarted(gateway, config);
  if (gateway.clusters.areLocal) {
    void gateway.clusters.flinkReady.then((isReady) => isReady && print('  Flink answers: the views start.\n'));
  }
  const failure = await Promise.race([stop.asked, gateway.clusters.failed]);
  if (failure) logger.error({ err: failure }, failure.message);
  else print(`\nStopping${gateway.clusters.areLocal ? ': jobs write savepoints' : ''}. Ctrl-C again stops at once.`);
  await gateway.close();
  if (failure) throw failure;
}

/** Checks the declarations, then loads the gateway's own code while the JVMs start: each takes seconds. */
async function open(config: Config, context: Omit<ClusterContext, 'model'>): Promise<Gateway> {
  const model = await loadModel(config.schemaDir);
  await requireFreePort(config.server);
  const [clusters, { openGateway }] = await Promise.all([
    openClusters(config, { ...context, model }),
    import('./gateway.ts'),
  ]);
  return openGateway(config, { ...context, model, clusters });
}

/** The first SIGINT, SIGTERM or SIGHUP (the terminal was closed) asks to stop; the second does not wait. */
function listenForStop(): { readonly signal: AbortSignal; readonly asked: Promise<null> } {
  const controller = new AbortController();
  const asked = Promise.withResolvers<null>();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(otherFault);
    controller.abort(new SluiceError('SHUTTING_DOWN', 'Stopped while starting.'));
    asked.resolve(null);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('SIGHUP', onSignal);
  return { signal: controller.signal, asked: asked.promise };
}

/** Pretty lines are made in this thread: pino's way of making them in another costs 20 MB. */
async function createLogger({ log }: Pick<Config, 'log'>): Promise<Logger> {
  const options = { level: log.level, base: null };
  if (log.format === 'json') return pino(options);
  const { default: pretty } = await import('pino-pretty');
  return pino(options, pretty({ ignore: 'pid,hostname', destination: 2, sync: true }));
}

async function ownVersion(): Promise<string> {
  const text = await readFile(join(import.meta.dirname, '../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** What ends the command: a fault that the user can mend is told without a stack. */
function report(thrown: unknown): number {
  const isForeseen = thrown instanceof SluiceError && thrown.code !== 'INTERNAL';
  const text = isForeseen
    ? thrown.message
    : thrown instanceof Error
      ? (thrown.stack ?? thrown.message)
      : messageOf(thrown);
  process.stderr.write(`\n${text}\n`);
  if (!(thrown instanceof SluiceError)) return otherFault;
  const isInput: readonly (keyof typeof codes)[] = ['BAD_DECLARATION', 'BAD_CONFIG'];
  return isInput.includes(thrown.code) ? badInput : otherFault;
}

try {
  process.exit(await main());
} catch (error) {
  process.exit(report(error));
}
