import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, inject, it } from 'vitest';
import { listen, post, until } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { endJobsOf } from '../support/end-jobs.ts';
import { openOwnGateway, startGateway } from '../support/gateway.ts';

const windowMs = 2000;
const users = ['ann', 'ben', 'cid', 'dee'];

/** Clicks of several users over several windows, in order of time, and what each window must count. */
function plannedClicks(beginMs: number) {
  const clicks: { user: string; atMs: number }[] = [];
  for (let index = 0; index < 120; index += 1) {
    clicks.push({ user: users[(index * index) % users.length] ?? 'ann', atMs: beginMs + index * 137 });
  }
  const counts = new Map<string, number>();
  for (const { user, atMs } of clicks) {
    const window = new Date(Math.floor(atMs / windowMs) * windowMs).toISOString();
    counts.set(`${user} ${window}`, (counts.get(`${user} ${window}`) ?? 0) + 1);
  }
  return { clicks, counts };
}

const declarations = (clicks: string, counts: string) => `
  "One page view."
  type Click @stream(topic: "${clicks}", key: ["userId"], partitions: 3, plural: "clicks") {
    userId: ID!
    clickedAt: DateTime! @eventTime(delay: "PT0.5S")
  }
  "Clicks per user and window."
  type ClickCount @view(topic: "${counts}", plural: "clickCounts", sql: """
    SELECT user_id, COUNT(*) AS cnt, window_start, window_end
    FROM TABLE(TUMBLE(TABLE ${clicks}, DESCRIPTOR(clicked_at), INTERVAL '2' SECOND))
    GROUP BY window_start, window_end, user_id
  """) {
    userId: ID!
    cnt: BigInt!
    windowStart: DateTime!
    windowEnd: DateTime!
  }
`;

describe('the main job', () => {
  it('counts events of an independent Kafka client per user and window, live and in replay', async () => {
    const [topic, view] = [uniqueName('clicks'), uniqueName('click_counts')];
    await using _end = endJobsOf(view);
    await using schema = await declare({ 'main.graphql': declarations(topic, view) });
    await using gateway = await openOwnGateway({ schema: schema.folder });
    await using windows = listen(
      gateway.webSocketUrl,
      'subscription { clickCounts(from: { earliest: true }) { nodes { userId cnt windowStart windowEnd } pageInfo { live } } }',
    );
    expect((await windows.next()).errors).toBeUndefined();

    const { clicks, counts } = plannedClicks(Date.parse('2026-01-31T12:00:00Z'));
    await using producer = await independentProducer();
    // Written by hand, with one record in the middle that nobody can read, and one that closes the last window.
    for (const { user, atMs } of clicks) {
      await producer.send(topic, user, JSON.stringify({ user_id: user, clicked_at: new Date(atMs).toISOString() }));
    }
    await producer.send(topic, 'ann', 'this is not JSON');
    await producer.send(topic, null, '{"user_id":"nobody","clicked_at":null}');
    for (let partition = 0; partition < 3; partition += 1) {
      const later = new Date((clicks.at(-1)?.atMs ?? 0) + 60_000).toISOString();
      await producer.send(
        topic,
        `closing-${partition}`,
        JSON.stringify({ user_id: 'closing', clicked_at: later }),
        partition,
      );
    }

    const seen = new Map<string, number>();
    await until(windows, ({ data }) => {
      for (const { userId, cnt, windowStart } of data.clickCounts.nodes)
        seen.set(`${userId} ${windowStart}`, Number(cnt));
      return seen.size >= counts.size ? true : undefined;
    });
    expect(new Map([...seen].toSorted())).toEqual(new Map([...counts].toSorted()));

    const replay = await post(
      gateway.url,
      '{ clickCounts(first: 1000) { nodes { userId cnt windowStart } pageInfo { hasNextPage } } }',
    );
    const replayed = new Map(
      replay.data.clickCounts.nodes.map((node: Record<string, string>) => [
        `${node.userId} ${node.windowStart}`,
        Number(node.cnt),
      ]),
    );
    expect(new Map([...replayed].toSorted() as [string, number][])).toEqual(new Map([...counts].toSorted()));

    const bad = await post(gateway.url, '{ clicks(first: 1000) { edges { error { reason bytes } record { key } } } }');
    const faults = bad.data.clicks.edges.filter((edge: { error: unknown }) => edge.error);
    expect(faults).toHaveLength(2);
  });

  it('finds its jobs again after it was killed, and does not start them twice', async () => {
    const view = uniqueName('click_counts');
    await using _end = endJobsOf(view);
    await using schema = await declare({ 'main.graphql': declarations(uniqueName('clicks'), view) });
    const jobsOf = async (url: string) => {
      const { data } = await post(url, '{ jobs { nodes { id state view } } }');
      return data.jobs.nodes.filter(
        (job: { view: string; state: string }) => job.view === view && job.state !== 'CANCELED',
      );
    };
    const running = (url: string) =>
      expect
        .poll(async () =>
          (await post(url, '{ streams { topic state jobId } }')).data.streams.find(
            (one: { topic: string }) => one.topic === view,
          ),
        )
        .toMatchObject({ state: 'RUNNING' });
    await using first = await startGateway({ schema: schema.folder });
    await running(first.url);
    const before = await jobsOf(first.url);
    await first.kill();
    await using second = await startGateway({ schema: schema.folder });
    await running(second.url);
    expect(before).toHaveLength(1);
    expect((await jobsOf(second.url)).map(({ id }: { id: string }) => id)).toEqual(
      before.map(({ id }: { id: string }) => id),
    );
  });
});

/** A Kafka client that knows nothing of Sluice. */
async function independentProducer() {
  const producer = new Kafka({ brokers: inject('endpoints').kafka.split(','), logLevel: logLevel.NOTHING }).producer({
    idempotent: true,
  });
  await producer.connect();
  return {
    send: (topic: string, key: string | null, value: string, partition?: number) =>
      producer.send({ topic, messages: [{ key, value, ...(partition !== undefined && { partition }) }] }),
    [Symbol.asyncDispose]: () => producer.disconnect(),
  };
}
