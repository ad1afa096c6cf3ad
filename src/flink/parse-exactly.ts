/** The third argument of a JSON.parse reviver (ES2026), which TypeScript's library does not declare yet. */
interface ReviverContext {
  readonly source?: string;
}

/** A JSON number with a fraction that a double may round, as it was written. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

function reviveInteger(_name: string, value: unknown, context?: ReviverContext): unknown {
  const source = context?.source;
  return typeof value === 'number' && !Number.isSafeInteger(value) && source && /^-?\d+$/.test(source)
    ? BigInt(source)
    : value;
}

/** JSON.parse that keeps integers beyond 2^53 as bigint. Costs more only for texts with sixteen digits in a row. */
export function parseExactly(text: string): unknown {
  return /\d{16}/.test(text) ? JSON.parse(text, reviveInteger) : JSON.parse(text);
}

/** Decimals of up to 15 digits survive the way through a double (IEEE 754, DBL_DIG). */
const perhapsInexact = /[\d.]{16}/;
const exactType = /"type":"(?:DECIMAL|BIGINT)"/;

function reviveNumber(name: string, value: unknown, context?: ReviverContext): unknown {
  const integer = reviveInteger(name, value, context);
  const source = context?.source;
  return typeof integer === 'number' && source && !/^-?\d+$/.test(source) && perhapsInexact.test(source)
    ? new ExactNumber(source)
    : integer;
}

/**
 * JSON.parse of a page of SQL rows, with a bigint or an {@link ExactNumber} for each number that a double may not hold.
 * Costs more only where a column's type needs it and a long number is there.
 */
export function parseRows(text: string): unknown {
  return exactType.test(text) && perhapsInexact.test(text) ? JSON.parse(text, reviveNumber) : JSON.parse(text);
}
