import { NumberText } from './exact-numbers.ts';

const maxShownCharacters = 60;

/** Thrown inside this room when a value does not fit its declared type. Carries no stack: records of others may be bad by the million. */
export class Misfit {
  readonly what: string;
  /** Names and list indices from the record down to the value, filled in on the way up. */
  readonly path: (string | number)[] = [];

  constructor(what: string) {
    this.what = what;
  }

  /** The sentence for a person, for example: field `items[2].cnt`: expected BigInt, got the string "abc". */
  get reason(): string {
    if (this.path.length === 0) return this.what;
    const place = this.path.map((step, depth) =>
      typeof step === 'number' ? `[${step}]` : depth === 0 ? step : `.${step}`,
    );
    return `field \`${place.join('')}\`: ${this.what}`;
  }
}

/** The misfit for a value of the wrong sort: "expected Int, got the string "abc"". */
export function unexpected(expected: string, value: unknown): Misfit {
  return new Misfit(`expected ${expected}, got ${show(value)}`);
}

/** What was thrown; where it is a misfit, now with the place at which it was met. */
export function placed(thrown: unknown, place: string | number | null | undefined): unknown {
  if (thrown instanceof Misfit && place !== null && place !== undefined) thrown.path.unshift(place);
  return thrown;
}

/** Names a value for a person, cut short when it is long. */
function show(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string')
    return `the string ${cut(JSON.stringify(value.slice(0, maxShownCharacters + 1)), value.length)}`;
  if (value instanceof NumberText) return `the number ${cut(value.text, 0)}`;
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object';
  return typeof value === 'boolean' ? `${value}` : `the number ${cut(String(value), 0)}`;
}

function cut(text: string, length: number): string {
  return length > maxShownCharacters || text.length > maxShownCharacters + 2
    ? `${text.slice(0, maxShownCharacters)}…`
    : text;
}
