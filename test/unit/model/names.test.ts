import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toMilliseconds } from '../../../src/model/duration.ts';
import { didYouMean, toCamelCase, toPlural, toSnakeCase } from '../../../src/model/names.ts';

describe('names', () => {
  it.each([
    ['userId', 'user_id'],
    ['cURL', 'c_url'],
    ['HTTPServer', 'http_server'],
    ['UserClick', 'user_click'],
    ['p95Ms', 'p95_ms'],
    ['already_there', 'already_there'],
  ])('%s is %s in SQL', (name, snake) => {
    expect(toSnakeCase(name)).toBe(snake);
  });

  it.each([
    ['click', 'clicks'],
    ['city', 'cities'],
    ['day', 'days'],
    ['box', 'boxes'],
    ['status', 'statuses'],
    ['match', 'matches'],
    ['dish', 'dishes'],
  ])('many of %s are %s', (noun, plural) => {
    expect(toPlural(noun)).toBe(plural);
  });

  it.each([
    ['UserClick', 'userClick'],
    ['HTTPCall', 'httpCall'],
    ['IP', 'ip'],
    ['A', 'a'],
  ])('the field of %s is %s', (typeName, camel) => {
    expect(toCamelCase(typeName)).toBe(camel);
  });

  it('are suggested when near, and not when far', () => {
    expect(didYouMean('topik', ['key', 'topic'])).toBe(' Did you mean "topic"?');
    expect(didYouMean('zebra', ['key', 'topic'])).toBe('');
  });
});

describe('a duration', () => {
  it.each(['', 'P', 'PT', 'P1DT', '7D', 'P1Y', 'P1M', 'P-1D', 'PT1.5M', 'P1H', 'pt1s', 'PT0.0001S'])(
    'is not %s',
    (text) => {
      expect(toMilliseconds(text)).toBeNull();
    },
  );

  it('counts its weeks, days, hours, minutes, seconds and thousandths', () => {
    const part = fc.option(fc.nat(999), { nil: undefined });
    fc.assert(
      fc.property(part, part, part, part, part, fc.nat(999), (weeks, days, hours, minutes, seconds, thousandths) => {
        const print = (value: number | undefined, unit: string) => (value === undefined ? '' : `${value}${unit}`);
        const fraction = seconds === undefined ? '' : `${seconds}.${String(thousandths).padStart(3, '0')}S`;
        const time = `${print(hours, 'H')}${print(minutes, 'M')}${fraction}`;
        const date = `${print(weeks, 'W')}${print(days, 'D')}`;
        fc.pre(date + time !== '');
        const total = (((weeks ?? 0) * 7 + (days ?? 0)) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0);
        const wanted = total * 60_000 + (seconds === undefined ? 0 : seconds * 1000 + thousandths);
        expect(toMilliseconds(`P${date}${time === '' ? '' : `T${time}`}`)).toBe(wanted);
      }),
    );
  });
});
