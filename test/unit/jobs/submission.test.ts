import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkSubmission,
  hashDefinition,
  type JobDefinition,
  type Submission,
  toDefinition,
  toJobLabels,
} from '../../../src/jobs/submission.ts';

const submission: Submission = {
  name: 'counts',
  sql: 'INSERT INTO a SELECT 1',
  parallelism: 1,
  settings: { 'table.exec.state.ttl': '1 h', 'pipeline.object-reuse': 'true' },
  from: 'EARLIEST',
  startFrom: null,
  replace: false,
  idempotencyKey: null,
};
const definitions: fc.Arbitrary<JobDefinition> = fc.record({
  name: fc.string({ minLength: 1 }),
  sql: fc.string(),
  parallelism: fc.integer({ min: 1, max: 32_767 }),
  settings: fc.dictionary(fc.stringMatching(/^[a-z.-]{1,20}$/), fc.string()),
  from: fc.constantFrom('EARLIEST' as const, 'LATEST' as const),
});

describe('a submission', () => {
  test.each([
    [{ name: '' }],
    [{ name: ' counts' }],
    [{ name: 'a\nb' }],
    [{ name: 'a\u202eb' }],
    [{ name: 'x'.repeat(201) }],
    [{ name: 'top_users' }],
    [{ parallelism: 0 }],
    [{ parallelism: 1.5 }],
    [{ parallelism: 40_000 }],
    [{ idempotencyKey: '' }],
  ])('is refused with %o', (part) => {
    const check = () => checkSubmission({ ...submission, ...part }, new Set(['top_users']));
    expect(check).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  });

  test('may have any printable name', () => {
    for (const name of ['Zähler: "a" – 日本', 'x'.repeat(200)]) checkSubmission({ ...submission, name }, new Set());
  });

  test('is told apart by what it computes, not by the order of its settings nor by how it is asked for', () => {
    const hash = hashDefinition(submission);
    expect(hash).toMatch(/^[0-9a-f]{32}$/);
    const reversed = Object.fromEntries(Object.entries(submission.settings).reverse());
    expect(hashDefinition({ ...submission, settings: reversed, name: 'other' })).toBe(hash);
    for (const part of [{ sql: 'other' }, { parallelism: 2 }, { settings: {} }, { from: 'LATEST' as const }]) {
      expect(hashDefinition({ ...submission, ...part })).not.toBe(hash);
    }
  });

  test('comes back out of the labels of its job', () => {
    fc.assert(
      fc.property(definitions, (definition) => {
        const labels = JSON.parse(JSON.stringify(toJobLabels(definition, 'hash', 'key')));
        expect(toDefinition(labels)).toEqual(definition);
      }),
    );
  });

  test('is not read out of the labels of others', () => {
    expect(toDefinition({ 'sluice.view': 'top_users', 'sluice.sql': 'SELECT 1' })).toBeNull();
    expect(toDefinition({ 'sluice.job': 'a', 'sluice.sql': 'b', 'sluice.settings': 'no json' })).toMatchObject({
      settings: {},
    });
  });
});
