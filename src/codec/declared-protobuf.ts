import type { EnumType, Field, FieldType, ObjectType, ScalarName, Source } from '#model';
import type { RegisteredSchema } from './types.ts';
import { Unmapped } from './unmapped.ts';

const protoScalars: Readonly<Record<ScalarName, string>> = {
  ID: 'string',
  String: 'string',
  Int: 'int32',
  BigInt: 'int64',
  Float: 'double',
  Boolean: 'bool',
  DateTime: 'google.protobuf.Timestamp',
  Date: 'string',
  Time: 'string',
  Decimal: 'string',
  Bytes: 'bytes',
  JSON: 'google.protobuf.Value',
};

const imports: readonly (readonly [type: string, file: string])[] = [
  ['google.protobuf.Timestamp', 'google/protobuf/timestamp.proto'],
  ['google.protobuf.Value', 'google/protobuf/struct.proto'],
];

/** The `.proto` file of what a declaration writes. Fields are numbered in declared order: add new ones at the end. */
export function declaredProtobuf({ typeName, fields }: Source): RegisteredSchema {
  const named = new Map<string, string>();
  const messages = toMessage({ name: typeName, description: null, fields }, named);
  const definitions = [messages, ...named.values()].join('\n');
  const needed = imports.filter(([type]) => definitions.includes(type)).map(([, file]) => `import "${file}";\n`);
  return { type: 'PROTOBUF', text: `syntax = "proto3";\n${needed.join('')}\n${definitions}`, references: [] };
}

function toMessage({ name, fields }: ObjectType, named: Map<string, string>): string {
  const lines = fields.map((field, at) => `  ${toLabel(field)}${toType(field, named)} ${toName(field)} = ${at + 1};\n`);
  return `message ${name} {\n${lines.join('')}}\n`;
}

function toName({ column }: Field): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(column)) return column;
  throw new Unmapped(`"${column}" is no name in Protobuf; give the field another with @column(name: "…")`);
}

function toLabel({ type, required }: Field): string {
  if (type.kind === 'list') return 'repeated ';
  // A message says by itself whether it is there.
  const isMessage = type.kind === 'object' || (type.kind === 'scalar' && protoScalars[type.name].includes('.'));
  return required || isMessage ? '' : 'optional ';
}

function toType({ type, column }: Field, named: Map<string, string>): string {
  const item: FieldType = type.kind === 'list' ? type.of : type;
  if (item.kind === 'list') throw new Unmapped(`field \`${column}\`: Protobuf has no lists of lists`);
  if (item.kind === 'scalar') return protoScalars[item.name];
  const { name } = item.type;
  if (!named.has(name)) {
    // Entered before its fields are, so that it stands before what it holds.
    named.set(name, '');
    named.set(name, item.kind === 'enum' ? toEnum(item.type) : toMessage(item.type, named));
  }
  return name;
}

/** The values of all enums of a file share one scope, so each carries its enum's name (Protobuf's style guide). */
function toEnum({ name, values }: EnumType): string {
  const prefix = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
  const names = [`${prefix}_UNSPECIFIED`, ...values.map((value) => `${prefix}_${value.name}`)];
  return `enum ${name} {\n${names.map((value, at) => `  ${value} = ${at};\n`).join('')}}\n`;
}
