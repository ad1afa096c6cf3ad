import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCodec } from '#codec';
import { loadModel } from '#model';
import { demoEvents, demoTypes } from '../../../src/local/demo.ts';

/** Numbers that look random and are the same in every run. */
function seeded(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

describe('the demo', () => {
  it('makes events that fit the shipped declarations, for every stream that they have', async () => {
    const model = await loadModel(join(import.meta.dirname, '../../../schema'));
    const streams = new Map(
      model.sources.filter(({ kind }) => kind === 'stream').map((source) => [source.typeName, createCodec(source)]),
    );
    const random = seeded();
    const made = new Set<string>();
    for (let tick = 0; tick < 500; tick += 1) {
      for (const { typeName, events } of demoEvents(random, Date.parse('2026-01-31T12:00:00Z') + tick * 100)) {
        made.add(typeName);
        const codec = streams.get(typeName);
        for (const event of events) expect(codec?.decode(codec.encode(event))).toMatchObject({ ok: true });
      }
    }
    // What jobs that somebody submits are to fill is left to them.
    streams.delete('ClickCount');
    expect([...made].toSorted()).toEqual([...streams.keys()].toSorted());
    expect(demoTypes.toSorted()).toEqual([...made].toSorted());
  });

  it('has an anomaly now and then', () => {
    const random = seeded();
    const temperatures = Array.from({ length: 1000 }, () => demoEvents(random, 0))
      .flat()
      .filter(({ typeName }) => typeName === 'SensorReading')
      .flatMap(({ events }) => events.map(({ temperature }) => Number(temperature)));
    const anomalies = temperatures.filter((temperature) => temperature > 90).length;
    expect(anomalies).toBeGreaterThan(0);
    expect(anomalies).toBeLessThan(50);
  });
});
