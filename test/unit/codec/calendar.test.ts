import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toCanonicalDateTime } from '#codec';

const digits = (count: number, max: number) =>
  fc.integer({ min: 0, max }).map((value) => String(value).padStart(count, '0'));

/** Texts of the canonical shape, with parts that may be a little too large. */
const shaped = fc
  .tuple(digits(4, 9999), digits(2, 13), digits(2, 32), digits(2, 25), digits(2, 61), digits(2, 61), digits(3, 999))
  .map(([year, month, day, hour, minute, second, ms]) => `${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);

/** Whether the text is what `Date` itself writes for the moment that it reads. */
function isMoment(text: string): boolean {
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString() === text;
}

describe('a moment in its canonical form', () => {
  it('is taken as it is when there is such a moment, and refused when there is none', () => {
    fc.assert(
      fc.property(shaped, (text) => {
        expect(toCanonicalDateTime(text)).toBe(isMoment(text) ? text : null);
      }),
      { numRuns: 2000 },
    );
  });

  it('may be any day of a leap year and of a common one, and no other', () => {
    for (const year of ['1900', '2000', '2023', '2024']) {
      for (let month = 0; month <= 13; month++) {
        for (let day = 0; day <= 32; day++) {
          const date = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
          const text = `${date}T23:59:59.999Z`;
          expect(toCanonicalDateTime(text), text).toBe(isMoment(text) ? text : null);
        }
      }
    }
  });

  it('is not a text with one character changed to another sort', () => {
    const text = '2026-11-21T10:20:30.405Z';
    for (let at = 0; at < text.length; at++) {
      for (const other of ['x', ' ', '/', ':', '٣']) {
        const changed = text.slice(0, at) + other + text.slice(at + 1);
        if (changed !== text) expect(toCanonicalDateTime(changed), changed).toBeNull();
      }
    }
  });
});
