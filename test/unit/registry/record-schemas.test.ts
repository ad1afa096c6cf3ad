import { describe, expect, it, vi } from 'vitest';
import type { RegisteredSchema } from '#codec';
import { SluiceError } from '#errors';
import { RecordSchemas } from '../../../src/registry/record-schemas.ts';
import { SchemaCache } from '../../../src/registry/schema-cache.ts';
import { patience } from '../../support/patience.ts';
import { framed } from './fake-registry.ts';

/** Schemas 1 to 999 exist; what is asked for is noted, and the answers can be held back. */
function world(parts: { readonly waitMs?: number; readonly burst?: number } = {}) {
  const asked: number[] = [];
  const clock = { ms: 0 };
  const state = { isAway: false, gate: Promise.resolve() };
  const cache = new SchemaCache({
    forgetMs: 10_000,
    pauseMs: 2_000,
    signal: AbortSignal.abort(),
    now: () => clock.ms,
    async fetch(id): Promise<RegisteredSchema> {
      asked.push(id);
      await state.gate;
      if (state.isAway) throw new SluiceError('REGISTRY_UNAVAILABLE', 'nobody is there');
      if (id > 999) throw new SluiceError('NOT_FOUND', 'none');
      return { type: 'AVRO', text: `${id}`, references: [] };
    },
  });
  const { waitMs = 5_000, burst = 200 } = parts;
  const sides = { key: true, value: true };
  const records = new RecordSchemas({ cache, sides, waitMs, burst, perSecond: 20, now: () => clock.ms });
  const prepare = (...ids: readonly number[]) => records.prepare(ids.map((id) => ({ key: null, value: framed(id) })));
  return { asked, clock, state, cache, records, prepare };
}

describe('the schemas of records', () => {
  it('are fetched once, whoever asks, and then for good', async () => {
    const { asked, prepare, clock, cache } = world();
    await Promise.all([prepare(1, 1, 2), prepare(2, 1)]);
    expect(asked).toEqual([1, 2]);
    clock.ms += 1e9;
    expect(prepare(1, 2, 1)).toBeNull();
    expect(cache.get(2)).toMatchObject({ text: '2' });
  });

  it('are looked for in keys, too, and not in what carries no id', async () => {
    const { asked, records } = world();
    const bare = [Buffer.alloc(0), Buffer.from([0, 0, 0, 1]), Buffer.from('{"a":12}'), null];
    expect(records.prepare(bare.map((value) => ({ key: value, value })))).toBeNull();
    await records.prepare([{ key: framed(5), value: framed(6) }]);
    expect(asked.toSorted()).toEqual([5, 6]);
  });

  it('that do not exist are said so, and not asked for again for a while', async () => {
    const { asked, prepare, clock, cache } = world();
    await prepare(4_000);
    expect(cache.get(4_000)).toMatchObject({ type: 'FAULT', reason: 'the schema registry has no schema 4000' });
    await prepare(4_000);
    expect(asked).toEqual([4_000]);
    clock.ms += 10_001;
    await prepare(4_000);
    expect(asked).toEqual([4_000, 4_000]);
  });

  it('are not waited for while the registry is away, and asked for again when it is back', async () => {
    const { asked, prepare, clock, cache, state } = world();
    await prepare(1);
    state.isAway = true;
    await prepare(2);
    expect(cache.get(2)).toMatchObject({ type: 'FAULT', retry: true });
    await prepare(2, 3);
    expect(asked).toEqual([1, 2]);
    expect(cache.get(1)).toMatchObject({ text: '1' });
    state.isAway = false;
    clock.ms += 2_001;
    await prepare(2, 3);
    expect(cache.get(3)).toMatchObject({ text: '3' });
    expect(cache.get(2)).toMatchObject({ text: '2' });
  });

  it('keep records back no longer than stated, and come to those after them', async () => {
    const { prepare, clock, cache, state } = world({ waitMs: 20 });
    const held = Promise.withResolvers<void>();
    state.gate = held.promise;
    await prepare(1);
    expect(cache.get(1)).toMatchObject({ type: 'FAULT', retry: true });
    const late = cache.load(1);
    held.resolve();
    await late;
    clock.ms += 2_001;
    await prepare(1);
    expect(cache.get(1)).toMatchObject({ text: '1' });
  });

  it('of made-up ids make no flood', async () => {
    const { asked, prepare, clock } = world({ burst: 50 });
    for (let round = 0; round < 100; round += 1) {
      await prepare(...Array.from({ length: 100 }, (_, index) => 1_000_000 + round * 100 + index));
    }
    expect(asked).toHaveLength(50);
    clock.ms += 1_000;
    await prepare(...Array.from({ length: 100 }, (_, index) => 2_000_000 + index));
    expect(asked).toHaveLength(70);
  });
});

describe('the cache of schemas', () => {
  it('says that the registry does not answer, until it does again, although nobody asks', async () => {
    const ending = new AbortController();
    let failures = 2;
    const cache = new SchemaCache({
      forgetMs: 1e9,
      pauseMs: 1,
      signal: ending.signal,
      now: () => 0,
      async fetch() {
        failures -= 1;
        if (failures >= 0) throw new SluiceError('REGISTRY_UNAVAILABLE', 'nobody is there');
        throw new SluiceError('NOT_FOUND', 'none');
      },
    });
    await cache.load(7);
    expect(cache.away).toBe('the schema 7 is not at hand: nobody is there');
    await vi.waitFor(() => expect(cache.away).toBeNull(), patience);
    expect(failures).toBe(-1);
    ending.abort();
  });

  it('keeps no more failures and schemas than it has room for', async () => {
    let fetched = 0;
    const cache = new SchemaCache({
      forgetMs: 1e9,
      pauseMs: 1,
      signal: AbortSignal.abort(),
      now: () => 0,
      async fetch(id) {
        fetched += 1;
        if (id >= 100_000) throw new SluiceError('NOT_FOUND', 'none');
        return { type: 'AVRO', text: 'x'.repeat(1024 * 1024), references: [] };
      },
    });
    for (let id = 100_000; id < 110_500; id += 1) await cache.load(id);
    expect(cache.get(100_000)).toBeUndefined();
    expect(cache.get(110_499)).toMatchObject({ type: 'FAULT' });
    for (let id = 0; id < 70; id += 1) await cache.load(id);
    expect(cache.get(0)).toBeUndefined();
    expect(cache.get(69)).toMatchObject({ type: 'AVRO' });
    expect(fetched).toBe(10_570);
  });
});
