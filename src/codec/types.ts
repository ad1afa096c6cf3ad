/**
 * A decoded value: an object by *GraphQL field names*, ready to be served.
 * ID, String, enum, Date, Time, DateTime, Decimal, Bytes (base64): string. Int, Float: number. BigInt: number when
 * safe, else bigint. JSON: any JSON value. Lists: arrays. Nested: objects. Absent optional fields: null.
 */
export type Node = Readonly<Record<string, unknown>>;

/** Why a record does not fit its declared type. */
export interface DecodeFault {
  /** What is wrong, where in the value, what was expected. */
  readonly reason: string;
}

export type Decoded = { readonly ok: true; readonly node: Node } | { readonly ok: false; readonly fault: DecodeFault };

/** Bytes ↔ values for one declared type. Stateless; safe to share. */
export interface Codec {
  /** Never throws. */
  decode(value: Buffer): Decoded;
  /** The record's value. The node was coerced by GraphQL already (see {@link Node}). */
  encode(node: Node): Buffer;
  /** The record's key: the field's plain text for one key field, a JSON object in order for several, null for none. */
  encodeKey(node: Node): Buffer | null;
  /** The key fields read back from a record key, or null where it does not fit. */
  decodeKey(key: Buffer): Node | null;
}
