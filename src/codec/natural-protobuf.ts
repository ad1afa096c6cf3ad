import type { Field, FieldType, ScalarName } from '#model';
import { naturalProtoScalar } from './decode-protobuf-scalar.ts';
import { isWrapper, singleScalar } from './known-messages.ts';
import type { ProtoField } from './protobuf-type.ts';

const nowhere = { file: '', line: 0, column: 0 };

/** A field as it stands in a JSON value: declared as what it is by itself, under its own name. */
export function naturalField(field: ProtoField): Field {
  const type: FieldType =
    field.label === 'MAP'
      ? { kind: 'scalar', name: 'JSON' }
      : field.label === 'LIST'
        ? { kind: 'list', of: naturalType(field), itemRequired: false }
        : naturalType(field);
  return { name: field.name, column: field.name, description: null, type, required: false, place: nowhere };
}

/** The type of one value of a field by itself. */
export function naturalType({ value }: ProtoField): FieldType {
  return { kind: 'scalar', name: naturalScalarOf(value) };
}

function naturalScalarOf(value: ProtoField['value']): ScalarName {
  if (value.kind === 'enum') return 'String';
  if (value.kind === 'scalar') return naturalProtoScalar(value.type);
  const [only] = value.type.fields;
  if (isWrapper(value.type.fullName) && only !== undefined) return naturalScalarOf(only.value);
  return singleScalar(value.type.fullName) ?? 'JSON';
}
