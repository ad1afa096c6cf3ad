import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type LocalStack, type LocalStackOptions, localOptions, openLocalStack } from '#local';
import { isAlive } from '../../src/local/processes.ts';
import { takeDefaultPorts } from '../support/default-ports.ts';

describe('the local stack', () => {
  /** One for all tests: what is in it is kept from start to start. */
  let data = '';
  beforeAll(async () => {
    data = await realpath(await mkdtemp(join(tmpdir(), 'sluice-stack-')));
  });
  afterAll(() => rm(data, { recursive: true, force: true }));

  /** Opens a stack, Kafka alone unless told otherwise, that is closed when the test ends; with what it logs. */
  async function open(settings: Partial<LocalStackOptions> = {}) {
    const lines: string[] = [];
    const waiting: { pattern: RegExp; seen: () => void }[] = [];
    const log = (_: object, line: string) => {
      lines.push(line);
      for (const { pattern, seen } of waiting) if (pattern.test(line)) seen();
    };
    const stack = await openLocalStack({
      ...localOptions.parse({ dataDir: data, ports: { kafka: 0, flinkRest: 0, sqlGateway: 0 } }),
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

  async function useAdmin<T>(
    { endpoints }: LocalStack,
    use: (admin: ReturnType<Kafka['admin']>) => Promise<T>,
  ): Promise<T> {
    const admin = new Kafka({ brokers: [endpoints.kafkaBrokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    return use(admin).finally(() => admin.disconnect());
  }

  const topicsOf = (stack: LocalStack) => useAdmin(stack, (admin) => admin.listTopics());

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
    expect(await topicsOf(stack)).toEqual([]);
    await useAdmin(stack, (admin) => admin.createTopics({ topics: [{ topic: 'kept' }] }));

    await stack.describe({ graphql: 'http://127.0.0.1:4000/graphql' });
    const file = join(data, 'endpoints.json');
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      ...stack.endpoints,
      pid: process.pid,
      processes: stack.processes,
      graphql: 'http://127.0.0.1:4000/graphql',
    });
    await expect(open()).rejects.toThrow(`in use by the gateway with process id ${process.pid}`);

    const pids = stack.processes.map(({ pid }) => pid);
    await stack.close();
    expect(pids.filter(isAlive)).toEqual([]);
    await expect(access(file)).rejects.toThrow('ENOENT');
  });

  it('ends what a gateway left running when that was killed, and has its topics', async () => {
    const script = join(import.meta.dirname, '../support/open-stack.ts');
    const gateway = spawn(process.execPath, [script, data], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [printed]: unknown[] = await once(gateway.stdout, 'data');
    const { pid } = JSON.parse(String(printed))[0];
    const ended = once(gateway, 'exit');
    gateway.kill('SIGKILL');
    await ended;
    expect(isAlive(pid)).toBe(true);
    const { stack, lines, logged } = await open();
    expect(isAlive(pid)).toBe(false);
    expect(lines).toContain('Ended what an earlier gateway, which was killed, had left running.');
    const own = pidOf(stack, 'kafka');
    expect(own).not.toBe(pid);
    expect(await topicsOf(stack)).toEqual(['kept']);

    // Its own, when that is killed, it brings back.
    const back = logged(/^Kafka runs again/);
    process.kill(own, 'SIGKILL');
    await back;
    expect(lines).toContainEqual(
      expect.stringMatching(/^Kafka ended unexpectedly \(SIGKILL\)\.\nIts log: .*kafka\.log/),
    );
    expect(pidOf(stack, 'kafka')).not.toBe(own);
    expect(await topicsOf(stack)).toEqual(['kept']);
  });

  it('tells why Kafka does not start and where its log is, and ends everything', async () => {
    const meta = join(data, 'kafka', 'meta.properties');
    const right = await readFile(meta, 'utf8');
    await writeFile(meta, right.replace('node.id=1', 'node.id=7'));
    const opening = open();
    await expect(opening).rejects.toMatchObject({ code: 'LOCAL_STACK' });
    await expect(opening).rejects.toThrow(
      /^Kafka ended while starting .*node id 7 [\s\S]*\nIts log: .*kafka\.log\n.*npm run clean/,
    );
    await expect(access(join(data, 'gateway.pid'))).rejects.toThrow('ENOENT');
    await writeFile(meta, right);
  });

  it('stops starting when it is told to, and can be started then', async () => {
    const stop = new AbortController();
    const opening = open({
      signal: stop.signal,
      onProgress: ({ step }) => {
        if (step === 'start') stop.abort(new Error('enough'));
      },
    });
    await expect(opening).rejects.toThrow('enough');
    const { stack } = await open();
    expect(await topicsOf(stack)).toEqual(['kept']);
  });
});
