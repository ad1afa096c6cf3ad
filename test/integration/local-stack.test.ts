import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type LocalStack, type LocalStackOptions, localOptions, openLocalStack } from '#local';
import { isAlive } from '../../src/local/processes.ts';
import { takeDefaultPorts } from '../support/default-ports.ts';
import { useTempDir } from '../support/temp-dir.ts';

describe('the local stack', () => {
  const temp = useTempDir();

  /** Opens a stack, Kafka alone unless told otherwise, that is closed when the test ends; with what it logs. */
  async function open(settings: Partial<LocalStackOptions> = {}) {
    const lines: string[] = [];
    const waiting: { pattern: RegExp; seen: () => void }[] = [];
    const log = (_: object, line: string) => {
      lines.push(line);
      for (const { pattern, seen } of waiting) if (pattern.test(line)) seen();
    };
    const stack = await openLocalStack({
      ...localOptions.parse({ dataDir: temp.path, ports: { kafka: 0, flinkRest: 0, sqlGateway: 0 } }),
      env: process.env,
      flink: false,
      logger: { debug: log, info: log, warn: log, error: log },
      onProgress: () => {},
      signal: new AbortController().signal,
      ...settings,
    });
    onTestFinished(() => stack.close());
    const logged = (pattern: RegExp) => new Promise<void>((seen) => waiting.push({ pattern, seen }));
    return { stack, lines, logged };
  }

  function pidOf(stack: LocalStack, name: string): number {
    return stack.processes.find((one) => one.name === name)?.pid ?? 0;
  }

  async function useAdmin<T>(brokers: string, use: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> {
    const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    return use(admin).finally(() => admin.disconnect());
  }

  it('takes another port when the default one is taken, says where, and leaves nothing behind when it ends', async () => {
    await using _taken = await takeDefaultPorts();
    const { stack } = await open({ ports: {} });
    expect(stack.endpoints).toEqual({
      kafkaBrokers: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      flinkRest: null,
      sqlGateway: null,
      redis: null,
      schemaRegistry: null,
    });
    expect(stack.endpoints.kafkaBrokers).not.toBe('127.0.0.1:9092');
    expect(await useAdmin(stack.endpoints.kafkaBrokers, (admin) => admin.listTopics())).toEqual([]);

    await stack.describe({ graphql: 'http://127.0.0.1:4000/graphql' });
    const file = join(temp.path, 'endpoints.json');
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      ...stack.endpoints,
      pid: process.pid,
      processes: stack.processes,
      graphql: 'http://127.0.0.1:4000/graphql',
    });

    const pids = stack.processes.map(({ pid }) => pid);
    await stack.close();
    expect(pids.filter(isAlive)).toEqual([]);
    await expect(access(file)).rejects.toThrow('ENOENT');
  });

  it('keeps its topics between starts, and refuses a second gateway on the same data', async () => {
    const first = await open();
    await useAdmin(first.stack.endpoints.kafkaBrokers, (admin) => admin.createTopics({ topics: [{ topic: 'kept' }] }));
    await expect(open()).rejects.toThrow(`in use by the gateway with process id ${process.pid}`);
    await first.stack.close();
    const { stack } = await open();
    expect(await useAdmin(stack.endpoints.kafkaBrokers, (admin) => admin.listTopics())).toEqual(['kept']);
  });

  it('brings back a Kafka that was killed', async () => {
    const { stack, lines, logged } = await open();
    const killed = pidOf(stack, 'kafka');
    const back = logged(/^Kafka runs again/);
    process.kill(killed, 'SIGKILL');
    await back;
    expect(lines).toContainEqual(
      expect.stringMatching(/^Kafka ended unexpectedly \(SIGKILL\)\.\nIts log: .*kafka\.log/),
    );
    expect(pidOf(stack, 'kafka')).not.toBe(killed);
    expect(await useAdmin(stack.endpoints.kafkaBrokers, (admin) => admin.listTopics())).toEqual([]);
  });

  it('ends what a gateway left running when that was killed', async () => {
    const script = join(import.meta.dirname, '../support/open-stack.ts');
    const gateway = spawn(process.execPath, [script, temp.path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [printed]: unknown[] = await once(gateway.stdout, 'data');
    const { pid } = JSON.parse(String(printed))[0];
    const ended = once(gateway, 'exit');
    gateway.kill('SIGKILL');
    await ended;
    expect(isAlive(pid)).toBe(true);
    const { stack, lines } = await open();
    expect(isAlive(pid)).toBe(false);
    expect(lines).toContain('Ended what an earlier gateway, which was killed, had left running.');
    expect(pidOf(stack, 'kafka')).not.toBe(pid);
  });

  it('tells why Kafka does not start and where its log is, and ends everything', async () => {
    const { stack } = await open();
    await stack.close();
    const meta = join(temp.path, 'kafka', 'meta.properties');
    await writeFile(meta, (await readFile(meta, 'utf8')).replace('node.id=1', 'node.id=7'));
    const opening = open();
    await expect(opening).rejects.toMatchObject({ code: 'LOCAL_STACK' });
    await expect(opening).rejects.toThrow(
      /^Kafka ended while starting .*node id 7 [\s\S]*\nIts log: .*kafka\.log\n.*npm run clean/,
    );
    await expect(access(join(temp.path, 'gateway.pid'))).rejects.toThrow('ENOENT');
  });

  it('stops starting when it is told to', async () => {
    const stop = new AbortController();
    const opening = open({
      signal: stop.signal,
      onProgress: ({ step }) => {
        if (step === 'start') stop.abort(new Error('enough'));
      },
    });
    await expect(opening).rejects.toThrow('enough');
    await open();
  });

  it('brings back a TaskManager that was killed, with all its slots', async () => {
    const { stack, logged } = await open({ flink: true });
    await stack.flinkReady;
    const { flinkRest, sqlGateway } = stack.endpoints;
    expect(await (await fetch(`${sqlGateway}/v1/info`)).json()).toMatchObject({ productName: 'Apache Flink' });
    // Its address has a port that the system chose, so the new one has another.
    const address = async () => {
      const answer = await fetch(`${flinkRest}/taskmanagers`);
      const { taskmanagers } = (await answer.json()) as { taskmanagers: { path: string; slotsNumber: number }[] };
      return taskmanagers.map(({ path, slotsNumber }) => `${slotsNumber} slots at ${path}`).join();
    };
    const before = await address();
    expect(before).toMatch(/^32 slots at /);
    const killed = pidOf(stack, 'flink-taskmanager');
    const back = logged(/^Flink's TaskManager runs again/);
    process.kill(killed, 'SIGKILL');
    await back;
    await expect.poll(address, { timeout: 30_000 }).toMatch(new RegExp(`^32 slots at (?!${before.split(' ').at(-1)})`));
    expect(pidOf(stack, 'flink-taskmanager')).not.toBe(killed);
  });
});
