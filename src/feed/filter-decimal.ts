/** A decimal as an integer and the number of digits behind the point. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

const decimalText = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
const plainText = /^-?(?:0|[1-9]\d*)(?:\.\d*[1-9])?$/;

/** Keeps a hostile exponent from becoming a number of a million digits; Flink's decimals have 38. */
const maxExponent = 400;

/** The decimal that a text stands for, exactly; null when it is none. */
export function parseDecimal(text: string): Decimal | null {
  const match = decimalText.exec(text);
  if (!match) return null;
  const [, sign, whole = '', fraction = '', exponentText = '0'] = match;
  const digits = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n);
  const exponent = Math.max(-maxExponent, Math.min(maxExponent, Number(exponentText)));
  const scale = fraction.length - exponent;
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

/** Less than, equal to or greater than zero, as `left` is to `right`. */
export function compareDecimals(left: Decimal, right: Decimal): number {
  const scale = Math.max(left.scale, right.scale);
  const a = left.digits * 10n ** BigInt(scale - left.scale);
  const b = right.digits * 10n ** BigInt(scale - right.scale);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The one plain text of a decimal: equal numbers have equal texts. Undefined when it is no decimal. */
export function toPlainDecimal(text: string): string | undefined {
  // What codecs give is plain already.
  if (plainText.test(text) && text !== '-0') return text;
  const decimal = parseDecimal(text);
  if (!decimal) return undefined;
  const { digits, scale } = decimal;
  const padded = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  const whole = padded.slice(0, padded.length - scale);
  const fraction = padded.slice(padded.length - scale).replace(/0+$/, '');
  return `${digits < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
