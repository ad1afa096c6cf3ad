import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localOptions, openLocalStack } from '#local';

/** A Kafka of a test's own, which the test may break. */
export interface Broker extends AsyncDisposable {
  /** `host:port` */
  readonly address: string;
  /** Where it keeps the topics: a folder `<topic>-<partition>` for each partition. */
  readonly logDir: string;
  /**
   * Ends its process with a signal; resolves when it has been started again and answers. `whileItStands` runs before,
   * with the process stopped, so that nothing is written meanwhile but by the test.
   */
  restart(signal: NodeJS.Signals, whileItStands?: () => Promise<void>): Promise<void>;
}

/** Starts a Kafka on the port, or on a free one. */
export async function openBroker(port = 0): Promise<Broker> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sluice-broker-'));
  let onBack = () => {};
  const quiet = () => {};
  const stack = await openLocalStack({
    ...localOptions.parse({ dataDir, ports: { kafka: port } }),
    env: process.env,
    flink: false,
    logger: {
      debug: quiet,
      info: (_facts, message) => message === 'Kafka runs again.' && onBack(),
      warn: quiet,
      error: quiet,
    },
    onProgress: quiet,
    signal: AbortSignal.timeout(240_000),
  });
  return {
    address: stack.endpoints.kafkaBrokers,
    logDir: join(dataDir, 'kafka'),
    async restart(signal, whileItStands) {
      const back = new Promise<void>((resolve) => {
        onBack = resolve;
      });
      if (whileItStands) {
        for (const { pid } of stack.processes) process.kill(pid, 'SIGSTOP');
        await whileItStands();
      }
      for (const { pid } of stack.processes) process.kill(pid, signal);
      await back;
    },
    async [Symbol.asyncDispose]() {
      await stack.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
