/** Thrown inside this room when a schema cannot be read or does not fit the declaration: told once, not per record. */
export class Unmapped extends Error {}
