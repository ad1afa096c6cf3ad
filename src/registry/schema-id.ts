/** The byte that a value begins with when the id of its schema follows, in four bytes, big endian (Confluent's wire format). */
const magicByte = 0;

/** The id of the schema that a value, or a key, is written with; -1 when it carries none. */
export function schemaIdOf(bytes: Buffer | null): number {
  return bytes !== null && bytes.length >= 5 && bytes[0] === magicByte ? bytes.readUInt32BE(1) : -1;
}
