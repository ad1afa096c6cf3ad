import { access, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endLeftovers } from '../../src/local/leftovers.ts';
import { isAlive } from '../../src/local/processes.ts';
import { listen, post, until } from '../support/client.ts';
import { declare } from '../support/declarations.ts';
import { takeDefaultPorts } from '../support/default-ports.ts';
import { type GatewayProcess, runGateway, startGateway } from '../support/gateway.ts';

const users = ['ann', 'ben', 'cid', 'dee', 'eve'];
const declarations = `
  type Click @stream { userId: ID! }
  type ClickCount @view(key: ["userId"], sql: "SELECT user_id, COUNT(*) AS cnt FROM clicks GROUP BY user_id") {
    userId: ID!
    cnt: BigInt!
  }
`;

/** A row of the table's change log. */
interface Change {
  readonly userId: string;
  readonly cnt: number;
}

/** Produces events of all users in turn. */
async function produce(gateway: GatewayProcess, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, index) => ({ userId: users[index % users.length] }));
  const mutation = 'mutation ($events: [ClickInput!]!) { produceClicks(events: $events) { records { outcome } } }';
  const { data } = await post(gateway.url, mutation, { events });
  const outcomes: readonly { outcome: string }[] = data.produceClicks.records;
  expect(outcomes.filter(({ outcome }) => outcome === 'ACKED')).toHaveLength(count);
}

/** All changes of the table from its beginning, as soon as the users' counts add up to so many. */
async function changesUntil(gateway: GatewayProcess, total: number): Promise<readonly Change[]> {
  await using listener = listen(
    gateway.webSocketUrl,
    'subscription { clickCounts(from: { earliest: true }) { nodes { userId cnt } } }',
  );
  const changes: Change[] = [];
  await until(listener, ({ data, errors }) => {
    expect(errors).toBeUndefined();
    changes.push(...data.clickCounts.nodes.map((node: Change) => ({ userId: node.userId, cnt: Number(node.cnt) })));
    const latest = new Map(changes.map(({ userId, cnt }) => [userId, cnt]));
    return [...latest.values()].reduce((sum, cnt) => sum + cnt, 0) >= total || undefined;
  });
  return changes;
}

function countsOf(changes: readonly Change[], user: string): readonly number[] {
  return changes.filter(({ userId }) => userId === user).map(({ cnt }) => cnt);
}

/** 1, 2, … */
function upTo(last: number): readonly number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

describe('a gateway with a local stack', () => {
  const cleanUp = new AsyncDisposableStack();
  let data = '';
  let schema = '';
  beforeAll(async () => {
    schema = cleanUp.use(await declare({ 'clicks.graphql': declarations })).folder;
    data = await realpath(await mkdtemp(join(tmpdir(), 'sluice-restore-')));
    cleanUp.use(await takeDefaultPorts());
    cleanUp.defer(() => rm(data, { recursive: true, force: true }));
    cleanUp.defer(() => endLeftovers(data).then(() => undefined));
  });
  afterAll(() => cleanUp.disposeAsync());

  const settings = () => ({ schema, clusters: 'local', data }) as const;
  const start = async () => cleanUp.use(await startGateway(settings()));
  const endpointsFile = () => join(data, 'endpoints.json');
  const jvmsOf = async (): Promise<readonly number[]> =>
    JSON.parse(await readFile(endpointsFile(), 'utf8')).processes.map(({ pid }: { pid: number }) => pid);
  const clean = () => runGateway({ ...settings(), args: ['--clean'] });

  it('has its data for itself, and leaves nothing running when it is stopped', async () => {
    const gateway = await start();
    await produce(gateway, 100);
    await changesUntil(gateway, 100);
    const { pid, graphql } = JSON.parse(await readFile(endpointsFile(), 'utf8'));
    expect({ pid, graphql }).toEqual({ pid: gateway.pid, graphql: gateway.url });
    const jvms = await jvmsOf();
    expect(jvms).toHaveLength(4);

    const inUse = expect.stringContaining(`in use by the gateway with process id ${gateway.pid}`);
    const others = await Promise.all([runGateway(settings()), clean()]);
    expect(others).toEqual([
      { code: 1, output: inUse },
      { code: 1, output: inUse },
    ]);
    expect(await gateway.stop()).toBe(0);
    expect(jvms.filter(isAlive)).toEqual([]);
    await expect(access(endpointsFile())).rejects.toThrow('ENOENT');
  });

  it('goes on counting in its view where it was, after all was stopped and after the gateway was killed', async () => {
    const afterStop = await start();
    await produce(afterStop, 50);
    const changes = await changesUntil(afterStop, 150);
    for (const user of users) expect(countsOf(changes, user)).toEqual(upTo(30));
    const leftOver = await jvmsOf();
    await afterStop.kill();
    expect(leftOver.filter(isAlive)).toEqual(leftOver);

    const afterKill = await start();
    expect(leftOver.filter(isAlive)).toEqual([]);
    await produce(afterKill, 50);
    const all = await changesUntil(afterKill, 200);
    for (const user of users) {
      // What came after the newest restore point is counted again, from there: not from the beginning, and to the same end.
      const again = countsOf(all, user).slice(30);
      expect(again.at(-1)).toBe(40);
      expect(again).toEqual(upTo(40).slice(-again.length));
      expect(again.length).toBeLessThanOrEqual(20);
    }

    // A second Ctrl-C does not wait.
    const jvms = await jvmsOf();
    afterKill.send('SIGINT');
    await afterKill.printed(/Stopping.*Ctrl-C again/);
    afterKill.send('SIGINT');
    expect(await afterKill.exited).toBe(1);
    // Killed by a gateway that is gone: they end in their own time.
    await expect.poll(() => jvms.filter(isAlive)).toEqual([]);
    expect(await clean()).toEqual({ code: 0, output: expect.stringContaining('Forgot') });
  });
});
