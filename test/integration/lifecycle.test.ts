import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { dataMark, endLeftovers } from '../../src/local/leftovers.ts';
import { findByArgument } from '../../src/local/processes.ts';
import { openEvents } from '../support/body-stream.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { takeDefaultPorts } from '../support/default-ports.ts';
import { runGateway, spawnGateway, startGateway } from '../support/gateway.ts';
import { listen } from '../support/listen.ts';
import { useTempDir } from '../support/temp-dir.ts';

/** A stream of its own in a folder that is deleted after the test. */
async function declareStream(): Promise<string> {
  const text = `type Thing @stream(topic: "${uniqueName('things')}", plural: "things") { name: String! }`;
  const schema = await declare({ 'a.graphql': text });
  onTestFinished(() => schema[Symbol.asyncDispose]());
  return schema.folder;
}

describe('a gateway with a local stack', () => {
  const temp = useTempDir();
  let ports: AsyncDisposable;
  beforeEach(async () => {
    ports = await takeDefaultPorts();
  });
  afterEach(async () => {
    await endLeftovers(temp.path);
    await ports[Symbol.asyncDispose]();
  });
  const settings = async () => ({ schema: await declareStream(), clusters: 'local', data: temp.path }) as const;
  const jvms = () => findByArgument(dataMark(temp.path));

  it('that is stopped while it starts leaves nothing running', async () => {
    await using run = await spawnGateway(await settings());
    await run.printed(/Waiting for Kafka/);
    await expect.poll(jvms).not.toEqual([]);
    run.send('SIGINT');
    expect(await run.exited).toBe(1);
    expect(run.output()).toContain('Stopped while starting');
    expect(await jvms()).toEqual([]);
  });
});

describe('a gateway on existing clusters', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends with 0 on %s while a stream over HTTP is open',
    async (signal) => {
      await using gateway = await startGateway({ schema: await declareStream() });
      const stream = await openEvents(gateway.url, { query: 'subscription { things { nodes { name } } }' });
      await stream.next();
      gateway.send(signal);
      expect(await gateway.exited).toBe(0);
      // A whole response, which does not say that the subscription is over.
      expect(await stream.next()).toBeNull();
    },
  );

  it('names the port that is taken', async () => {
    await using taken = await listen(createServer());
    const { code, output } = await runGateway({ schema: await declareStream(), args: ['--port', `${taken.port}`] });
    expect(code).toBe(2);
    expect(output).toContain(`Port ${taken.port} on 127.0.0.1 is in use.`);
  });

  it.each([
    ['--help', /SLUICE_SCHEMA/],
    ['--version', /^\d+\.\d+\.\d+\n$/],
  ])('only answers %s', async (flag, answer) => {
    const { code, output } = await runGateway({ schema: '/nowhere', args: [flag] });
    expect(code).toBe(0);
    expect(output).toMatch(answer);
  });
});
