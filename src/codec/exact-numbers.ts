/** A JSON number by its own text, where a double would lose digits. Only made by {@link parseExactly}. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Finds numbers that a double may not hold exactly: more than 15 significant digits, or a three-digit exponent (a
 * decimal of up to 15 digits survives the way through a double: IEEE 754, DBL_DIG). False alarms only cost time.
 */
const perhapsInexact = /[\d.]{16}|[eE][+-]?\d{3}/;

/** Whether the text may hold a number that `JSON.parse` would round. */
export function mayLoseDigits(text: string): boolean {
  return perhapsInexact.test(text);
}

/** `JSON.parse`, with a {@link NumberText} for each number that a double may not hold. Several times slower. */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && context?.source !== undefined && (isUnsafe(value) || mayLoseDigits(context.source))
      ? new NumberText(context.source)
      : value,
  );
}

/** Whether the number is an integer beyond those that a double counts one by one. */
export function isUnsafe(value: number): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value);
}

/** Digits on either side of the point; Flink's DECIMAL has at most 38 in all. */
const maxDigits = 38;
/** Longer texts are not looked at: no number within `maxDigits` needs more, not even with an exponent. */
const maxCharacters = 100;

const number = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * The one plain form of a decimal number: no exponent, no needless zeros, no `-0`. Two texts of the same number give
 * the same form. Null when it is no number, or has more than 38 digits before or after the point.
 */
export function toPlainDecimal(text: string): string | null {
  const match = text.length > maxCharacters ? null : number.exec(text);
  if (!match) return null;
  const [, sign, whole = '', fraction = '', exponentText = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return '0';
  const point = Number(exponentText) - fraction.length;
  const significant = digits.replace(/0+$/, '');
  const exponent = point + digits.length - significant.length;
  const wholeDigits = significant.length + exponent;
  if (wholeDigits > maxDigits || -exponent > maxDigits) return null;
  const minus = sign === '-' ? '-' : '';
  if (exponent >= 0) return minus + significant + '0'.repeat(exponent);
  if (wholeDigits > 0) return `${minus}${significant.slice(0, wholeDigits)}.${significant.slice(wholeDigits)}`;
  return `${minus}0.${'0'.repeat(-wholeDigits)}${significant}`;
}
