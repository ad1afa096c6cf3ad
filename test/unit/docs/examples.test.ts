import { readdirSync } from 'node:fs';
import { parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createCodec, declaredSchema, type Schemas } from '#codec';
import { loadConfig } from '#config';
import { exampleOperations } from '#graphql';
import { loadModel } from '#model';
import { demoEvents } from '../../../src/local/demo.ts';
import { printDdl } from '../../../src/print-ddl.ts';
import { schemaOf } from '../../../src/schema-of.ts';

const folder = new URL('../../../docs/examples/', import.meta.url);
const examples = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());

describe.each(examples.map(({ name }) => name))('docs/examples/%s', (name) => {
  const load = () => loadModel(new URL(name, folder).pathname);

  it('loads, and its schema accepts every operation that GraphiQL opens with', async () => {
    const model = await load();
    const schema = schemaOf(model);
    for (const text of exampleOperations(model)) expect(validate(schema, parse(text))).toEqual([]);
  });

  it('has a table in SQL for each stream and view', async () => {
    const model = await load();
    const ddl = printDdl(model, loadConfig({}, []));
    for (const { topic } of model.sources) expect(ddl).toContain(`CREATE TABLE IF NOT EXISTS \`source\`.\`${topic}\``);
  });

  it('takes the demo events', async () => {
    const { sources } = await load();
    const events = demoEvents(() => 0, Date.now());
    for (const source of sources.filter(({ kind }) => kind === 'stream')) {
      const writer = { id: 1, schema: declaredSchema(source) };
      const schemas: Schemas = { byId: () => writer.schema, writer };
      const codec = createCodec(source, schemas);
      const own = events.find(({ typeName }) => typeName === source.typeName)?.events ?? [];
      expect(own, source.typeName).not.toEqual([]);
      for (const event of own) expect(codec.decode(codec.encode(event)).ok).toBe(true);
    }
  });
});
