import { describe, expect, test } from 'vitest';
import type { ListedJob } from '../../../src/flink/job-manager.ts';
import { type NamedSubmission, planSubmission } from '../../../src/jobs/submission-plan.ts';

const wanted: NamedSubmission = { name: 'counts', hash: 'new', replace: false, idempotencyKey: null };

function jobOf(parts: Partial<ListedJob> & { readonly key?: string }): ListedJob {
  const { key, ...job } = parts;
  return {
    id: 'a',
    name: 'counts',
    state: 'RUNNING',
    startedAtMs: 1,
    endedAtMs: null,
    view: null,
    sql: 'INSERT …',
    labels: { 'sluice.job': 'counts', ...(key && { 'sluice.key': key }) },
    tasks: 1,
    runningTasks: 1,
    hash: 'new',
    isYoung: false,
    ...job,
  };
}

describe('a submission', () => {
  test('starts when no job of its name runs, after the newest that ran', () => {
    expect(planSubmission(wanted, [])).toEqual({ action: 'START', predecessor: null });
    const [old, newer] = [jobOf({ state: 'FINISHED' }), jobOf({ id: 'b', state: 'FAILED', startedAtMs: 2 })];
    expect(planSubmission(wanted, [old, newer])).toEqual({ action: 'START', predecessor: newer });
    const foreign = jobOf({ labels: {}, hash: null });
    expect(planSubmission(wanted, [foreign])).toEqual({ action: 'START', predecessor: null });
  });

  test('is the job that runs when it is the same', () => {
    const job = jobOf({ state: 'RESTARTING' });
    expect(planSubmission({ ...wanted, replace: true }, [job])).toEqual({ action: 'RETURN', job });
  });

  test('is a conflict when another of its name runs, or replaces it', () => {
    const job = jobOf({ hash: 'old' });
    expect(() => planSubmission(wanted, [job])).toThrow(
      expect.objectContaining({ code: 'CONFLICT', details: { jobId: 'a', sql: 'INSERT …' } }),
    );
    expect(planSubmission({ ...wanted, replace: true }, [job])).toEqual({ action: 'REPLACE', job });
  });

  test('is the job of its key, even one that has ended', () => {
    const job = jobOf({ state: 'FINISHED', key: 'k' });
    const keyed = { ...wanted, idempotencyKey: 'k' };
    expect(planSubmission(keyed, [job])).toEqual({ action: 'RETURN', job });
    expect(() => planSubmission({ ...keyed, hash: 'other' }, [job])).toThrow(/idempotency key "k"/);
  });

  test('waits for a job that does not say yet what it computes, and for one that is just ending', () => {
    const young = jobOf({ labels: {}, hash: null, isYoung: true });
    expect(planSubmission(wanted, [young])).toEqual({ action: 'WAIT', job: young });
    const ending = jobOf({ state: 'CANCELLING' });
    expect(planSubmission(wanted, [ending])).toEqual({ action: 'WAIT', job: ending });
    const failed = jobOf({ labels: {}, hash: null, isYoung: false, state: 'FAILED' });
    expect(planSubmission(wanted, [failed])).toEqual({ action: 'START', predecessor: null });
  });
});
