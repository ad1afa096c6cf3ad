import type { Field, FieldType, ScalarName, Source } from '#model';
import type { RegisteredSchema } from './types.ts';

const jsonScalars: Readonly<Record<ScalarName, Readonly<Record<string, unknown>>>> = {
  ID: { type: 'string' },
  String: { type: 'string' },
  Int: { type: 'integer', minimum: -2147483648, maximum: 2147483647 },
  BigInt: { type: 'integer' },
  Float: { type: 'number' },
  Boolean: { type: 'boolean' },
  DateTime: { type: 'string', format: 'date-time' },
  Date: { type: 'string', format: 'date' },
  Time: { type: 'string', format: 'time' },
  Decimal: { type: 'number' },
  Bytes: { type: 'string', contentEncoding: 'base64' },
  JSON: {},
};

/** The JSON Schema (draft 7) of what a declaration writes. */
export function declaredJsonSchema({ typeName, description, fields }: Source): RegisteredSchema {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: typeName,
    ...toObject(fields, description),
  };
  return { type: 'JSON', text: JSON.stringify(schema), references: [] };
}

function toObject(fields: readonly Field[], description: string | null): Readonly<Record<string, unknown>> {
  const required = fields.filter((field) => field.required).map(({ column }) => column);
  return {
    type: 'object',
    ...(description === null ? {} : { description }),
    properties: Object.fromEntries(fields.map((field) => [field.column, toProperty(field)])),
    ...(required.length > 0 ? { required } : {}),
  };
}

function toProperty({ type, required, description }: Field): unknown {
  const schema = required ? toSchema(type) : orNull(toSchema(type));
  return description === null ? schema : { ...schema, description };
}

/** In the form that Confluent's own generators give an optional value. */
function orNull(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.keys(schema).length === 0 ? schema : { oneOf: [{ type: 'null' }, schema] };
}

function toSchema(type: FieldType): Readonly<Record<string, unknown>> {
  switch (type.kind) {
    case 'scalar':
      return jsonScalars[type.name];
    case 'enum':
      return { type: 'string', enum: type.type.values.map(({ name }) => name) };
    case 'object':
      return toObject(type.type.fields, type.type.description);
    case 'list': {
      const items = toSchema(type.of);
      return { type: 'array', items: type.itemRequired ? items : orNull(items) };
    }
  }
}
