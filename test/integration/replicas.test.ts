import { describe, expect, it } from 'vitest';
import { post } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { openOwnGateway } from '../support/gateway.ts';

const header = 'sluice-idempotency-key';

interface ReadEdge {
  readonly node: { readonly id: string };
  readonly record: { readonly headers: readonly { readonly name: string; readonly value: string }[] };
}

/** What a reader keeps who drops the records whose idempotency header it has seen. */
function dropRepeats(edges: readonly ReadEdge[]): readonly string[] {
  const seen = new Set<string>();
  return edges.flatMap(({ node, record }) => {
    const value = record.headers.find(({ name }) => name === header)?.value;
    if (value !== undefined && seen.has(value)) return [];
    if (value !== undefined) seen.add(value);
    return [node.id];
  });
}

describe('two gateways that one call with an idempotencyKey reaches', () => {
  it('both write it, with headers by which a reader drops the second', async () => {
    const topic = uniqueName('replicas');
    await using schema = await declare({
      'a.graphql': `type Sale @stream(topic: "${topic}", plural: "sales", partitions: 1) { id: ID! }`,
    });
    await using first = await openOwnGateway({ schema: schema.folder });
    await using second = await openOwnGateway({ schema: schema.folder });
    const produce = async ({ url }: { readonly url: string }, key: string) => {
      const { data } = await post(
        url,
        `mutation ($events: [SaleInput!]!, $key: String) {
          produceSales(events: $events, options: { idempotencyKey: $key }) { records { outcome offset } }
        }`,
        { events: ['a', 'b'].map((id) => ({ id: `${key}-${id}` })), key },
      );
      return data.produceSales.records.map(({ outcome, offset }: Record<string, string>) => `${outcome} ${offset}`);
    };
    expect(await produce(first, 'one')).toEqual(['ACKED 0', 'ACKED 1']);
    expect(await produce(first, 'one')).toEqual(['ACKED 0', 'ACKED 1']);
    expect(await produce(second, 'one')).toEqual(['ACKED 2', 'ACKED 3']);
    expect(await produce(second, 'one')).toEqual(['ACKED 2', 'ACKED 3']);
    // At the same time neither waits for the other.
    const both = await Promise.all([produce(first, 'two'), produce(second, 'two')]);
    expect(both.flat().toSorted()).toEqual(['ACKED 4', 'ACKED 5', 'ACKED 6', 'ACKED 7']);

    const query = '{ sales(from: { earliest: true }) { edges { node { id } record { headers { name value } } } } }';
    const { data } = await post(second.url, query);
    const edges: readonly ReadEdge[] = data.sales.edges;
    expect(edges).toHaveLength(8);
    expect(edges.slice(0, 4).map(({ record }) => record.headers)).toEqual(
      ['one/0', 'one/1', 'one/0', 'one/1'].map((value) => [{ name: header, value }]),
    );
    expect(dropRepeats(edges)).toEqual(['one-a', 'one-b', 'two-a', 'two-b']);
  });
});
