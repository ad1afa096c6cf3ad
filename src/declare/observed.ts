import { toCanonicalDate, toCanonicalDateTime } from '#codec';
import { isJsonObject, JsonNumber } from './json-values.ts';

/** More different strings than this are no enum. */
const maxEnumValues = 12;
/** More different keys than this, or objects in more places, are not told apart any further. */
export const maxKeys = 200;
const smallestInt = -(2n ** 31n);
const largestInt = 2n ** 31n - 1n;
const smallestLong = -(2n ** 63n);
const largestLong = 2n ** 63n - 1n;
/** A double's decimal text has at most so many digits: a number with more was written by something exact. */
const doubleDigits = 17;
/** The digits of a Decimal. */
const maxDigits = 38;

/** What the strings of one place had in common. */
class ObservedStrings {
  count = 0;
  /** ISO 8601 with `Z`, as Flink reads them too. */
  instants = 0;
  /** ISO 8601 with another offset. */
  offsetTimes = 0;
  dates = 0;
  /** How often each came; null: there are too many for an enum. */
  values: Map<string, number> | null = new Map();

  add(text: string): void {
    this.count += 1;
    if (toCanonicalDate(text) !== null) this.dates += 1;
    else if (toCanonicalDateTime(text) !== null) {
      if (text.endsWith('Z')) this.instants += 1;
      else this.offsetTimes += 1;
    }
    if (this.values === null) return;
    this.values.set(text, (this.values.get(text) ?? 0) + 1);
    if (this.values.size > maxEnumValues) this.values = null;
  }
}

/** What the numbers of one place had in common. */
class ObservedNumbers {
  count = 0;
  areWhole = true;
  areInts = true;
  areLongs = true;
  areFinite = true;
  /** Some have more digits than a double keeps. */
  areExact = false;
  areDecimals = true;

  add({ text }: JsonNumber): void {
    this.count += 1;
    const digits = text.replace(/^-/, '');
    const isPlain = /^\d+(?:\.\d+)?$/.test(digits);
    if (!Number.isFinite(Number(text))) this.areFinite = false;
    if (!isPlain || digits.length > maxDigits) this.areDecimals = false;
    if (isPlain && digits.replace('.', '').replace(/^0+/, '').length > doubleDigits) this.areExact = true;
    if (!/^\d+$/.test(digits)) this.areWhole = false;
    else if (digits.length > maxDigits) this.areLongs = false;
    else this.#addWhole(BigInt(text));
  }

  #addWhole(value: bigint): void {
    if (value < smallestInt || value > largestInt) this.areInts = false;
    if (value < smallestLong || value > largestLong) this.areLongs = false;
  }
}

/** What was seen at one place of a sample's JSON values. Bounded: of the values only counts and a few texts are kept. */
export class Observed {
  nulls = 0;
  booleans = 0;
  objects = 0;
  lists = 0;
  readonly strings: ObservedStrings = new ObservedStrings();
  readonly numbers: ObservedNumbers = new ObservedNumbers();
  /** By key, in the order of their first appearance. */
  readonly members: Map<string, Observed> = new Map();
  /** There were more keys than are looked at. */
  hasMoreKeys = false;
  /** What the lists held; null until one held something. */
  items: Observed | null = null;
  readonly #depthLeft: number;

  /** Below that depth nothing is looked at. */
  constructor(depthLeft: number) {
    this.#depthLeft = depthLeft;
  }

  /** How many values were there that are not null. */
  get present(): number {
    return this.booleans + this.objects + this.lists + this.strings.count + this.numbers.count;
  }

  add(value: unknown): void {
    if (value === null) this.nulls += 1;
    else if (typeof value === 'string') this.strings.add(value);
    else if (typeof value === 'boolean') this.booleans += 1;
    else if (value instanceof JsonNumber) this.numbers.add(value);
    else if (Array.isArray(value)) this.#addList(value);
    else if (isJsonObject(value)) this.#addObject(value);
  }

  #addList(list: readonly unknown[]): void {
    this.lists += 1;
    if (this.#depthLeft === 0 || list.length === 0) return;
    this.items ??= new Observed(this.#depthLeft - 1);
    for (const item of list) this.items.add(item);
  }

  #addObject(object: Readonly<Record<string, unknown>>): void {
    this.objects += 1;
    if (this.#depthLeft === 0) return;
    for (const [key, value] of Object.entries(object)) {
      const known = this.members.get(key);
      if (known === undefined && this.members.size >= maxKeys) {
        this.hasMoreKeys = true;
        continue;
      }
      const member = known ?? new Observed(this.#depthLeft - 1);
      if (known === undefined) this.members.set(key, member);
      member.add(value);
    }
  }
}
