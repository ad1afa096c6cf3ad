import { describe, expect, test } from 'vitest';
import { hashView, toJobId } from '../../../src/jobs/view-hash.ts';
import { type ClicksParts, clicksModel, viewOf } from '../flink/models.ts';

function hashOf(parts: ClicksParts = {}): string {
  const model = clicksModel(parts);
  return hashView(viewOf(model, 'top_users'), model);
}

describe('the hash of a view', () => {
  test('is the same today as ever: a change of it makes every running view start afresh', () => {
    expect(hashOf()).toBe('a21c87a8582cf2f5765d2d83ed0e1250');
  });

  test.each<[string, ClicksParts]>([
    ['its SQL', { select: 'SELECT user_id, SUM(1) AS cnt FROM user_clicks GROUP BY user_id' }],
    ['the type of a field', { cnt: 'Int!' }],
    ['whether a field is required', { cnt: 'BigInt' }],
    ['its key', { arguments: 'key: ["userId"]' }],
    ['its parallelism', { arguments: 'parallelism: 2' }],
    ['how long it keeps state', { arguments: 'stateTtl: "PT1H"' }],
    ['where it starts to read', { arguments: 'from: LATEST' }],
    ['its guarantee', { arguments: 'guarantee: EXACTLY_ONCE' }],
    ['the watermark of a stream that it reads', { delay: 'PT2S' }],
  ])('changes with %s', (_what, parts) => {
    expect(hashOf(parts)).not.toBe(hashOf());
  });

  test.each<[string, ClicksParts]>([
    ['a description', { description: 'Other words.' }],
    ['a new field of a stream that it reads', { streamFields: 'referrer: String' }],
    ['the retention of its topic', { arguments: 'retention: "P1D"' }],
  ])('does not change with %s', (_what, parts) => {
    expect(hashOf(parts)).toBe(hashOf());
  });
});

describe('the id of a job', () => {
  test('is 32 hex digits and depends on view, hash and predecessor alone', () => {
    const id = toJobId('v', 'h', null);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(toJobId('v', 'h', null)).toBe(id);
    expect(new Set([id, toJobId('w', 'h', null), toJobId('v', 'i', null), toJobId('v', 'h', id)]).size).toBe(4);
  });
});
