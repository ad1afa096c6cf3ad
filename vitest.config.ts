import { defineConfig } from 'vitest/config';
import { patience } from './test/support/patience.ts';

/**
 * One file at a time: their clusters share two cores. All files in one process, as loading the libraries anew for each
 * took a tenth of the time.
 */
function onRealProcesses(groupOrder: number) {
  return {
    fileParallelism: false,
    isolate: false,
    sequence: { groupOrder },
    globalSetup: 'test/support/stack.ts',
  } as const;
}

export default defineConfig({
  // As Node resolves it: libraries load the CommonJS build, and a second copy of graphql would not know their schemas.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    reporters: ['default', './test/support/closing-line.ts'],
    // What takes longer hangs, however slow the machine is. How long something may take is no matter of the tests.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: patience },
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
        },
      },
      // Its tests break what they use, so that what the integration tests use is not for them.
      { extends: true, test: { ...onRealProcesses(2), name: 'fault', include: ['test/fault/**/*.test.ts'] } },
    ],
  },
});
