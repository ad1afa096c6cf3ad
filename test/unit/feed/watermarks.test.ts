import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Watermarks } from '#feed';

const position = (...offsets: number[]) => new Map(offsets.map((offset, partition) => [partition, BigInt(offset)]));

/** A topic of two partitions that grows, with a watermark after each step. */
const steps = fc.array(fc.record({ first: fc.nat(5), second: fc.nat(5), gainMs: fc.integer({ min: -3, max: 10 }) }), {
  minLength: 1,
  maxLength: 60,
});

describe('the watermark of a position', () => {
  it('is the greatest of those whose ends it has passed in every partition', () => {
    fc.assert(
      fc.property(steps, fc.nat(200), fc.nat(200), (grown, first, second) => {
        const watermarks = new Watermarks();
        const claims: { watermarkMs: number; ends: Map<number, bigint> }[] = [];
        const end = { first: 0, second: 0, watermarkMs: 1_000 };
        for (const step of grown) {
          end.first += step.first;
          end.second += step.second;
          end.watermarkMs += step.gainMs;
          const claim = { watermarkMs: end.watermarkMs, ends: position(end.first, end.second) };
          claims.push(claim);
          watermarks.add({ ...claim, topicId: 'a' });
        }
        const passed = claims.filter(({ ends }) => (ends.get(0) ?? 0n) <= first && (ends.get(1) ?? 0n) <= second);
        const greatest = passed.length === 0 ? null : Math.max(...passed.map(({ watermarkMs }) => watermarkMs));
        expect(watermarks.at('a', position(first, second))).toBe(greatest);
      }),
    );
  });

  it('is unknown for another topic of the same name, and for a partition that was not read', () => {
    const watermarks = new Watermarks();
    watermarks.add({ watermarkMs: 5, topicId: 'a', ends: position(3, 0, 1) });
    expect(watermarks.at('b', position(9, 9, 9))).toBeNull();
    expect(watermarks.at('a', position(9, 9))).toBeNull();
    expect(
      watermarks.at(
        'a',
        new Map([
          [0, 3n],
          [2, 1n],
        ]),
      ),
    ).toBe(5);
  });

  it('begins anew with a topic that was made anew', () => {
    const watermarks = new Watermarks();
    watermarks.add({ watermarkMs: 5, topicId: 'a', ends: position(3) });
    watermarks.add({ watermarkMs: 4, topicId: 'b', ends: position(1) });
    expect(watermarks.latestMs).toBe(4);
    expect(watermarks.at('b', position(3))).toBe(4);
    watermarks.clear();
    expect(watermarks.latestMs).toBeNull();
  });

  it('keeps the newest claims for readers that are far behind', () => {
    const watermarks = new Watermarks();
    for (let index = 1; index <= 1_000; index += 1)
      watermarks.add({ watermarkMs: index, topicId: 'a', ends: position(index) });
    expect(watermarks.at('a', position(1_000))).toBe(1_000);
    expect(watermarks.at('a', position(990))).toBe(990);
    expect(watermarks.at('a', position(1))).toBeNull();
  });
});
