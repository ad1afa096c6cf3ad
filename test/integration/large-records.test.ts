import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { describe, expect, inject, it } from 'vitest';
import { listen, post, until } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { startGateway } from '../support/gateway.ts';
import { kafkajsClient, onceEach, withAdmin } from '../support/kafka.ts';

/** Together more than the gateway's heap: it cannot hold them all at any time. */
const records = 44;
const text = 'x'.repeat(5 * 1024 * 1024);
const heapMb = 208;

async function writeRecords(topic: string): Promise<void> {
  const configEntries = [{ name: 'max.message.bytes', value: String(6 * 1024 * 1024) }];
  await withAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions: 2, configEntries }] }));
  const producer = kafkajsClient().producer(onceEach);
  await producer.connect();
  for (let id = 0; id < records; id += 1) {
    await producer.send({ topic, messages: [{ value: JSON.stringify({ id, text }), partition: id % 2 }] });
  }
  await producer.disconnect();
}

describe('a gateway with less memory than the records of a topic take', () => {
  it('gives all of them to a query in pages, to a fast subscriber, and to one that reads later', async () => {
    const topic = uniqueName('large');
    await using _cleanUp = {
      [Symbol.asyncDispose]: () => withAdmin((admin) => admin.deleteTopics({ topics: [topic] })),
    };
    await writeRecords(topic);
    await using schema = await declare({
      'a.graphql': `type Large @stream(topic: "${topic}", plural: "larges", partitions: 2) { id: Int! text: String! }`,
    });
    await using gateway = await startGateway({
      schema: schema.folder,
      clusters: { kafka: inject('endpoints').kafka },
      env: { NODE_OPTIONS: `--max-old-space-size=${heapMb}` },
    });
    const subscription = 'subscription { larges(from: { earliest: true }) { nodes { id text } } }';
    const late = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: subscription }),
    });
    const all = Array.from({ length: records }, (_, id) => id);
    const ids = (nodes: readonly { readonly id: number; readonly text: string }[]) => {
      for (const node of nodes) expect(node.text.length).toBe(text.length);
      return nodes.map(({ id }) => id);
    };

    await using fast = listen(gateway.webSocketUrl, subscription);
    const taken: number[] = [];
    await until(fast, ({ data }) => taken.push(...ids(data.larges.nodes)) >= records || undefined);
    expect(taken.toSorted((a, b) => a - b)).toEqual(all);

    const queried: number[] = [];
    for (let after: unknown = null, hasNextPage = true; hasNextPage; ) {
      const start = after === null ? 'from: { earliest: true }' : `after: "${after}"`;
      const page = `larges(first: 100, ${start}) { nodes { id text } pageInfo { endCursor hasNextPage } }`;
      const { larges } = (await post(gateway.url, `{ ${page} }`)).data;
      queried.push(...ids(larges.nodes));
      ({ endCursor: after, hasNextPage } = larges.pageInfo);
    }
    expect(queried.toSorted((a, b) => a - b)).toEqual(all);

    const read: number[] = [];
    for await (const line of createInterface({ input: Readable.from(late.body ?? []) })) {
      if (line.startsWith('data: {')) read.push(...ids(JSON.parse(line.slice('data: '.length)).data.larges.nodes));
      if (read.length >= records) break;
    }
    expect(read.toSorted((a, b) => a - b)).toEqual(all);
  });
});
