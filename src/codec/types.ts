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
  /** The schema that the record names is not at hand: decoding it again may succeed when {@link Schemas} has it. */
  readonly retry?: true;
  /** The id of that schema. */
  readonly schemaId?: number;
}

export type Decoded = { readonly ok: true; readonly node: Node } | { readonly ok: false; readonly fault: DecodeFault };

/** Bytes ↔ values for one declared type. What it remembers follows from the schemas it was shown; safe to share. */
export interface Codec {
  /** Never throws. */
  decode(value: Buffer): Decoded;
  /** The record's value. The node was coerced by GraphQL already (see {@link Node}). Throws `SluiceError`. */
  encode(node: Node): Buffer;
  /** The record's key in the declared key format; null for a stream without a key. Throws `SluiceError`. */
  encodeKey(node: Node): Buffer | null;
  /** The key fields read back from a record key, or null where it does not fit. */
  decodeKey(key: Buffer): Node | null;
}

/** The value of a record, or its key: each has a subject of its own in the registry (`<topic>-value`, `<topic>-key`). */
export type Side = 'VALUE' | 'KEY';

/** A schema as a registry has it. */
export interface RegisteredSchema {
  readonly type: 'AVRO' | 'PROTOBUF' | 'JSON';
  /** Avro and JSON Schema: JSON. Protobuf: the `.proto` file. */
  readonly text: string;
  /**
   * What the text refers to, those that others need first: by the full name of an Avro type, the import path of a
   * `.proto` file, or the `$ref` of a JSON Schema.
   */
  readonly references: readonly SchemaReference[];
}

/** A schema that another one refers to. */
export interface SchemaReference {
  readonly name: string;
  readonly text: string;
}

/** Why there is no schema for an id. */
export interface SchemaFault {
  readonly type: 'FAULT';
  /** What the registry said, or that it did not answer. */
  readonly reason: string;
  /** Whether the answer may be another one later: the registry was away. */
  readonly retry: boolean;
}

/** A schema with the id that records name it by. */
export interface NumberedSchema {
  readonly id: number;
  readonly schema: RegisteredSchema;
}

/** Schemas as a registry numbers them, as far as they are known now. Reading it costs nothing and never throws. */
export interface Schemas {
  /** The schema with this id when it is at hand; undefined: it is being fetched, ask again. */
  byId(id: number): RegisteredSchema | SchemaFault | undefined;
  /**
   * What new values of the subject are written with; null while there is none. The same object as long as it is the
   * same schema.
   */
  readonly writer: NumberedSchema | null;
  /** Why there is no writer, for people; null when there is. */
  readonly problem?: string | null;
  /** What new keys are written with; only looked at for `keyFormat: AVRO`. */
  readonly keyWriter?: NumberedSchema | null;
}
