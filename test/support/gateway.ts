import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** A gateway running as a process of its own, as in production. */
export interface GatewayProcess extends AsyncDisposable {
  /** Of the API, over HTTP. */
  readonly url: string;
  /** Of the API, over WebSocket. */
  readonly webSocketUrl: string;
  readonly pid: number;
  /** What it printed so far. */
  output(): string;
  /** Ends it like a power cut would. */
  kill(): Promise<void>;
  /** Ends it politely; resolves with its exit code. */
  stop(): Promise<number | null>;
}

/** How to start a gateway. */
export interface GatewaySettings {
  /** Folder with the declarations. */
  readonly schema: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a gateway on the shared Kafka and Flink of the test run and waits until it serves. */
export async function startGateway(settings: GatewaySettings): Promise<GatewayProcess> {
  const data = await mkdtemp(join(tmpdir(), 'sluice-gateway-'));
  const { kafka, flinkRest, sqlGateway } = inject('endpoints');
  const child = spawn(
    process.execPath,
    ['src/main.ts', '--port', '0', '--schema', settings.schema, '--data', data, '--no-demo', ...(settings.args ?? [])],
    {
      cwd: root,
      env: {
        ...foreignEnvironment(),
        KAFKA_BROKERS: kafka,
        FLINK_REST_URL: flinkRest,
        FLINK_SQL_GATEWAY_URL: sqlGateway,
        ...settings.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const exited = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const served = /https?:\/\/\S+\/graphql/.exec(output)?.[0];
      if (served) resolve(served);
    });
    exited.then(([code]) => reject(new Error(`The gateway ended with ${code} before it served:\n${output}`)));
  });
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
    return child.exitCode;
  };
  return {
    url,
    webSocketUrl: url.replace('http', 'ws'),
    pid: child.pid ?? -1,
    output: () => output,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    async [Symbol.asyncDispose]() {
      await end('SIGTERM');
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** The environment without what would configure the gateway: a test says itself what it sets. */
function foreignEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SLUICE_')));
}
