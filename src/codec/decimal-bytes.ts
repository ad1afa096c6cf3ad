import { toPlainDecimal } from './exact-numbers.ts';
import { Misfit } from './misfit.ts';

/** Larger numbers have more digits than any Decimal: 38 before and 38 behind the point take 32 bytes. */
const maxBytes = 32;

/** The decimal whose digits are a two's complement integer, highest byte first (Avro and Confluent alike). */
export function toDecimalText(bytes: Uint8Array, scale: number): string {
  let unscaled = 0n;
  let start = 0;
  // Fixed types may be wider than the number needs.
  const fill = (bytes[0] ?? 0) > 127 ? 0xff : 0;
  while (bytes.length - start > maxBytes && bytes[start] === fill) start++;
  if (bytes.length - start > maxBytes) throw new Misfit('a decimal has more than 38 digits');
  for (let at = start; at < bytes.length; at++) unscaled = (unscaled << 8n) | BigInt(bytes[at] ?? 0);
  if (fill === 0xff) unscaled -= 1n << BigInt((bytes.length - start) * 8);
  return toScaledText(unscaled, scale);
}

/** `unscaled` × 10 to the power of −`scale`, in its plain form. */
export function toScaledText(unscaled: bigint | number, scale: number): string {
  const plain = toPlainDecimal(`${unscaled}e${-scale}`);
  if (plain === null) throw new Misfit('a decimal has more than 38 digits before or behind the point');
  return plain;
}

/** The integer that the decimal is at that scale. Throws {@link Misfit} when it has more decimals or digits. */
export function toUnscaled(plain: string, scale: number, precision: number): bigint {
  const point = plain.indexOf('.');
  const decimals = point < 0 ? 0 : plain.length - point - 1;
  if (decimals > scale) throw new Misfit(`${plain} has more than ${scale} decimals, which the schema allows`);
  const digits = plain.replace('.', '') + '0'.repeat(scale - decimals);
  const unscaled = BigInt(digits);
  if (String(unscaled < 0n ? -unscaled : unscaled).length > precision) {
    throw new Misfit(
      `${plain} has more than the ${precision} digits that the schema allows, ${scale} of them decimals`,
    );
  }
  return unscaled;
}

/** Two's complement, highest byte first, in the fewest bytes, or in just so many. */
export function toTwosComplement(value: bigint, size?: number): Buffer {
  let length = size ?? 1;
  while (size === undefined && BigInt.asIntN(length * 8, value) !== value) length++;
  if (BigInt.asIntN(length * 8, value) !== value) throw new Misfit(`the decimal does not fit into ${length} bytes`);
  const hex = BigInt.asUintN(length * 8, value)
    .toString(16)
    .padStart(length * 2, '0');
  return Buffer.from(hex, 'hex');
}
