import { type ExecutionResult, execute, parse, printType, subscribe, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createCursors, Feeds } from '#feed';
import { createSchema, serveSource } from '#graphql';
import { MemoryLog } from '../../support/memory-log.ts';
import { openNoFlink } from '../../support/no-flink.ts';
import { modelOf } from '../flink/models.ts';

const declaration = `
  enum Level { LOW HIGH }
  type Device @stream(topic: "devices", plural: "devices", key: ["id"], cleanup: COMPACT, partitions: 1) {
    id: ID!
    level: Level
    weight: BigInt
    price: Decimal
    tags: [String!]
    extra: JSON
  }
`;

/** A gateway over a log in memory. */
function open() {
  const model = modelOf(declaration);
  const log = new MemoryLog(1);
  const schema = createSchema({
    model,
    sources: model.sources.map((source) => serveSource(source)),
    feeds: new Feeds({ log }),
    cursors: createCursors([Buffer.alloc(32, 1)]),
    writer: { write: () => Promise.resolve([]), close: () => Promise.resolve() },
    flink: openNoFlink(model),
    errorLog: { error: () => undefined },
    produceTimeoutMs: 1000,
    queryTimeoutMs: 1000,
    now: Date.now,
  });
  const run = async (text: string, variableValues: Record<string, unknown> = {}) => {
    const document = parse(text);
    const errors = validate(schema, document);
    const result =
      errors.length > 0 ? { errors } : await execute({ schema, document, variableValues, contextValue: {} });
    return plain(result);
  };
  const listen = async (text: string) => {
    const result = await subscribe({ schema, document: parse(text), contextValue: {} });
    if (!(Symbol.asyncIterator in result)) return { error: plain(result).errors[0], pages: null };
    return { error: null, pages: result };
  };
  const put = (id: string, values: object | null) =>
    log.append(0, values && JSON.stringify({ id, ...values }), { key: id });
  return { schema, run, listen, put };
}

const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
const next = async (pages: AsyncIterator<ExecutionResult>) => plain((await pages.next()).value);
const idsOf = (result: { data: { devices: { nodes: { id: string }[] } } }) =>
  result.data.devices.nodes.map(({ id }) => id);

describe('the fields of a table', () => {
  it('take an order by the columns that have one, and no from and until in the query', () => {
    const { schema } = open();
    const query = schema.getQueryType()?.getFields().devices;
    expect(query?.args.map(({ name }) => name).toSorted()).toEqual(['after', 'first', 'orderBy', 'where']);
    const names = schema
      .getSubscriptionType()
      ?.getFields()
      .devices?.args.map(({ name }) => name);
    expect(names).toContain('from');
    const orderBy = schema.getType('DeviceOrderBy');
    expect(orderBy && printType(orderBy).replaceAll(/\s*"""[^"]*"""\s*/g, ' ')).toBe(
      ' input DeviceOrderBy @oneOf { id: SortOrder level: SortOrder price: SortOrder weight: SortOrder\n}',
    );
  });

  it('answer with the present rows in the order that is asked for, over pages', async () => {
    const { run, put } = open();
    put('a', { level: 'HIGH', weight: '9007199254740993', price: '10' });
    put('b', { level: 'LOW', weight: '9007199254740992', price: '9.5' });
    put('c', { level: 'LOW', weight: 3, price: '1e1' });
    put('d', {});
    put('e', {});
    put('e', null);
    const by = async (orderBy: string) => idsOf(await run(`{ devices(orderBy: ${orderBy}) { nodes { id } } }`));
    expect(await by('[]')).toEqual(['a', 'b', 'c', 'd']);
    expect(await by('{ level: ASC }')).toEqual(['b', 'c', 'a', 'd']);
    expect(await by('{ weight: DESC }')).toEqual(['d', 'a', 'b', 'c']);
    expect(await by('[{ price: ASC }, { id: DESC }]')).toEqual(['b', 'c', 'a', 'd']);

    const document = `query ($after: Cursor, $orderBy: [DeviceOrderBy!]) {
      devices(first: 1, after: $after, orderBy: $orderBy) { nodes { id } pageInfo { endCursor hasNextPage } } }`;
    const seen: string[] = [];
    let after: string | null = null;
    for (let pages = 0; pages < 9; pages += 1) {
      const page = await run(document, { after, orderBy: [{ weight: 'DESC' }] });
      seen.push(...idsOf(page));
      after = page.data.devices.pageInfo.endCursor;
      if (!page.data.devices.pageInfo.hasNextPage) break;
    }
    expect(seen).toEqual(['d', 'a', 'b', 'c']);
  });

  it('refuse an order that names no column, or more than one at a time', async () => {
    const { run } = open();
    for (const orderBy of ['{ tags: ASC }', '{ id: ASC, level: ASC }', '{}', '{ id: null }']) {
      const { errors } = await run(`{ devices(orderBy: ${orderBy}) { nodes { id } } }`);
      expect(errors, orderBy).toHaveLength(1);
    }
    const many = Array.from({ length: 11 }, () => '{ id: ASC }').join();
    expect(await run(`{ devices(orderBy: [${many}]) { nodes { id } } }`)).toMatchObject({
      errors: [{ message: 'Argument "orderBy": at most 10 columns are allowed.' }],
    });
  });

  it('refuse to subscribe in the middle of the pages, and lose nothing at their end', async () => {
    const { run, listen, put } = open();
    put('a', {});
    put('b', {});
    const ask = async (rest: string) =>
      (await run(`{ devices(first: 1 ${rest}) { edges { cursor } pageInfo { endCursor hasNextPage } } }`)).data.devices;
    const first = await ask('');
    for (const cursor of [first.pageInfo.endCursor, first.edges[0].cursor]) {
      const { error } = await listen(`subscription { devices(after: "${cursor}") { nodes { id } } }`);
      expect(error?.message).toMatch(/in the middle of the pages of a query/);
    }
    put('a', null);
    const last = await ask(`after: "${first.pageInfo.endCursor}"`);
    expect(last.pageInfo.hasNextPage).toBe(false);
    expect(last.edges[0].cursor).toBe(last.pageInfo.endCursor);
    const { pages } = await listen(
      `subscription { devices(after: "${last.pageInfo.endCursor}") { edges { operation node { id } record { key } } } }`,
    );
    if (!pages) throw new Error('It was refused.');
    await next(pages);
    expect(await next(pages)).toEqual({
      data: { devices: { edges: [{ operation: 'DELETE', node: null, record: { key: 'a' } }] } },
    });
    await pages.return(undefined);
  });

  it('subscribe to the rows that fit, and end those that no longer do', async () => {
    const { listen, put } = open();
    put('a', { level: 'HIGH' });
    put('b', { level: 'LOW' });
    const { pages } = await listen(`subscription {
      devices(where: { level: { eq: HIGH } }) { edges { operation node { id } record { key } } pageInfo { live endCursor } } }`);
    if (!pages) throw new Error('It was refused.');
    const first = (await next(pages)).data.devices;
    expect(first).toMatchObject({ edges: [], pageInfo: { live: false } });
    expect((await next(pages)).data.devices).toMatchObject({
      edges: [{ operation: 'UPSERT', node: { id: 'a' } }],
      pageInfo: { live: true },
    });
    put('b', { level: 'LOW' });
    put('a', { level: 'LOW' });
    expect((await next(pages)).data.devices).toMatchObject({
      edges: [{ operation: 'DELETE', node: null, record: { key: 'a' } }],
    });
    await pages.return(undefined);
    // A subscription that was cut off before the rows came begins with them again.
    const again = await listen(
      `subscription { devices(after: "${first.pageInfo.endCursor}") { nodes { id } pageInfo { live } } }`,
    );
    if (!again.pages) throw new Error('It was refused.');
    expect((await next(again.pages)).data.devices).toEqual({ nodes: [], pageInfo: { live: false } });
    expect((await next(again.pages)).data.devices).toEqual({
      nodes: [{ id: 'a' }, { id: 'b' }],
      pageInfo: { live: true },
    });
    await again.pages.return(undefined);
  });
});
