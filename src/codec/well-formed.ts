import { Misfit } from './misfit.ts';

/**
 * The text, when UTF-8 can write it. Throws a {@link Misfit} for half of a surrogate pair: Node writes U+FFFD in its
 * place, and texts that differ would become the same.
 */
export function wellFormed(text: string): string {
  if (text.isWellFormed()) return text;
  throw new Misfit('the text has half of a surrogate pair, which UTF-8 cannot write');
}
