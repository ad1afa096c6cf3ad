import { defineConfig } from 'vitest/config';

/** One file at a time: their clusters share two cores. What waits for longer than two minutes hangs. */
function onRealProcesses(groupOrder: number) {
  return { fileParallelism: false, sequence: { groupOrder }, testTimeout: 120_000, hookTimeout: 120_000 } as const;
}

export default defineConfig({
  // As Node resolves it: libraries load the CommonJS build, and a second copy of graphql would not know their schemas.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    reporters: ['default', './test/support/closing-line.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          // Loading the libraries anew for every file took longer than the tests: unit tests leave nothing behind.
          isolate: false,
          pool: 'threads',
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          ...onRealProcesses(1),
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/support/stack.ts'],
        },
      },
      // Its tests break their own Kafka, so that of the integration tests is not for them.
      { extends: true, test: { ...onRealProcesses(2), name: 'fault', include: ['test/fault/**/*.test.ts'] } },
    ],
  },
});
