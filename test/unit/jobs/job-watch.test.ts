import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ListedJob } from '../../../src/flink/job-manager.ts';
import { type JobChanges, JobWatch } from '../../../src/jobs/job-watch.ts';

function job(id: string, state: ListedJob['state'] = 'RUNNING'): ListedJob {
  const times = { startedAtMs: 1, endedAtMs: null };
  const own = { view: null, sql: null, labels: {}, hash: null, isYoung: false };
  return { id, name: id, state, ...times, ...own, tasks: 1, runningTasks: state === 'RUNNING' ? 1 : 0 };
}

/** A JobManager whose jobs a test changes. */
class FakeJobs {
  jobs: readonly ListedJob[] = [];
  isAway = false;
  asked = 0;

  readonly list = async () => {
    this.asked += 1;
    if (this.isAway) throw new Error('The JobManager is away.');
    return this.jobs;
  };

  watch(): JobWatch {
    return new JobWatch({ list: this.list, retryMaxMs: 5_000 });
  }
}

/** Follows all jobs, and notes each page as `operation id state`. */
function follow(watch: JobWatch, fits: (one: ListedJob) => boolean = () => true) {
  const leaving = new AbortController();
  const pages: (readonly string[])[] = [];
  const toLines = ({ changes, error }: JobChanges) =>
    error ? [error] : changes.map(({ operation, job: { id, state } }) => `${operation} ${id} ${state}`);
  const running = (async () => {
    for await (const page of watch.follow({ fits, signal: leaving.signal })) pages.push(toLines(page));
  })();
  return {
    pages,
    async leave() {
      leaving.abort();
      await running;
    },
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('those who watch jobs', () => {
  it('get the present ones at once, then what changes, comes and goes', async () => {
    const fake = new FakeJobs();
    fake.jobs = [job('a'), job('b', 'CREATED')];
    const one = follow(fake.watch());
    await vi.advanceTimersByTimeAsync(0);
    expect(one.pages).toEqual([['UPSERT a RUNNING', 'UPSERT b CREATED']]);
    fake.jobs = [job('c', 'INITIALIZING'), job('b')];
    await vi.advanceTimersByTimeAsync(1_000);
    expect(one.pages.slice(1)).toEqual([['UPSERT c INITIALIZING', 'UPSERT b RUNNING', 'DELETE a RUNNING']]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(one.pages).toHaveLength(2);
    await one.leave();
  });

  it('get an empty first page when there are none, and see jobs go that do not fit any more', async () => {
    const fake = new FakeJobs();
    const one = follow(fake.watch(), ({ state }) => state === 'RUNNING');
    await vi.advanceTimersByTimeAsync(0);
    expect(one.pages).toEqual([[]]);
    fake.jobs = [job('a')];
    await vi.advanceTimersByTimeAsync(1_000);
    fake.jobs = [job('a', 'FAILED')];
    await vi.advanceTimersByTimeAsync(1_000);
    expect(one.pages.slice(1)).toEqual([['UPSERT a RUNNING'], ['DELETE a RUNNING']]);
    await one.leave();
  });

  it('cost Flink as much when they are a thousand as one does, and nothing when they have left', async () => {
    const requestsOf = async (count: number) => {
      const fake = new FakeJobs();
      fake.jobs = [job('a')];
      const watch = fake.watch();
      const watchers = Array.from({ length: count }, () => follow(watch));
      await vi.advanceTimersByTimeAsync(30_000);
      expect(watchers.map(({ pages }) => pages)).toEqual(watchers.map(() => [['UPSERT a RUNNING']]));
      await Promise.all(watchers.map((one) => one.leave()));
      const { asked } = fake;
      await vi.advanceTimersByTimeAsync(30_000);
      expect(fake.asked).toBe(asked);
      return asked;
    };
    const ofOne = await requestsOf(1);
    expect(await requestsOf(1_000)).toBe(ofOne);
    expect(ofOne).toBeLessThan(40);
  });

  it('are asked for more often while something changes, and at once when something is done here', async () => {
    const fake = new FakeJobs();
    const watch = fake.watch();
    const one = follow(watch);
    await vi.advanceTimersByTimeAsync(60_000);
    const calm = fake.asked;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fake.asked - calm).toBe(1);
    watch.hurry();
    await vi.advanceTimersByTimeAsync(0);
    expect(fake.asked - calm).toBe(2);
    for (let step = 0; step < 4; step += 1) {
      fake.jobs = [job('a', step % 2 === 0 ? 'RUNNING' : 'RESTARTING')];
      await vi.advanceTimersByTimeAsync(375);
    }
    expect(fake.asked - calm).toBeGreaterThanOrEqual(6);
    await one.leave();
  });

  it('get the newest state only when they are slow, and everything that is still so', async () => {
    const fake = new FakeJobs();
    fake.jobs = [job('a', 'CREATED'), job('b')];
    const leaving = new AbortController();
    const pages = fake.watch().follow({ fits: () => true, signal: leaving.signal });
    await pages.next();
    // It waits for the next page, gets it, and does not come back for long.
    const second = pages.next();
    fake.jobs = [job('a'), job('b')];
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await second).value).toMatchObject({ changes: [{ job: { id: 'a', state: 'RUNNING' } }] });
    for (const state of ['FAILING', 'RESTARTING', 'RUNNING', 'CANCELED'] as const) {
      fake.jobs = [job('a', state)];
      await vi.advanceTimersByTimeAsync(2_000);
    }
    expect((await pages.next()).value).toMatchObject({
      changes: [
        { operation: 'UPSERT', job: { id: 'a', state: 'CANCELED' } },
        { operation: 'DELETE', job: { id: 'b' } },
      ],
      error: null,
    });
    leaving.abort();
    expect(await pages.next()).toMatchObject({ done: true });
  });

  it('are told once that Flink is away, and what has changed when it is back', async () => {
    const fake = new FakeJobs();
    fake.jobs = [job('a')];
    const one = follow(fake.watch());
    await vi.advanceTimersByTimeAsync(0);
    fake.isAway = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(one.pages.slice(1)).toEqual([['The JobManager is away.']]);
    fake.isAway = false;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(one.pages.slice(2)).toEqual([[]]);
    await one.leave();
  });

  it('that join others get their first page without a question to Flink', async () => {
    const fake = new FakeJobs();
    fake.jobs = [job('a')];
    const watch = fake.watch();
    const first = follow(watch);
    await vi.advanceTimersByTimeAsync(0);
    const second = follow(watch);
    await vi.advanceTimersByTimeAsync(0);
    expect(second.pages).toEqual([['UPSERT a RUNNING']]);
    expect(fake.asked).toBe(1);
    await Promise.all([first.leave(), second.leave()]);
  });

  it('that come when all others have just left begin anew', async () => {
    const fake = new FakeJobs();
    const watch = fake.watch();
    const first = follow(watch);
    await vi.advanceTimersByTimeAsync(0);
    const left = first.leave();
    fake.jobs = [job('a')];
    const second = follow(watch);
    await left;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(second.pages.at(-1)).toEqual(['UPSERT a RUNNING']);
    await second.leave();
  });
});
