import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { inject } from 'vitest';
import { loadConfig } from '#config';
import { loadModel } from '#model';
import { openClusters } from '../../src/clusters.ts';
import { type Gateway, openGateway } from '../../src/gateway.ts';

const root = join(import.meta.dirname, '../..');

/** A process of the gateway, from its first moment. */
export interface GatewayRun extends AsyncDisposable {
  readonly pid: number;
  /** Its exit code, when it has ended; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** What it printed so far. */
  output(): string;
  /** Resolves when it has printed a line that fits; rejects when it ends before that. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  send(signal: NodeJS.Signals): void;
}

/** A gateway that serves, as a process of its own, as in production. */
export interface GatewayProcess extends GatewayRun {
  /** Of the API, over HTTP. */
  readonly url: string;
  /** Of the API, over WebSocket. */
  readonly webSocketUrl: string;
  /** Ends it like a power cut would. */
  kill(): Promise<void>;
  /** Ends it politely; resolves with its exit code. */
  stop(): Promise<number | null>;
}

/** Existing clusters that a gateway is told to use. */
interface GatewayClusters {
  /** `host:port` */
  readonly kafka: string;
  /** `http://host:port`; without the two of them the gateway has no Flink. */
  readonly flinkRest?: string;
  readonly sqlGateway?: string;
}

/** How to start a gateway. */
export interface GatewaySettings {
  /** Folder with the declarations. */
  readonly schema: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Those that the test run shares when absent; 'local': the gateway starts its own. */
  readonly clusters?: GatewayClusters | 'local';
  /** The data folder, which the caller deletes; one of its own when absent. */
  readonly data?: string;
}

/** Starts a gateway and waits until it serves. */
export async function startGateway(settings: GatewaySettings): Promise<GatewayProcess> {
  const run = await spawnGateway(settings);
  await using unlessServing = new AsyncDisposableStack();
  unlessServing.use(run);
  const [url] = await run.printed(/https?:\/\/\S+\/graphql/);
  unlessServing.move();
  const end = (signal: NodeJS.Signals) => {
    run.send(signal);
    return run.exited;
  };
  return {
    ...run,
    url,
    webSocketUrl: url.replace('http', 'ws'),
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  };
}

/** A gateway in this process, whose insides can be looked at. */
export interface OwnGateway extends AsyncDisposable {
  readonly url: string;
  readonly webSocketUrl: string;
  readonly counters: Gateway['counters'];
}

/** Opens a gateway in the test's own process. */
export async function openOwnGateway({ schema, clusters, env = {} }: GatewaySettings): Promise<OwnGateway> {
  const environment = { ...environmentOf(clusters ?? inject('endpoints')), ...env };
  const config = loadConfig(environment, ['--port', '0', '--schema', schema]);
  const logger = pino({ level: 'silent' });
  const model = await loadModel(schema);
  const context = { env: environment, logger, onProgress: () => undefined, signal: new AbortController().signal };
  const gateway = await openGateway(config, {
    ...context,
    model,
    clusters: await openClusters(config, { ...context, model }),
  });
  const { url, counters } = gateway;
  return { url, webSocketUrl: url.replace('http', 'ws'), counters, [Symbol.asyncDispose]: () => gateway.close() };
}

/** Starts a gateway that is expected to end by itself, and waits for that. */
export async function runGateway(
  settings: GatewaySettings,
): Promise<{ readonly code: number | null; readonly output: string }> {
  await using run = await spawnGateway(settings);
  return { code: await run.exited, output: run.output() };
}

/** Starts a gateway; disposing ends it. */
export async function spawnGateway(settings: GatewaySettings): Promise<GatewayRun> {
  const data = settings.data ?? (await mkdtemp(join(tmpdir(), 'sluice-gateway-')));
  const args = ['--port', '0', '--schema', settings.schema, '--data', data, '--no-demo', ...(settings.args ?? [])];
  const child = spawn(process.execPath, ['bin/sluice.js', ...args], {
    cwd: root,
    env: { ...foreignEnvironment(), ...environmentOf(settings.clusters ?? inject('endpoints')), ...settings.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const onPrinted = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      for (const look of onPrinted) look();
    });
  }
  // Later than 'exit': all output has come.
  const exited = once(child, 'close').then((): number | null => child.exitCode);
  const send = (signal: NodeJS.Signals) => void child.kill(signal);
  const printed = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(output);
        if (found) resolve(found);
      };
      onPrinted.add(look);
      look();
      exited.then((code) =>
        reject(new Error(`The gateway ended with ${code} before it printed ${pattern}:\n${output}`)),
      );
    });
  return {
    pid: child.pid ?? -1,
    exited,
    output: () => output,
    printed,
    send,
    async [Symbol.asyncDispose]() {
      send('SIGTERM');
      await exited;
      if (settings.data === undefined) await rm(data, { recursive: true, force: true });
    },
  };
}

function environmentOf(clusters: GatewayClusters | 'local'): NodeJS.ProcessEnv {
  // Few partitions of a test have records, and nobody wants to wait for the others.
  const settings = { SLUICE_SOURCE_IDLE_MS: '2000' };
  if (clusters === 'local') return settings;
  const { kafka, flinkRest, sqlGateway } = clusters;
  return { ...settings, KAFKA_BROKERS: kafka, FLINK_REST_URL: flinkRest, FLINK_SQL_GATEWAY_URL: sqlGateway };
}

/** The environment without what would configure the gateway: a test says itself what it sets. */
function foreignEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SLUICE_')));
}
