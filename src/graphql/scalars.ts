import { GraphQLError, GraphQLScalarType, Kind, print, type ValueNode } from 'graphql';
import { GraphQLDateTime, GraphQLJSON, GraphQLLocalDate, GraphQLLocalTime } from 'graphql-scalars';

const smallestLong = -(2n ** 63n);
const largestLong = 2n ** 63n - 1n;
const maxDecimalDigits = 38;
const maxShownCharacters = 80;

/** What makes a scalar that is written as text or as a number. */
interface PlainScalar {
  readonly name: string;
  readonly description: string;
  /** What it takes, for whoever gave something else. */
  readonly wanted: string;
  /** Kinds of literals beside strings. They are parsed from their text, with all its digits. */
  readonly literals?: readonly Kind[];
  /** Makes the value; throws for what it does not take. */
  readonly parse: (value: unknown) => unknown;
  readonly serialize?: (value: unknown) => unknown;
}

/** A scalar that says of what it refuses what was given, what is wanted and, of a literal, where it stands. */
function plainScalar({ name, description, wanted, literals = [], parse, serialize }: PlainScalar): GraphQLScalarType {
  const refuse = (given: string, node: ValueNode | null) =>
    new GraphQLError(`${name} cannot represent ${cut(given)}: ${wanted} is wanted.`, { nodes: node });
  return new GraphQLScalarType({
    name,
    description,
    serialize: serialize ?? String,
    parseValue: (value) => {
      try {
        return parse(value);
      } catch {
        throw refuse(JSON.stringify(value) ?? String(value), null);
      }
    },
    parseLiteral: (node) => {
      const isTaken = node.kind === Kind.STRING || literals.includes(node.kind);
      try {
        return parse(isTaken && 'value' in node ? node.value : null);
      } catch {
        throw refuse(print(node), node);
      }
    },
  });
}

function cut(text: string): string {
  return text.length > maxShownCharacters ? `${text.slice(0, maxShownCharacters)}…` : text;
}

/**
 * A 64-bit integer: a string in answers, a string or an integer in arguments. Our own: that of graphql-scalars is now a
 * number, now a string, and writes a warning to the console.
 */
export const bigIntScalar = plainScalar({
  name: 'BigInt',
  description:
    'A 64-bit signed integer. A string in answers, so that no client loses digits; a string or an integer in arguments.',
  wanted: 'an integer of up to 64 bits, as a string or, while it is exact, as a number,',
  literals: [Kind.INT],
  parse: toBigInt,
});

/** A number where it is exact, else a bigint. */
function toBigInt(value: unknown): number | bigint {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  if (!/^-?\d{1,19}$/.test(text) || (typeof value === 'number' && !Number.isSafeInteger(value))) throw new RangeError();
  const exact = BigInt(text);
  if (exact < smallestLong || exact > largestLong) throw new RangeError();
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : exact;
}

/** What most clients send: UTC with up to milliseconds. The date itself is checked by Date. */
const utcTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;

/** A moment: ISO-8601 with milliseconds and `Z` in answers, any RFC 3339 text in arguments. */
export const dateTimeScalar = plainScalar({
  name: 'DateTime',
  description: 'A moment, RFC 3339. In answers always UTC with `Z`, such as 2026-01-31T12:00:00.000Z.',
  wanted: 'a moment as RFC 3339 writes it, with a time zone, such as "2026-01-31T12:00:00Z",',
  serialize: (value) =>
    typeof value === 'number' || value instanceof Date ? new Date(value).toISOString() : String(value),
  parse: toMoment,
});

/** Canonical already, of a day that each year has: what programs send most of the time. */
const canonicalTime =
  /^\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

/** The canonical text. The common form is not taken through the validation of graphql-scalars, which costs 1 µs. */
function toMoment(value: unknown): string {
  if (typeof value === 'string' && canonicalTime.test(value)) return value;
  if (typeof value === 'string' && utcTime.test(value)) {
    const moment = new Date(value);
    const text = Number.isNaN(moment.getTime()) ? '' : moment.toISOString();
    // Date moves the 30th of February to March; what was written must be what is meant.
    if (text.startsWith(value.slice(0, 19))) return text;
  }
  const parsed = GraphQLDateTime.parseValue(value);
  return new Date(parsed).toISOString();
}

/** A calendar day. */
export const dateScalar = plainScalar({
  name: 'Date',
  description: 'A calendar day without a time zone, such as 2026-01-31.',
  wanted: 'a calendar day such as "2026-01-31"',
  parse: (value) => GraphQLLocalDate.parseValue(value),
});

/** A time of day. Fractions of a second may have one to three digits: answers have no more than there are. */
export const timeScalar = plainScalar({
  name: 'Time',
  description: 'A time of day without a time zone, such as 12:30:00.',
  wanted: 'a time of day such as "12:30:00" or "12:30:00.125"',
  parse: toTimeOfDay,
});

function toTimeOfDay(value: unknown): string {
  const text = typeof value === 'string' ? value.replace(/\.\d{1,2}$/, (fraction) => fraction.padEnd(4, '0')) : value;
  return GraphQLLocalTime.parseValue(text);
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Bytes as base64. Our own: that of graphql-scalars takes base64 that could be hexadecimal, such as `beef`, for that. */
export const bytesScalar = plainScalar({
  name: 'Bytes',
  description: 'Bytes, as base64 text.',
  wanted: 'base64 text, padded with "=", such as "aGk=",',
  serialize: (value) => (Buffer.isBuffer(value) ? value.toString('base64') : value),
  parse: toBase64,
});

/** The canonical text: the unused bits of the last character are 0. */
function toBase64(value: unknown): string {
  if (typeof value !== 'string' || !base64.test(value)) throw new TypeError();
  return Buffer.from(value, 'base64').toString('base64');
}

/** An exact decimal number, as text. */
export const decimalScalar = plainScalar({
  name: 'Decimal',
  description: 'An exact decimal number of up to 38 digits. A string in answers; a string or a number in arguments.',
  wanted: `a number of up to ${maxDecimalDigits} digits and without an exponent, such as "12.50", as a string or a number,`,
  literals: [Kind.INT, Kind.FLOAT],
  parse: toDecimal,
});

function toDecimal(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const match = /^-?(\d+)(?:\.(\d+))?$/.exec(text);
  if (!match || (match[1] ?? '').length + (match[2] ?? '').length > maxDecimalDigits) throw new RangeError();
  return text;
}

/** A place in a stream, made by Sluice and given back to it unchanged. */
export const cursorScalar = plainScalar({
  name: 'Cursor',
  description:
    'A place in a stream, over all its partitions. Opaque: keep it as it is and pass it as `after` to the same field.',
  wanted: 'a string that came from this API',
  parse: (value) => {
    if (typeof value !== 'string') throw new TypeError();
    return value;
  },
});

/** Any JSON value. */
export const jsonScalar = new GraphQLScalarType({
  name: 'JSON',
  description: 'Any JSON value.',
  serialize: (value) => value,
  parseValue: (value) => GraphQLJSON.parseValue(value),
  parseLiteral: (node, variables) => GraphQLJSON.parseLiteral(node, variables),
});
