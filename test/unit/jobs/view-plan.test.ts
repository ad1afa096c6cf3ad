import { describe, expect, test } from 'vitest';
import type { ListedJob } from '../../../src/flink/job-manager.ts';
import { planView } from '../../../src/jobs/view-plan.ts';

function job(id: string, parts: Partial<ListedJob> = {}): ListedJob {
  return {
    id,
    name: 'top_users',
    state: 'RUNNING',
    startedAtMs: 1,
    endedAtMs: null,
    view: 'top_users',
    sql: null,
    labels: {},
    hash: 'new',
    isYoung: false,
    runningTasks: 1,
    tasks: 1,
    ...parts,
  };
}

const first = { view: 'top_users', hash: 'new', knownJobId: null, run: 'ALWAYS', isWanted: true } as const;
const watched = { ...first, knownJobId: 'a' };

describe('the plan for a view', () => {
  test('starts it when there is no job of it', () => {
    const plan = planView(first, [job('x', { view: 'other_view' }), job('y', { view: null, hash: null })]);
    expect(plan).toEqual({ action: 'START', predecessor: null, replaces: [] });
  });

  test('keeps a job of the same hash, in whatever state it lives', () => {
    for (const state of ['INITIALIZING', 'CREATED', 'RUNNING', 'RESTARTING', 'FAILING'] as const) {
      const found = job('a', { state });
      expect(planView(first, [found])).toEqual({ action: 'KEEP', job: found, surplus: [] });
    }
  });

  test('keeps the oldest of several and calls the others surplus, however they are listed', () => {
    const [old, young] = [job('b', { startedAtMs: 1 }), job('a', { startedAtMs: 2 })];
    expect(planView(first, [young, old])).toEqual({ action: 'KEEP', job: old, surplus: [young] });
  });

  test('replaces a job of another hash', () => {
    const old = job('a', { hash: 'old' });
    expect(planView(first, [old])).toEqual({ action: 'START', predecessor: old, replaces: [old] });
  });

  test('starts after one that has ended, in the line of the newest', () => {
    const [older, newer] = [
      job('a', { state: 'FAILED', startedAtMs: 1 }),
      job('b', { state: 'CANCELED', hash: 'old', startedAtMs: 2 }),
    ];
    expect(planView(first, [newer, older])).toEqual({ action: 'START', predecessor: newer, replaces: [] });
  });

  test('waits for a job of it that is being cancelled', () => {
    const ending = job('a', { state: 'CANCELLING' });
    expect(planView(first, [ending])).toEqual({ action: 'WAIT', job: ending });
  });

  test('starts it again when its job has failed or Flink has lost it', () => {
    const failed = job('a', { state: 'FAILED' });
    expect(planView(watched, [failed])).toEqual({ action: 'START', predecessor: failed, replaces: [] });
    expect(planView(watched, [])).toEqual({ action: 'START', predecessor: null, replaces: [] });
  });

  test('leaves it when somebody has cancelled, stopped or replaced its job', () => {
    expect(planView(watched, [job('a', { state: 'CANCELED' })]).action).toBe('LEAVE');
    expect(planView(watched, [job('a', { state: 'FINISHED' })]).action).toBe('LEAVE');
    expect(planView(watched, [job('b', { hash: 'newer' })]).action).toBe('LEAVE');
  });

  test('leaves an on-demand view alone while nobody reads it, and keeps a job of it that runs', () => {
    const unread = { ...first, run: 'ON_DEMAND', isWanted: false } as const;
    expect(planView(unread, [])).toEqual({ action: 'IDLE', others: [] });
    const old = job('a', { hash: 'old' });
    expect(planView(unread, [old])).toEqual({ action: 'IDLE', others: [old] });
    expect(planView(unread, [job('a')]).action).toBe('KEEP');
  });

  test('starts an on-demand view again that is read here and that another gateway has stopped', () => {
    const stopped = job('a', { state: 'FINISHED' });
    const read = { ...watched, run: 'ON_DEMAND' } as const;
    expect(planView(read, [stopped])).toEqual({ action: 'START', predecessor: stopped, replaces: [] });
    expect(planView(read, [job('a', { state: 'CANCELED' })]).action).toBe('LEAVE');
  });

  test('knows the job just started by its id, before Flink tells its labels', () => {
    const young = job('a', { view: null, hash: null, isYoung: true });
    expect(planView(watched, [young])).toEqual({ action: 'KEEP', job: young, surplus: [] });
  });

  test('waits for the labels of a young job of its name, but not for those of any other', () => {
    const young = job('b', { view: null, hash: null, isYoung: true });
    expect(planView(first, [young])).toEqual({ action: 'WAIT', job: young });
    expect(planView(first, [{ ...young, isYoung: false }]).action).toBe('START');
    expect(planView(first, [{ ...young, name: 'other_view' }]).action).toBe('START');
    // Also of one that came and went: the next job's id comes of it.
    expect(planView(first, [{ ...young, state: 'FINISHED' }]).action).toBe('WAIT');
    expect(planView(first, [{ ...young, state: 'FAILED', isYoung: false }]).action).toBe('START');
  });
});
