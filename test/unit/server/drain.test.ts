import { describe, expect, it } from 'vitest';
import { openEvents, openParts } from '../../support/body-stream.ts';
import { post } from '../../support/client.ts';
import { holdIdentify, openInProcess } from '../../support/in-process.ts';

const query = 'subscription { things { nodes { name } } }';

describe('a server that stops', () => {
  it('gives server-sent events their last page and ends them without a word that they are complete', async () => {
    await using gateway = await openInProcess();
    const stream = await openEvents(gateway.url, { query });
    await stream.next();
    const filtered = 'subscription { things(where: { name: { eq: "none" } }) { nodes { name } } }';
    const quiet = await openEvents(gateway.url, { query: filtered });
    const first = await quiet.next();
    gateway.append('a');
    expect((await stream.next())?.answer?.data.things.nodes).toEqual([{ name: 'a' }]);
    await gateway.close();
    expect(await stream.next()).toBeNull();
    // What passed it by is behind its last cursor.
    const last = await quiet.next();
    expect(last?.answer?.data.things.nodes).toEqual([]);
    expect(last?.id).not.toBe(first?.id);
    expect(await quiet.next()).toBeNull();
    expect(gateway.feeds.counters.subscriptions).toBe(0);
  });

  it('tells multipart clients to subscribe again', async () => {
    await using gateway = await openInProcess();
    const headers = { accept: 'multipart/mixed;subscriptionSpec=1.0' };
    const apollo = await openParts(gateway.url, { query, headers }, 'graphql');
    const plain = await openParts(gateway.url, { query, headers: { accept: 'multipart/mixed' } }, '-');
    for (const stream of [apollo, plain]) await stream.next();
    await gateway.close();
    const errors = [{ extensions: { code: 'SHUTTING_DOWN', retryable: true } }];
    expect(JSON.parse((await apollo.next()) ?? '')).toMatchObject({ payload: null, errors });
    expect(JSON.parse((await plain.next()) ?? '')).toMatchObject({ errors });
    for (const stream of [apollo, plain]) {
      expect(await stream.next()).toBe('--');
      expect(await stream.next()).toBeNull();
    }
  });

  it('breaks off at the deadline what a client does not take', async () => {
    await using gateway = await openInProcess();
    const stream = await openEvents(gateway.url, { query });
    await stream.next();
    stream.response.pause();
    // However much the system's buffers hold: more, until they are full.
    const bytesWaiting = () => {
      for (let count = 0; count < 5; count += 1) gateway.append('x'.repeat(200_000));
      return gateway.traffic.bytesWaiting;
    };
    await expect.poll(bytesWaiting, { interval: 5 }).toBeGreaterThan(0);
    await gateway.close(50);
    expect(gateway.traffic).toMatchObject({ streams: 0, bytesWaiting: 0 });
    expect(gateway.feeds.counters.subscriptions).toBe(0);
  });

  it('lets a request that runs finish', async () => {
    await using gateway = await openInProcess();
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
    gateway.onWrite(async () => {
      ask();
      await mayGoOn;
    });
    const mutation = 'mutation { produceThings(events: { name: "a" }) { records { outcome } } }';
    const answer = post(gateway.url, mutation);
    await asked;
    const closed = gateway.close();
    goOn();
    expect((await answer).data.produceThings.records).toEqual([{ outcome: 'ACKED' }]);
    await closed;
  });

  it('ends a stream that was admitted just before and comes to its first page only then', async () => {
    await using gateway = await openInProcess();
    const first = await openEvents(gateway.url, { query });
    const id = String((await first.next())?.id);
    first.drop();
    const hold = holdIdentify(gateway.log);
    const opening = openEvents(gateway.url, { query, headers: { 'last-event-id': id } });
    await hold.asked;
    const closed = gateway.close();
    hold.goOn();
    const stream = await opening;
    for (let event = await stream.next(); event; event = await stream.next()) expect(event.event).not.toBe('complete');
    await closed;
    expect(gateway.traffic.streams).toBe(0);
  });
});
