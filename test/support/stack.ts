/** Vitest's global set-up of the integration tests, and of the fault tests: one local stack for all tests of a lane. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { localOptions, openLocalStack } from '#local';
import { consoleLogger } from './console-logger.ts';

/** Where the tests find Kafka and Flink, by `inject('endpoints')`. */
export interface TestEndpoints {
  /** `host:port` */
  readonly kafka: string;
  /** `http://host:port` */
  readonly flinkRest: string;
  /** `http://host:port` */
  readonly sqlGateway: string;
  /** The stack's data folder. */
  readonly dataDir: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    endpoints: TestEndpoints;
  }
}

/**
 * Opens the stack on free ports, in a data folder of its own, and closes it after the last test. For a developer's
 * speed SLUICE_TEST_ENDPOINTS may name one that runs already, as the JSON text of {@link TestEndpoints}; the fault tests,
 * which kill what they are given, never take that.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const running = process.env.SLUICE_TEST_ENDPOINTS;
  if (running && project.name !== 'fault') {
    project.provide('endpoints', JSON.parse(running) as TestEndpoints);
    return async () => {};
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  const stack = await openLocalStack({
    ...localOptions.parse({ dataDir, ports: { kafka: 0, flinkRest: 0, sqlGateway: 0 } }),
    env: process.env,
    flink: true,
    flinkFormats: true,
    logger: consoleLogger,
    onProgress: ({ step, text }) => {
      if (step === 'ready') console.log(`${text}; data and logs: ${dataDir}`);
    },
    signal: AbortSignal.timeout(600_000),
  });
  await stack.flinkReady;
  const { kafkaBrokers, flinkRest, sqlGateway } = stack.endpoints;
  project.provide('endpoints', {
    kafka: kafkaBrokers,
    flinkRest: flinkRest ?? '',
    sqlGateway: sqlGateway ?? '',
    dataDir: stack.dataDir,
  });
  return async () => {
    await stack.close();
    await rm(dataDir, { recursive: true, force: true });
  };
}
