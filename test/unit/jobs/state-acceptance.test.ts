import { describe, expect, test } from 'vitest';
import type { Cause } from '../../../src/flink/fault.ts';
import type { ListedJob } from '../../../src/flink/job-manager.ts';
import { awaitAcceptance } from '../../../src/jobs/state-acceptance.ts';

const job: ListedJob = {
  id: 'a',
  name: 'counts',
  state: 'RUNNING',
  startedAtMs: 1,
  endedAtMs: null,
  view: null,
  sql: null,
  labels: {},
  tasks: 2,
  runningTasks: 0,
  hash: null,
  isYoung: false,
};
/** As Flink 2.3.0 told it of an AVG over another key, started from the savepoint of a COUNT. */
const migration: readonly Cause[] = [
  { type: 'java.lang.Exception', message: 'Exception while creating StreamOperatorStateContext.' },
  {
    type: 'org.apache.flink.util.StateMigrationException',
    message: 'The new key serializer must be compatible with the previous key serializer.',
  },
];

/** Answers one after the other; the last again and again. */
function told<T>(...answers: readonly [T, ...T[]]): () => Promise<T> {
  let count = 0;
  return async () => answers[Math.min(count++, answers.length - 1)] ?? answers[0];
}

function ask(jobs: () => Promise<readonly ListedJob[]>, failureOf: () => Promise<readonly Cause[]>, timeoutMs = 5_000) {
  return awaitAcceptance('a', { jobManager: { jobs }, jobControl: { failureOf }, timeoutMs });
}

describe('the state that a job is started from', () => {
  test('is accepted when all tasks run, or have run', async () => {
    const jobs = told<readonly ListedJob[]>([], [job], [{ ...job, runningTasks: 2 }]);
    expect(await ask(jobs, told<readonly Cause[]>([]))).toEqual({ kind: 'ACCEPTED' });
    const finished = told([{ ...job, state: 'FINISHED' as const }]);
    expect(await ask(finished, told<readonly Cause[]>([]))).toEqual({ kind: 'ACCEPTED' });
  });

  test('is refused when a task cannot open it, which Flink tells some moments later', async () => {
    const jobs = told([{ ...job, state: 'RESTARTING' as const }]);
    expect(await ask(jobs, told<readonly Cause[]>([], migration))).toEqual({
      kind: 'REFUSED',
      reason: 'The new key serializer must be compatible with the previous key serializer.',
    });
  });

  test('is not to blame for other failures, nor for slots that are missing', async () => {
    const failed = told([{ ...job, state: 'FAILING' as const }]);
    const causes: readonly Cause[] = [{ type: 'java.lang.ArithmeticException', message: '/ by zero' }];
    expect(await ask(failed, told(causes))).toEqual({ kind: 'UNKNOWN', reason: '/ by zero' });
    expect(await ask(told([job]), told<readonly Cause[]>([]), 0)).toMatchObject({ kind: 'UNKNOWN' });
  });
});
