import type { Field, FieldType, ScalarName, Source } from '#model';
import type { RegisteredSchema, Side } from './types.ts';
import { Unmapped } from './unmapped.ts';

/** As Flink's Avro format writes the column types of these scalars, where it has them. */
const avroScalars: Readonly<Record<ScalarName, unknown>> = {
  ID: 'string',
  String: 'string',
  Int: 'int',
  BigInt: 'long',
  Float: 'double',
  Boolean: 'boolean',
  DateTime: { type: 'long', logicalType: 'timestamp-millis' },
  Date: { type: 'int', logicalType: 'date' },
  Time: { type: 'int', logicalType: 'time-millis' },
  Decimal: { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 9 },
  Bytes: 'bytes',
  JSON: 'string',
};

/** The record that a declaration is in Avro; of a key of one field the bare value. */
export function declaredAvro({ typeName, description, fields, key }: Source, side: Side): RegisteredSchema {
  const named = new Set<string>();
  const [only, ...others] = key;
  const schema =
    side === 'VALUE'
      ? toRecord({ name: typeName, description, fields }, named)
      : only !== undefined && others.length === 0
        ? toAvro(only.type, named)
        : toRecord({ name: `${typeName}Key`, description: null, fields: key }, named);
  return { type: 'AVRO', text: JSON.stringify(schema), references: [] };
}

interface Named {
  readonly name: string;
  readonly description: string | null;
  readonly fields: readonly Field[];
}

/** A named type is spelled out where it stands first; from then on its name is enough. */
function toRecord({ name, description, fields }: Named, named: Set<string>): unknown {
  if (named.has(name)) return name;
  named.add(name);
  return { type: 'record', name, ...docOf(description), fields: fields.map((field) => toField(field, named)) };
}

function toField({ column, description, required, type }: Field, named: Set<string>): unknown {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(column)) {
    throw new Unmapped(`"${column}" is no name in Avro; give the field another with @column(name: "…")`);
  }
  const avro = toAvro(type, named);
  const doc = docOf(description);
  return required
    ? { name: column, ...doc, type: avro }
    : { name: column, ...doc, type: ['null', avro], default: null };
}

function toAvro(type: FieldType, named: Set<string>): unknown {
  switch (type.kind) {
    case 'scalar':
      return avroScalars[type.name];
    case 'list': {
      const items = toAvro(type.of, named);
      return { type: 'array', items: type.itemRequired ? items : ['null', items] };
    }
    case 'object':
      return toRecord(type.type, named);
    case 'enum': {
      const { name, description, values } = type.type;
      if (named.has(name)) return name;
      named.add(name);
      return { type: 'enum', name, ...docOf(description), symbols: values.map((value) => value.name) };
    }
  }
}

function docOf(description: string | null): { readonly doc?: string } {
  return description === null ? {} : { doc: description };
}
