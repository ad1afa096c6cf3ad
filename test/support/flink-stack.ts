import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { inject, vi } from 'vitest';
import { patience } from './patience.ts';

interface ListedJob {
  readonly id: string;
  readonly status: string;
}

const ended = ['CANCELED', 'FINISHED', 'FAILED'];

/**
 * Takes over the Flink of the fault tests, with its Kafka, and tells how to kill a part of it. It is one for all files:
 * whoever takes it over finds neither jobs nor topics, and leaves none. Each part is started again five times in ten
 * minutes, and then given up.
 */
export async function openFlinkStack() {
  const { kafka, flinkRest, sqlGateway, dataDir } = inject('endpoints');
  const pidOf = (name: string): number | undefined => {
    const { processes } = JSON.parse(readFileSync(join(dataDir, 'endpoints.json'), 'utf8'));
    return processes.find((process: { readonly name: string }) => process.name === name)?.pid;
  };
  // Another one is named there as soon as it answers.
  const replaced = async (name: string, pid: number | undefined) => {
    await vi.waitUntil(() => ![pid, undefined].includes(pidOf(name)), patience);
  };
  // It is dead when the call returns: what the caller does next meets that.
  const kill = (name: string): Promise<void> => {
    const killed = pidOf(name);
    if (killed === undefined) throw new Error(`${name} does not run.`);
    process.kill(killed, 'SIGKILL');
    return replaced(name, killed);
  };
  const clear = async () => {
    await endJobs(flinkRest);
    await deleteTopics(kafka);
  };
  await clear();
  return {
    dataDir,
    broker: { address: kafka },
    flink: { flinkRest, sqlGateway },
    /** Kills it like a crash would; resolves when another one answers and has its slots. It has forgotten all jobs. */
    killJobManager: async () => {
      const taskManager = pidOf('flink-taskmanager');
      // The TaskManager is started anew with it.
      await Promise.all([kill('flink-jobmanager'), replaced('flink-taskmanager', taskManager)]);
    },
    /** The same with the TaskManager; it has its slots again then. */
    killTaskManager: () => kill('flink-taskmanager'),
    /** The same with the SQL Gateway; its sessions are gone. */
    killSqlGateway: () => kill('flink-sql-gateway'),
    [Symbol.asyncDispose]: clear,
  };
}

/** How often each job that goes on has completed a checkpoint, and how often it was restored from one. */
export async function checkpointsOf(flinkRest: string): Promise<readonly { completed: number; restored: number }[]> {
  return await Promise.all(
    (await livingJobs(flinkRest)).map(async ({ id }) => {
      const response = await fetch(`${flinkRest}/jobs/${id}/checkpoints`);
      const { counts } = (await response.json()) as { counts?: Record<string, number> };
      return { completed: counts?.['completed'] ?? 0, restored: counts?.['restored'] ?? 0 };
    }),
  );
}

async function livingJobs(flinkRest: string): Promise<readonly ListedJob[]> {
  const { jobs } = (await (await fetch(`${flinkRest}/jobs`)).json()) as { readonly jobs: readonly ListedJob[] };
  return jobs.filter(({ status }) => !ended.includes(status));
}

async function endJobs(flinkRest: string): Promise<void> {
  for (const { id } of await livingJobs(flinkRest)) await fetch(`${flinkRest}/jobs/${id}`, { method: 'PATCH' });
  await vi.waitUntil(async () => (await livingJobs(flinkRest)).length === 0, patience);
}

async function deleteTopics(broker: string): Promise<void> {
  const admin = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((topic) => !topic.startsWith('__'));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect();
  }
}
