/** Reads one property of an object; undefined when the object itself does not have it. */
export type ReadProperty = (object: object) => unknown;

/**
 * The reader of one name. A column may be called `constructor` or `__proto__`: such a name must be looked up among the
 * object's own properties; for all others the plain access is safe and much faster.
 */
export function readerOf(name: string): ReadProperty {
  return name in Object.prototype
    ? (object) => (Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined)
    : (object) => (object as Record<string, unknown>)[name];
}

/** Sets a property that is the object's own, whatever its name; a plain assignment to `__proto__` would not. */
export function setOwn(object: object, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  } else (object as Record<string, unknown>)[name] = value;
}
