import { describe, expect, inject, it } from 'vitest';
import { choosePorts } from '../../src/local/ports.ts';
import { listen, post } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { startGateway } from '../support/gateway.ts';

const broker = { address: inject('endpoints').kafka };

/** Two addresses at which nothing listens. */
async function deadAddresses() {
  const { flinkRest, sqlGateway } = await choosePorts({ kafka: 0, flinkRest: 0, sqlGateway: 0 });
  return { flinkRest: `http://127.0.0.1:${flinkRest}`, sqlGateway: `http://127.0.0.1:${sqlGateway}` };
}

describe('a gateway without its Flink', () => {
  it.each([
    ['is not configured', async () => ({}), 'NO_FLINK', /No Flink is configured/, null],
    ['does not answer', deadAddresses, 'FLINK_UNAVAILABLE', /JobManager.*(refused|reached|answer)/i, false],
  ] as const)('serves streams when it %s, and says so', async (_title, flink, state, error, isReady) => {
    const [clicks, counts] = [uniqueName('clicks'), uniqueName('counts')];
    await using schema = await declare({
      'main.graphql': `
        type Click @stream(topic: "${clicks}", plural: "clicks") { person: ID! }
        type Count @view(topic: "${counts}", plural: "counts", sql: "SELECT person, 1 AS cnt FROM ${clicks}") {
          person: ID! cnt: Int!
        }
      `,
    });
    await using gateway = await startGateway({
      schema: schema.folder,
      clusters: { kafka: broker.address, ...(await flink()) },
    });

    await using listener = listen(gateway.webSocketUrl, 'subscription { clicks { nodes { person } } }');
    expect((await listener.next()).data.clicks.nodes).toEqual([]);
    const produced = await post(
      gateway.url,
      'mutation { produceClicks(events: { person: "ann" }) { records { outcome } } }',
    );
    expect(produced.data.produceClicks.records).toEqual([{ outcome: 'ACKED' }]);
    expect((await listener.next()).data.clicks.nodes).toEqual([{ person: 'ann' }]);
    expect((await post(gateway.url, '{ counts { nodes { cnt } } }')).data.counts.nodes).toEqual([]);

    const statusOf = async (topic: string) => {
      const { data } = await post(gateway.url, '{ streams { topic state jobId error } }');
      return data.streams.find((stream: { topic: string }) => stream.topic === topic);
    };
    expect(await statusOf(clicks)).toMatchObject({ state: null, error: null });
    await expect
      .poll(() => statusOf(counts))
      .toMatchObject({ state, jobId: null, error: expect.stringMatching(error) });

    const { data, errors } = await post(gateway.url, '{ jobs { nodes { id } } }');
    expect(data).toBeNull();
    expect(errors).toMatchObject([
      { message: expect.stringMatching(error), extensions: { code: 'FLINK_UNAVAILABLE' } },
    ]);
    const ready = await fetch(new URL('/health/ready', gateway.url));
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({ ready: true, kafka: true, flink: isReady });
    expect(await gateway.stop()).toBe(0);
  });
});
