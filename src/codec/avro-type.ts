import avsc from 'avsc';
import { messageOf } from '#errors';
import type { RegisteredSchema } from './types.ts';
import { Unmapped } from './unmapped.ts';

/** An Avro type as plain data. Recursive schemas make cycles. */
export type AvroType =
  | { readonly kind: AvroPrimitive; readonly logical: Logical | null }
  | { readonly kind: 'fixed'; readonly size: number; readonly logical: Logical | null }
  | { readonly kind: 'enum'; readonly symbols: readonly string[] }
  | { readonly kind: 'array'; readonly of: AvroType }
  | { readonly kind: 'map'; readonly of: AvroType }
  | { readonly kind: 'union'; readonly branches: readonly AvroType[] }
  | { readonly kind: 'record'; readonly name: string; readonly fields: readonly AvroField[] };

type AvroPrimitive = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string';

export interface AvroField {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: AvroType;
  /** The default as Avro writes it; null when there is none. */
  readonly defaultBytes: Buffer | null;
}

/** What a type stands for beyond its bytes. */
export interface Logical {
  readonly name: LogicalName;
  /** Of a decimal. */
  readonly precision: number;
  readonly scale: number;
}

const logicalNames = [
  'decimal',
  'uuid',
  'date',
  'time-millis',
  'time-micros',
  'timestamp-millis',
  'timestamp-micros',
  'timestamp-nanos',
  'local-timestamp-millis',
  'local-timestamp-micros',
  'local-timestamp-nanos',
] as const;
export type LogicalName = (typeof logicalNames)[number];

const bearers: Readonly<Record<LogicalName, readonly string[]>> = {
  decimal: ['bytes', 'fixed'],
  uuid: ['string', 'fixed'],
  date: ['int'],
  'time-millis': ['int'],
  'time-micros': ['long'],
  'timestamp-millis': ['long'],
  'timestamp-micros': ['long'],
  'timestamp-nanos': ['long'],
  'local-timestamp-millis': ['long'],
  'local-timestamp-micros': ['long'],
  'local-timestamp-nanos': ['long'],
};

/** A logical type that keeps the value as it is, and remembers what the schema says of it. */
class Marked extends avsc.types.LogicalType {
  readonly logical: Logical | null;

  constructor(schema: Parameters<typeof avsc.Type.forSchema>[0], options?: unknown) {
    super(schema, options);
    const said = schema as { logicalType?: unknown; precision?: unknown; scale?: unknown };
    const name = logicalNames.find((known) => known === said.logicalType);
    const [precision, scale] = [Number(said.precision ?? 0), Number(said.scale ?? 0)];
    const isSound = name !== 'decimal' || (precision >= 1 && scale >= 0 && scale <= precision);
    const isBorne = name !== undefined && bearers[name].includes(this.underlyingType.typeName);
    // A logical type that is not sound counts as none (Avro's specification, "Logical Types").
    this.logical = name !== undefined && isSound && isBorne ? { name, precision, scale } : null;
  }

  override _fromValue(value: unknown): unknown {
    return value;
  }

  override _toValue(value: unknown): unknown {
    return value;
  }
}

/** Schemas larger than this are refused unread: the parser's work and stack grow with them. */
const maxSchemaCharacters = 1_000_000;

/** Parses a registered schema with those it refers to. Throws {@link Unmapped}. */
export function parseAvro({ text, references }: RegisteredSchema): AvroType {
  const options = {
    logicalTypes: Object.fromEntries(logicalNames.map((name) => [name, Marked])),
    registry: {},
    wrapUnions: true,
  };
  try {
    const size = references.reduce((sum, reference) => sum + reference.text.length, text.length);
    if (size > maxSchemaCharacters) throw new Error(`it has more than ${maxSchemaCharacters} characters`);
    for (const reference of references) avsc.Type.forSchema(JSON.parse(reference.text), options);
    return toAvroType(avsc.Type.forSchema(JSON.parse(text), options), new Map());
  } catch (thrown) {
    throw new Unmapped(`the Avro schema cannot be used: ${messageOf(thrown)}`);
  }
}

function toAvroType(type: avsc.Type, known: Map<avsc.Type, AvroType>): AvroType {
  const found = known.get(type);
  if (found !== undefined) return found;
  if (type instanceof Marked) {
    const bare = toAvroType(type.underlyingType, known);
    return 'logical' in bare ? { ...bare, logical: type.logical } : bare;
  }
  if (type instanceof avsc.types.RecordType) return toRecord(type, known);
  if (type instanceof avsc.types.EnumType) return { kind: 'enum', symbols: type.symbols };
  if (type instanceof avsc.types.FixedType) return { kind: 'fixed', size: type.size, logical: null };
  if (type instanceof avsc.types.ArrayType) return { kind: 'array', of: toAvroType(type.itemsType, known) };
  if (type instanceof avsc.types.MapType) return { kind: 'map', of: toAvroType(type.valuesType, known) };
  if (type instanceof avsc.types.WrappedUnionType) {
    return { kind: 'union', branches: type.types.map((branch) => toAvroType(branch, known)) };
  }
  return { kind: type.typeName as AvroPrimitive, logical: null };
}

function toRecord(type: avsc.types.RecordType, known: Map<avsc.Type, AvroType>): AvroType {
  const fields: AvroField[] = [];
  const record: AvroType = { kind: 'record', name: type.name ?? 'record', fields };
  // Known before its fields are: they may hold it again.
  known.set(type, record);
  for (const field of type.fields) {
    const value: unknown = field.defaultValue();
    fields.push({
      name: field.name,
      aliases: field.aliases,
      type: toAvroType(field.type, known),
      defaultBytes: value === undefined ? null : field.type.toBuffer(value),
    });
  }
  return record;
}
