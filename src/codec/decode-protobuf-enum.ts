import type { EnumType, FieldType } from '#model';
import { type ReadProto, readProtoText, toInt32 } from './decode-protobuf-scalar.ts';
import { describeProto, describeType } from './describe-type.ts';
import type { Findings } from './findings.ts';
import { unexpected } from './misfit.ts';
import type { ProtoEnum, ProtoField } from './protobuf-type.ts';
import { Unmapped } from './unmapped.ts';

/** Prepares the reader of a declared enum, from an enum or, with null, from the names of its values. */
export function compileProtoEnum(
  written: ProtoEnum | null,
  type: EnumType,
  { written: field, findings }: { readonly written: ProtoField; readonly findings: Findings },
): ReadProto {
  const values = new Set(type.values.map(({ name }) => name));
  const expected = `${type.name} (${[...values].join(', ')})`;
  if (written === null) {
    if (field.value.kind !== 'scalar' || field.value.type !== 'string') throw mismatch(field, { kind: 'enum', type });
    return (reader) => {
      const text = readProtoText(reader);
      if (values.has(text)) return text;
      throw unexpected(expected, text);
    };
  }
  const declared = toDeclared(written, type);
  const foreign = [...written.names].filter(([number]) => number !== 0 && !declared.has(number));
  if (foreign.length > 0) {
    findings.widen(`the schema has values that ${type.name} does not: ${foreign.map(([, name]) => name).join(', ')}`);
  }
  return (reader) => {
    const number = toInt32(reader.readVarint());
    const value = declared.get(number);
    if (value !== undefined) return value;
    // By convention zero is "unspecified"; a declaration need not have it.
    if (number === 0) return null;
    throw unexpected(expected, written.names.get(number) ?? number);
  };
}

/** The declared value for each number: named alike, or with the enum's name in front, as Protobuf's style guide wants. */
export function toDeclared(written: ProtoEnum, type: EnumType): ReadonlyMap<number, string> {
  const prefix = `${written.name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()}_`;
  const declared = new Map<number, string>();
  for (const { name } of type.values) {
    const number = written.numbers.get(name) ?? written.numbers.get(prefix + name);
    if (number !== undefined) declared.set(number, name);
  }
  return declared;
}

/** Says that a declared type and a field do not map. */
export function mismatch(written: ProtoField, type: FieldType): Unmapped {
  return new Unmapped(
    `declared ${describeType(type)}, but the schema has ${describeProto(written)}, which does not map`,
  );
}
