import { describe, expect, it, vi } from 'vitest';
import { parseModel, type Source } from '#model';
import { openRegistry, registryOptions } from '#registry';
import { patience } from '../../support/patience.ts';
import { type FakeRegistry, openFakeRegistry } from './fake-registry.ts';

function declared(): Source {
  const text = 'type Click @stream(format: AVRO) { userId: ID! amount: Int! }';
  const parsed = parseModel([{ file: 'a.graphql', text }]);
  const source = parsed.ok ? parsed.model.sources[0] : undefined;
  if (!source) throw new Error('it does not parse');
  return source;
}

function avro(...fields: readonly (readonly [name: string, type: string])[]): string {
  return JSON.stringify({ type: 'record', name: 'Click', fields: fields.map(([name, type]) => ({ name, type })) });
}

const latestPath = '/subjects/clicks-value/versions/latest';
const fitting = avro(['user_id', 'string'], ['amount', 'int']);

async function open(registry: FakeRegistry, mode: 'check' | 'register') {
  const told: string[] = [];
  const tell = (_facts: object, message: string) => void told.push(message);
  const logger = { debug: tell, info: tell, warn: tell, error: tell };
  const settings = registryOptions.parse({ url: registry.url, mode, retryPausesMs: [] });
  const opened = await openRegistry({ settings, sources: [declared()], logger });
  await opened.settle();
  const schemas = opened.schemas.get('clicks');
  if (!schemas) throw new Error('no schemas of clicks');
  return { schemas, told, [Symbol.asyncDispose]: () => opened.close() };
}

describe('a declared stream and its subject', () => {
  it('that fit: new records are written with the latest version', async () => {
    await using registry = await openFakeRegistry();
    registry.answers.set(latestPath, { id: 12, schema: fitting });
    await using opened = await open(registry, 'check');
    expect(opened.schemas.writer).toMatchObject({ id: 12, schema: { type: 'AVRO', text: fitting } });
    expect(opened.schemas.problem).toBeNull();
    expect(opened.told).toEqual([]);
    expect(opened.schemas.byId(12)).toMatchObject({ text: fitting });
  });

  it('of which the latter is missing: said so, or registered where that is wanted', async () => {
    await using registry = await openFakeRegistry();
    await using checking = await open(registry, 'check');
    expect(checking.schemas.problem).toMatch(/^Click: the subject clicks-value is not in the schema registry/);
    expect(checking.told).toEqual([expect.stringContaining('SLUICE_REGISTRY_MODE=register')]);
    expect(registry.asked.filter((asked) => asked.startsWith('POST'))).toEqual([]);

    registry.answers.set('/subjects/clicks-value/versions', { id: 40 });
    await using registering = await open(registry, 'register');
    expect(registering.schemas.writer).toMatchObject({ id: 40 });
    expect(registering.told).toEqual(['Registered the declared type of Click as clicks-value (schema 40).']);
  });

  it('that contradict each other: every field is named, and nothing can be produced', async () => {
    await using registry = await openFakeRegistry();
    registry.answers.set(latestPath, { id: 12, schema: avro(['user_id', 'string'], ['amount', 'string']) });
    await using opened = await open(registry, 'check');
    expect(opened.schemas.writer).toBeNull();
    expect(opened.schemas.problem).toMatch(/clicks-value \(schema 12\) does not fit the declaration:\n {2}.*amount/);
    expect(opened.schemas.latest).toMatchObject({ type: 'AVRO' });
  });

  it('of which the latter allows more: told, and produced to all the same', async () => {
    await using registry = await openFakeRegistry();
    registry.answers.set(latestPath, { id: 12, schema: avro(['user_id', 'string'], ['amount', 'long']) });
    await using opened = await open(registry, 'check');
    expect(opened.schemas.writer).toMatchObject({ id: 12 });
    expect(opened.told).toEqual([expect.stringMatching(/allows more than the declaration:\n {2}.*amount/)]);
    expect(opened.schemas.note).toMatch(/^Click: .* allows more than the declaration:\n {2}.*amount/);
    expect(opened.schemas.trouble).toBeNull();
  });

  it('of which the latter is older: registered only where its own rules allow it', async () => {
    await using registry = await openFakeRegistry();
    registry.answers.set(latestPath, { id: 12, schema: avro(['user_id', 'string']) });
    registry.answers.set('/subjects/clicks-value/versions', { id: 13 });
    const rules = '/compatibility/subjects/clicks-value/versions/latest?verbose=true';
    registry.answers.set(rules, { is_compatible: false, messages: ['a field has no default'] });
    await using refused = await open(registry, 'register');
    expect(refused.schemas.problem).toMatch(/by the subject's own rules:\n {2}a field has no default/);
    registry.answers.set(rules, { is_compatible: true });
    await using allowed = await open(registry, 'register');
    expect(allowed.schemas.writer).toMatchObject({ id: 13 });
    registry.answers.delete('/subjects/clicks-value/versions');
    await using failed = await open(registry, 'register');
    expect(failed.schemas.trouble).toMatch(
      /^Click: the subject clicks-value cannot be made to fit the declaration: .*no /,
    );
    expect(failed.schemas.latest).toMatchObject({ type: 'AVRO' });
  });

  it('are held against each other as soon as the registry is there', async () => {
    await using registry = await openFakeRegistry();
    registry.answers.set(latestPath, { id: 12, schema: fitting });
    let isAway = true;
    registry.spoil = (_request, response) => isAway && Boolean(response.writeHead(503).end());
    await using opened = await open(registry, 'check');
    expect(opened.schemas.writer).toBeNull();
    expect(opened.schemas.latest).toBeUndefined();
    expect(opened.schemas.trouble).toMatch(/^Click: the subject clicks-value cannot be checked: .* says 503/);
    const { revision } = opened.schemas;
    expect(opened.told).toEqual([expect.stringMatching(/cannot be checked: .* says 503.*\nThe gateway serves/)]);
    isAway = false;
    await vi.waitFor(() => expect(opened.schemas.writer).toMatchObject({ id: 12 }), patience);
    expect(opened.schemas.trouble).toBeNull();
    expect(opened.schemas.latest).toMatchObject({ text: fitting });
    expect(opened.schemas.revision).toBeGreaterThan(revision);
  });
});
