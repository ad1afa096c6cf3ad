import { join } from 'node:path';
import { parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { exampleOperations, printSortedSchema } from '#graphql';
import { loadModel } from '#model';
import { schemaOf } from '../../support/schema-of.ts';

const model = await loadModel(join(import.meta.dirname, '../../../schema'));

describe('the schema of the shipped examples', () => {
  it('is the one that is checked in', async () => {
    await expect(`${printSortedSchema(schemaOf(model))}\n`).toMatchFileSnapshot('examples.schema.graphql');
  });

  it('accepts every operation that GraphiQL opens with', () => {
    const schema = schemaOf(model);
    const operations = exampleOperations(model);
    expect(operations.length).toBeGreaterThan(4);
    for (const text of operations) expect(validate(schema, parse(text))).toEqual([]);
  });
});
