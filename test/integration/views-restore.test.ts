import { access, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { endLeftovers } from '../../src/local/leftovers.ts';
import { isAlive } from '../../src/local/processes.ts';
import { listen, post, until } from '../support/client.ts';
import { declare } from '../support/declarations.ts';
import { takeDefaultPorts } from '../support/default-ports.ts';
import { type GatewayProcess, startGateway } from '../support/gateway.ts';

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

it('a view goes on counting where it was after its Kafka, its Flink and its gateway were stopped, and killed', async () => {
  await using schema = await declare({ 'clicks.graphql': declarations });
  const data = await realpath(await mkdtemp(join(tmpdir(), 'sluice-restore-')));
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.use(await takeDefaultPorts());
  cleanUp.defer(() => rm(data, { recursive: true, force: true }));
  cleanUp.defer(() => endLeftovers(data).then(() => undefined));
  const start = async () => cleanUp.use(await startGateway({ schema: schema.folder, clusters: 'local', data }));
  const file = join(data, 'endpoints.json');
  const jvms = async (): Promise<readonly number[]> =>
    JSON.parse(await readFile(file, 'utf8')).processes.map(({ pid }: { pid: number }) => pid);

  const first = await start();
  await produce(first, 100);
  await changesUntil(first, 100);
  const stopped = await jvms();
  expect(stopped).toHaveLength(4);
  expect(await first.stop()).toBe(0);
  expect(stopped.filter(isAlive)).toEqual([]);
  await expect(access(file)).rejects.toThrow('ENOENT');

  const second = await start();
  await produce(second, 50);
  const afterStop = await changesUntil(second, 150);
  for (const user of users) expect(countsOf(afterStop, user)).toEqual(upTo(30));
  const killed = await jvms();
  await second.kill();
  expect(killed.filter(isAlive)).toEqual(killed);

  const third = await start();
  expect(killed.filter(isAlive)).toEqual([]);
  await produce(third, 50);
  const afterKill = await changesUntil(third, 200);
  for (const user of users) {
    // What came after the newest restore point is counted again, from there: not from the beginning, and to the same end.
    const again = countsOf(afterKill, user).slice(30);
    expect(again.at(-1)).toBe(40);
    expect(again).toEqual(upTo(40).slice(-again.length));
    expect(again.length).toBeLessThanOrEqual(20);
  }
  expect(await third.stop()).toBe(0);
}, 180_000);
