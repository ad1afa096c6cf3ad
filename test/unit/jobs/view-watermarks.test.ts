import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { z } from 'zod';
import type { ViewStatus } from '../../../src/jobs/view-status.ts';
import { ViewWatermarks } from '../../../src/jobs/view-watermarks.ts';

const sinkName = 'counts[7]__Writer.currentInputWatermark';

/** The job of a view, as far as its watermark needs it; the clock is the test's. */
class FakeJob {
  id = 'a'.repeat(32);
  /** Of each subtask of the sink; null: it has not told it yet. */
  watermarks: readonly (number | null)[] = [1_000];
  /** When its newest completed checkpoint was triggered. */
  triggeredAtMs = 0;
  startedAtMs = 0;
  restartedAtMs = 0;
  scheduler: string | undefined = 'Default';
  state: ViewStatus['state'] = 'RUNNING';
  readonly asked: string[] = [];

  readonly request = async <T>(path: string, schema: z.ZodType<T>): Promise<T> => {
    this.asked.push(path);
    return schema.parse(this.#answer(path));
  };

  #answer(path: string): unknown {
    if (path.includes('/metrics')) {
      const told = this.watermarks.filter((one) => one !== null);
      const sum = told.reduce((all, one) => all + one, 0);
      return told.length === 0 ? [] : [{ id: sinkName, min: Math.min(...told), avg: sum / told.length, sum }];
    }
    if (path.endsWith('/checkpoints')) {
      const counts = { total: 1, completed: 1, failed: 0, in_progress: 0, restored: 0 };
      const times = { trigger_timestamp: this.triggeredAtMs, latest_ack_timestamp: this.triggeredAtMs + 1 };
      const completed = { id: 1, is_savepoint: false, ...times, state_size: 1, end_to_end_duration: 1 };
      return { counts, latest: { completed }, history: [] };
    }
    const counted = ['read-bytes', 'write-bytes', 'read-records', 'write-records'];
    const metrics = Object.fromEntries(
      counted.flatMap((name) => [
        [name, 0],
        [`${name}-complete`, false],
      ]),
    );
    const vertex = (id: string, name: string) => ({
      id,
      name,
      status: 'RUNNING',
      parallelism: this.watermarks.length,
      'start-time': this.startedAtMs,
      tasks: {},
      metrics,
    });
    return {
      jid: this.id,
      now: Date.now(),
      ...(this.scheduler && { schedulerType: this.scheduler }),
      timestamps: { RESTARTING: this.restartedAtMs },
      vertices: [
        vertex('s', 'Source: clicks -> Calc'),
        vertex('w', 'Aggregate -> counts[7]: Writer -> counts[7]: Committer'),
      ],
      plan: { nodes: [{ id: 's' }, { id: 'w', inputs: [{}] }] },
    };
  }
}

function open() {
  const job = new FakeJob();
  const told: (number | 'reset')[] = [];
  const watermarks = new ViewWatermarks({
    rest: job,
    details: { metricNames: async () => ['numRecordsIn', sinkName] },
    statuses: () => [{ view: 'counts', state: job.state, jobId: job.id, error: null }],
    listener: {
      onWatermark: async (_view, watermarkMs) => void told.push(watermarkMs),
      onReset: () => void told.push('reset'),
    },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1_000);
  return { job, told, watermarks, seconds, [Symbol.dispose]: () => watermarks.close() };
}

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

describe('the watermark of a view', () => {
  it('is told when a checkpoint has completed that was triggered after it was read', async () => {
    using world = open();
    const { job, told, watermarks, seconds } = world;
    job.startedAtMs = Date.now();
    watermarks.ask('counts');
    await seconds(3);
    expect(told).toEqual([]);
    job.watermarks = [2_000];
    job.triggeredAtMs = Date.now() - 500;
    await seconds(1);
    expect(told).toEqual([1_000]);
    await seconds(5);
    expect(told).toEqual([1_000]);
    job.triggeredAtMs = Date.now();
    await seconds(2);
    expect(told).toEqual([1_000, 2_000]);
  });

  it('is the least of all subtasks of the sink, and unknown before each of them has told its own', async () => {
    using world = open();
    const { job, told, watermarks, seconds } = world;
    job.watermarks = [5_000, null];
    watermarks.ask('counts');
    await seconds(3);
    job.triggeredAtMs = Date.now();
    await seconds(3);
    expect(told).toEqual([]);
    job.watermarks = [5_000, 4_000];
    await seconds(3);
    job.triggeredAtMs = Date.now();
    await seconds(3);
    expect(told).toEqual([4_000]);
  });

  it('is unknown before the first record, and after the last one', async () => {
    using world = open();
    const { job, told, watermarks, seconds } = world;
    watermarks.ask('counts');
    for (const watermark of [-(2 ** 63), 2 ** 63]) {
      job.watermarks = [watermark];
      await seconds(3);
      job.triggeredAtMs = Date.now();
      await seconds(3);
    }
    expect(told).toEqual([]);
  });

  it('is not believed when a task was restarted between the reading and the checkpoint', async () => {
    using world = open();
    const { job, told, watermarks, seconds } = world;
    watermarks.ask('counts');
    await seconds(3);
    job.restartedAtMs = Date.now();
    job.startedAtMs = Date.now();
    job.triggeredAtMs = Date.now() + 500;
    await seconds(10);
    expect(told).toEqual([]);
    // What the tasks measured before the restart is told no more: a new reading, and a checkpoint after it.
    await seconds(15);
    job.triggeredAtMs = Date.now();
    await seconds(2);
    expect(told).toEqual([1_000]);
  });

  it('waits for measurements that are surely of this attempt where Flink does not tell its scheduler', async () => {
    using world = open();
    const { job, told, watermarks, seconds } = world;
    job.scheduler = undefined;
    job.startedAtMs = Date.now();
    watermarks.ask('counts');
    await seconds(10);
    job.triggeredAtMs = Date.now();
    await seconds(5);
    expect(told).toEqual([]);
    await seconds(10);
    job.triggeredAtMs = Date.now();
    await seconds(2);
    expect(told).toEqual([1_000]);
  });

  it('begins anew with another job', async () => {
    using world = open();
    const { job, told, watermarks, seconds } = world;
    watermarks.ask('counts');
    await seconds(3);
    job.id = 'b'.repeat(32);
    job.triggeredAtMs = Date.now() + 500;
    await seconds(1);
    expect(told).toEqual(['reset']);
    job.watermarks = [500];
    await seconds(3);
    job.triggeredAtMs = Date.now();
    await seconds(2);
    expect(told).toEqual(['reset', 500]);
  });

  it('costs three requests a second while somebody asks, however many, and none afterwards or while it does not run', async () => {
    using world = open();
    const { job, watermarks, seconds } = world;
    await seconds(100);
    expect(job.asked).toEqual([]);
    for (let asker = 0; asker < 1_000; asker += 1) watermarks.ask('counts');
    await seconds(60);
    expect(job.asked.length).toBeLessThanOrEqual(3 * 61);
    await seconds(40);
    const { length } = job.asked;
    await seconds(100);
    expect(job.asked).toHaveLength(length);
    job.state = 'STARTING';
    watermarks.ask('counts');
    await seconds(10);
    expect(job.asked).toHaveLength(length);
  });
});
