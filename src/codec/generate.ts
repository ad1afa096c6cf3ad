/**
 * Makes a function of generated code, for what every record passes: code of its own for each declared type has every call
 * in its own place, so that it is compiled as one piece; a loop over the fields costs half as much again. Into the code go
 * numbers and names quoted by {@link quote}, nothing else of a declaration: all others are its `parts`, by their names.
 * Like the libraries for Avro and JSON Schema it needs a Node that may generate code from strings, which is the default.
 */
export function generate<Made>(code: string, parts: Readonly<Record<string, unknown>>): Made {
  return new Function(...Object.keys(parts), `'use strict';\nreturn ${code};`)(...Object.values(parts));
}

/** A name as a literal of the code. */
export function quote(name: string): string {
  return JSON.stringify(name);
}

/** The code that reads one property of an object's own, whatever its name: see `readerOf`. */
export function propertyOf(object: string, name: string): string {
  const plain = `${object}[${quote(name)}]`;
  return name in Object.prototype ? `(Object.hasOwn(${object}, ${quote(name)}) ? ${plain} : undefined)` : plain;
}

/** The code that makes an object with these names of the values in the variables `v0`, `v1` and so on. */
export function objectOf(names: readonly string[]): string {
  // An object made by a literal costs a fifth of one whose properties are set. Only this name is none of its properties.
  const members = names.map((name, at) => `${name === '__proto__' ? '["__proto__"]' : quote(name)}: v${at}`);
  return `{ ${members.join(', ')} }`;
}
