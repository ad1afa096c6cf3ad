import fc from 'fast-check';
import {
  GraphQLInt,
  GraphQLObjectType,
  type GraphQLScalarType,
  GraphQLSchema,
  parse,
  parseValue,
  validate,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import * as scalars from '../../../src/graphql/scalars.ts';

const { bigIntScalar, bytesScalar, cursorScalar, dateScalar, dateTimeScalar, decimalScalar, timeScalar } = scalars;

/** What validation says of a literal that is given for an argument of that type. */
function faultsOf(scalar: GraphQLScalarType, literal: string) {
  const fields = { field: { type: GraphQLInt, args: { argument: { type: scalar } } } };
  const schema = new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields }) });
  return validate(schema, parse(`{ field(argument: ${literal}) }`));
}

describe('a scalar', () => {
  it.each([
    [bigIntScalar, '99999999999999999999', 'BigInt cannot represent 99999999999999999999: an integer of up to 64 bits'],
    [bigIntScalar, '1.5', 'BigInt cannot represent 1.5: '],
    [bigIntScalar, '"9223372036854775808"', 'BigInt cannot represent "9223372036854775808": '],
    [decimalScalar, '1e400', 'Decimal cannot represent 1e400: a number of up to 38 digits and without an exponent'],
    [decimalScalar, 'ONE', 'Decimal cannot represent ONE: '],
    [
      dateTimeScalar,
      '"2026-02-30T00:00:00Z"',
      'DateTime cannot represent "2026-02-30T00:00:00Z": a moment as RFC 3339',
    ],
    [dateTimeScalar, '"2026-01-01"', 'DateTime cannot represent "2026-01-01": '],
    [dateTimeScalar, '1735689600000', 'DateTime cannot represent 1735689600000: '],
    [dateScalar, '"2026-02-29"', 'Date cannot represent "2026-02-29": a calendar day such as "2026-01-31" is wanted.'],
    [timeScalar, '"24:00:00"', 'Time cannot represent "24:00:00": a time of day such as'],
    [bytesScalar, '"aGk"', 'Bytes cannot represent "aGk": base64 text, padded with "="'],
    [bytesScalar, '{}', 'Bytes cannot represent {}: '],
    [cursorScalar, '7', 'Cursor cannot represent 7: a string that came from this API is wanted.'],
  ])('says of a literal of type %s what it is, what is wanted and where it stands: %s', (scalar, literal, message) => {
    const faults = faultsOf(scalar, literal).map((fault) => ({ message: fault.message, at: fault.locations }));
    expect(faults).toEqual([{ message: expect.stringContaining(message), at: [{ line: 1, column: 19 }] }]);
  });

  it('says the same of the value of a variable, and shows no more than its beginning', () => {
    expect(() => bigIntScalar.parseValue(2 ** 53)).toThrow('BigInt cannot represent 9007199254740992: ');
    expect(() => bytesScalar.parseValue('?'.repeat(1_000_000))).toThrow(/^Bytes cannot represent "\?{79}…: /);
    expect(() => cursorScalar.parseValue(undefined)).toThrow('Cursor cannot represent undefined: ');
  });

  it('keeps all digits of a literal', () => {
    expect(bigIntScalar.parseLiteral(parseValue('9223372036854775807'))).toBe(9223372036854775807n);
    expect(decimalScalar.parseLiteral(parseValue('0.10000000000000000001'))).toBe('0.10000000000000000001');
  });
});

describe('Bytes', () => {
  it('are what was encoded, also when their base64 could be hexadecimal', () => {
    expect(bytesScalar.parseValue('beef')).toBe('beef');
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        expect(bytesScalar.parseValue(text)).toBe(text);
      }),
    );
  });

  it('become the canonical text, so that equal bytes are equal in filters and keys', () => {
    expect(bytesScalar.parseValue('QR==')).toBe('QQ==');
  });
});
