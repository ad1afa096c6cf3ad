import { describe, expect, it } from 'vitest';
import { toStartPoint, toSubmission } from '../../../src/graphql/job-inputs.ts';

const input = { name: 'counts', sql: 'INSERT …' };

describe('the input of submitJob', () => {
  it('has defaults for all but name and SQL', () => {
    expect(toSubmission(input)).toEqual({
      ...input,
      parallelism: 1,
      settings: {},
      from: 'EARLIEST',
      startFrom: null,
      replace: false,
      idempotencyKey: null,
    });
  });

  it('names each setting once', () => {
    const setting = { name: 'pipeline.object-reuse', value: 'true' };
    expect(toSubmission({ ...input, settings: [setting] }).settings).toEqual({ 'pipeline.object-reuse': 'true' });
    expect(() => toSubmission({ ...input, settings: [setting, setting] })).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT' }),
    );
  });

  it('chooses a state by saying so, never by saying no', () => {
    expect(toStartPoint('from', { savepoint: 'file:/a' })).toEqual({ kind: 'savepoint', path: 'file:/a' });
    expect(toStartPoint('from', { latest: true })).toEqual({ kind: 'latest' });
    expect(toStartPoint('from', { scratch: true })).toEqual({ kind: 'scratch' });
    expect(() => toStartPoint('from', { latest: false })).toThrow(/can only be true/);
  });
});
