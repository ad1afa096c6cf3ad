import type { FieldType } from '#model';
import type { AvroType } from './avro-type.ts';
import type { ProtoField } from './protobuf-type.ts';

/** A declared type as a person wrote it, without its outer `!`. */
export function describeType(type: FieldType): string {
  switch (type.kind) {
    case 'scalar':
      return type.name;
    case 'enum':
    case 'object':
      return type.type.name;
    case 'list':
      return `[${describeType(type.of)}${type.itemRequired ? '!' : ''}]`;
  }
}

/** An Avro type in a few words. */
export function describeAvro(type: AvroType): string {
  switch (type.kind) {
    case 'record':
      return `the record ${type.name}`;
    case 'array':
    case 'map':
      return `${type.kind} of ${type.of.kind}`;
    case 'enum':
      return `an enum (${type.symbols.slice(0, 5).join(', ')}${type.symbols.length > 5 ? ', …' : ''})`;
    case 'union':
      return `a union of ${type.branches.map(({ kind }) => kind).join(', ')}`;
    default:
      return type.logical === null ? type.kind : `${type.kind} (${type.logical.name})`;
  }
}

/** The type of a Protobuf field in a few words. */
export function describeProto({ label, value, key }: ProtoField): string {
  const name = value.kind === 'scalar' ? value.type : value.kind === 'enum' ? value.type.name : value.type.fullName;
  if (label === 'MAP') return `map<${key}, ${name}>`;
  return label === 'LIST' ? `repeated ${name}` : value.kind === 'scalar' ? name : `the ${value.kind} ${name}`;
}
