import { GraphQLError, GraphQLScalarType, type GraphQLScalarTypeConfig, Kind, type ValueNode } from 'graphql';
import { GraphQLByte, GraphQLDateTime, GraphQLJSON, GraphQLLocalDate, GraphQLLocalTime } from 'graphql-scalars';

const smallestLong = -(2n ** 63n);
const largestLong = 2n ** 63n - 1n;
const maxDecimalDigits = 38;

/** Takes a scalar's parsing from graphql-scalars and gives it our name, description and values. */
function derive(
  base: GraphQLScalarType,
  own: {
    readonly name: string;
    readonly description: string;
    readonly parse: (parsed: unknown) => unknown;
    readonly serialize: (value: unknown) => unknown;
  },
): GraphQLScalarType {
  return new GraphQLScalarType({
    name: own.name,
    description: own.description,
    serialize: own.serialize,
    parseValue: (value) => own.parse(base.parseValue(value)),
    parseLiteral: (node, variables) => own.parse(base.parseLiteral(node, variables)),
  });
}

function plainText(
  config: Pick<GraphQLScalarTypeConfig<string, string>, 'name' | 'description'> & { check(text: string): string },
): GraphQLScalarType {
  const parse = (value: unknown): string => {
    if (typeof value !== 'string') throw new GraphQLError(`${config.name} is a string.`);
    return config.check(value);
  };
  return new GraphQLScalarType({
    name: config.name,
    description: config.description ?? null,
    serialize: String,
    parseValue: parse,
    parseLiteral: (node: ValueNode) => parse(node.kind === Kind.STRING ? node.value : null),
  });
}

/**
 * A 64-bit integer: a string in answers, a string or an integer in arguments. Our own: that of graphql-scalars is now a
 * number, now a string, and writes a warning to the console.
 */
export const bigIntScalar = new GraphQLScalarType({
  name: 'BigInt',
  description:
    'A 64-bit signed integer. A string in answers, so that no client loses digits; a string or an integer in arguments.',
  serialize: String,
  parseValue: toBigInt,
  parseLiteral: (node) => toBigInt(node.kind === Kind.STRING || node.kind === Kind.INT ? node.value : null),
});

/** A number where it is exact, else a bigint. */
function toBigInt(value: unknown): number | bigint {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  if (!/^-?\d{1,19}$/.test(text) || (typeof value === 'number' && !Number.isSafeInteger(value))) {
    throw new GraphQLError('BigInt is an integer of up to 64 bits, as a string or, while it is exact, as a number.');
  }
  const exact = BigInt(text);
  if (exact < smallestLong || exact > largestLong) throw new GraphQLError(`${text} does not fit into 64 bits.`);
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : exact;
}

/** What most clients send: UTC with up to milliseconds. The date itself is checked by Date. */
const utcTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;

/** A moment: ISO-8601 with milliseconds and `Z` in answers, any RFC 3339 text in arguments. */
export const dateTimeScalar = new GraphQLScalarType({
  name: 'DateTime',
  description: 'A moment, RFC 3339. In answers always UTC with `Z`, such as 2026-01-31T12:00:00.000Z.',
  serialize: (value) =>
    typeof value === 'number' || value instanceof Date ? new Date(value).toISOString() : String(value),
  parseValue: toMoment,
  parseLiteral: (node) => toMoment(node.kind === Kind.STRING ? node.value : null),
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
export const dateScalar = derive(GraphQLLocalDate, {
  name: 'Date',
  description: 'A calendar day without a time zone, such as 2026-01-31.',
  parse: (parsed) => parsed,
  serialize: String,
});

/** A time of day. Fractions of a second may have one to three digits: answers have no more than there are. */
export const timeScalar = new GraphQLScalarType({
  name: 'Time',
  description: 'A time of day without a time zone, such as 12:30:00.',
  serialize: String,
  parseValue: toTimeOfDay,
  parseLiteral: (node) => toTimeOfDay(node.kind === Kind.STRING ? node.value : null),
});

function toTimeOfDay(value: unknown): string {
  const text = typeof value === 'string' ? value.replace(/\.\d{1,2}$/, (fraction) => fraction.padEnd(4, '0')) : value;
  return GraphQLLocalTime.parseValue(text);
}

/** Bytes as base64. */
export const bytesScalar = derive(GraphQLByte, {
  name: 'Bytes',
  description: 'Bytes, as base64 text.',
  parse: (parsed) => (Buffer.isBuffer(parsed) ? parsed.toString('base64') : parsed),
  serialize: (value) => (Buffer.isBuffer(value) ? value.toString('base64') : value),
});

/** Any JSON value. */
export const jsonScalar = derive(GraphQLJSON, {
  name: 'JSON',
  description: 'Any JSON value.',
  parse: (parsed) => parsed,
  serialize: (value) => value,
});

/** An exact decimal number, as text. */
export const decimalScalar = new GraphQLScalarType({
  name: 'Decimal',
  description: 'An exact decimal number of up to 38 digits. A string in answers; a string or a number in arguments.',
  serialize: String,
  parseValue: toDecimal,
  parseLiteral: (node) =>
    toDecimal(node.kind === Kind.STRING || node.kind === Kind.INT || node.kind === Kind.FLOAT ? node.value : null),
});

function toDecimal(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const match = /^-?(\d+)(?:\.(\d+))?$/.exec(text);
  if (!match) throw new GraphQLError('Decimal is a number such as "12.50", as a string or a number.');
  if ((match[1] ?? '').length + (match[2] ?? '').length > maxDecimalDigits) {
    throw new GraphQLError(`Decimal has at most ${maxDecimalDigits} digits.`);
  }
  return text;
}

/** A place in a stream, made by Sluice and given back to it unchanged. */
export const cursorScalar = plainText({
  name: 'Cursor',
  description:
    'A place in a stream, over all its partitions. Opaque: keep it as it is and pass it as `after` to the same field.',
  check: (text) => text,
});
