import { afterEach, describe, expect, test, vi } from 'vitest';
import { JobManager } from '../../../src/flink/job-manager.ts';
import { RestClient } from '../../../src/flink/rest-client.ts';
import { fakeFlink } from './fake-flink.ts';

afterEach(() => vi.useRealTimers());

const jid = 'a'.repeat(32);

/** A JobManager that lists one job and, while `isTold` is false, an empty configuration of it. */
async function open(job: { readonly state: string; readonly duration: number; readonly tasks?: number }) {
  const flink = { isTold: false };
  const { state, duration, tasks = 1 } = job;
  const times = { 'start-time': 1, 'end-time': state === 'RUNNING' ? -1 : 1 + duration, duration };
  const listed = { jid, name: 'totals', state, ...times, tasks: { total: tasks, running: 0 } };
  const server = await fakeFlink(({ path }) =>
    path === '/jobs/overview'
      ? { body: { jobs: [listed] } }
      : { body: { 'execution-config': { 'user-config': flink.isTold ? { 'sluice.view': 'totals' } : {} } } },
  );
  const rest = new RestClient({ baseUrl: server.url, peer: 'Flink', timeoutMs: 5_000 });
  const jobManager = new JobManager(rest);
  vi.useFakeTimers({ toFake: ['performance'] });
  return {
    flink,
    look: async () => {
      const [found] = await jobManager.jobs();
      return { isYoung: found?.isYoung, view: found?.view };
    },
    /** How often its configuration was asked for. */
    asked: () => server.seen.filter(({ path }) => path.endsWith('/config')).length,
    async [Symbol.asyncDispose]() {
      await rest.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe('the labels of a job', () => {
  test('may still come when it has just started, or has come and gone', async () => {
    for (const state of ['RUNNING', 'FINISHED', 'FAILED']) {
      await using job = await open({ state, duration: 1_000 });
      expect(await job.look()).toEqual({ isYoung: true, view: null });
      job.flink.isTold = true;
      expect(await job.look()).toEqual({ isYoung: false, view: 'totals' });
      vi.useRealTimers();
    }
  });

  test('are waited for no longer than Flink takes to tell them, and asked for no more then', async () => {
    await using job = await open({ state: 'FINISHED', duration: 1_000 });
    expect(await job.look()).toEqual({ isYoung: true, view: null });
    vi.advanceTimersByTime(6_000);
    expect(await job.look()).toEqual({ isYoung: false, view: null });
    vi.advanceTimersByTime(6_001);
    await job.look();
    const asked = job.asked();
    await job.look();
    expect(job.asked()).toBe(asked);
  });

  test('never come of one that Flink could not initialise, nor of an old one without', async () => {
    await using stillborn = await open({ state: 'FAILED', duration: 10, tasks: 0 });
    expect(await stillborn.look()).toEqual({ isYoung: false, view: null });
    vi.useRealTimers();
    await using foreign = await open({ state: 'RUNNING', duration: 60_000 });
    expect(await foreign.look()).toEqual({ isYoung: false, view: null });
    await foreign.look();
    expect(foreign.asked()).toBe(1);
  });
});
