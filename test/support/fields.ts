import type { Field, FieldType, ScalarName } from '#model';

const place = { file: 'test.graphql', line: 1, column: 1 };

/** A field for tests that need a model without a declaration file. */
export function field(name: string, type: FieldType | ScalarName, required = false): Field {
  const full: FieldType = typeof type === 'string' ? { kind: 'scalar', name: type } : type;
  return {
    name,
    column: name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    description: null,
    type: full,
    required,
    place,
  };
}
