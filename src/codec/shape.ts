import type { Node } from './types.ts';

/**
 * Prepares the maker of objects with these names, of values in their order. Objects made by a literal cost a fifth of
 * those whose properties are set one by one, which is a quarter of all decoding; a literal with names known only at run
 * time needs a function made from text. The names are quoted, nothing else of the declaration is in it. Where Node was
 * started with `--disallow-code-generation-from-strings`, properties are set one by one.
 */
export function compileShape(names: readonly string[]): (values: readonly unknown[]) => Node {
  const members = names.map((name, at) => `[${JSON.stringify(name)}]: values[${at}]`);
  try {
    return new Function('values', `return {${members.join(', ')}};`) as (values: readonly unknown[]) => Node;
  } catch {
    return (values) => Object.fromEntries(names.map((name, at) => [name, values[at]]));
  }
}
