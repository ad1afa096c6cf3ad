import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalStack, localOptions, openLocalStack } from '#local';

/** A Kafka and a Flink of the test's own, and how to kill a part of it. */
export async function openFlinkStack() {
  const dataDir = await mkdtemp(join(tmpdir(), 'sluice-flink-'));
  let onMessage = (_message: string) => {};
  const quiet = () => {};
  const stack: LocalStack = await openLocalStack({
    ...localOptions.parse({ dataDir, ports: { kafka: 0, flinkRest: 0, sqlGateway: 0 } }),
    env: process.env,
    flink: true,
    logger: { debug: quiet, info: (_facts, message) => onMessage(message), warn: quiet, error: quiet },
    onProgress: quiet,
    signal: AbortSignal.timeout(60_000),
  });
  await stack.flinkReady;
  const { kafkaBrokers, flinkRest, sqlGateway } = stack.endpoints;
  const kill = async (name: string, title: string) => {
    const back = new Promise<void>((resolve) => {
      onMessage = (message) => message.startsWith(`${title} runs again`) && resolve();
    });
    const found = stack.processes.find((process) => process.name === name);
    if (!found) throw new Error(`${title} does not run.`);
    process.kill(found.pid, 'SIGKILL');
    await back;
  };
  return {
    dataDir,
    broker: { address: kafkaBrokers },
    flink: { flinkRest: flinkRest ?? '', sqlGateway: sqlGateway ?? '' },
    /** Kills it like a crash would; resolves when another one answers. It has forgotten all jobs. */
    killJobManager: () => kill('flink-jobmanager', "Flink's JobManager"),
    /** The same with the TaskManager; it has its slots again then. */
    killTaskManager: () => kill('flink-taskmanager', "Flink's TaskManager"),
    /** The same with the SQL Gateway; its sessions are gone. */
    killSqlGateway: () => kill('flink-sql-gateway', "Flink's SQL Gateway"),
    async [Symbol.asyncDispose]() {
      await stack.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** How often each job has completed a checkpoint, and how often it was restored from one. */
export async function checkpointsOf(flinkRest: string): Promise<readonly { completed: number; restored: number }[]> {
  const get = async (path: string) => (await fetch(`${flinkRest}${path}`)).json();
  const { jobs } = (await get('/jobs')) as { jobs: { id: string; status: string }[] };
  return await Promise.all(
    jobs.map(async ({ id }) => {
      const { counts } = (await get(`/jobs/${id}/checkpoints`)) as { counts?: Record<string, number> };
      return { completed: counts?.['completed'] ?? 0, restored: counts?.['restored'] ?? 0 };
    }),
  );
}
