import { type ColumnType, parseColumnType } from './column-types.ts';
import { printFieldType, toFlinkType } from './flink-types.ts';
import { didYouMean, listOf } from './names.ts';
import type { FieldType, ScalarName, View } from './types.ts';

/** A column as Flink's DESCRIBE tells it. */
export interface DescribedColumn {
  readonly name: string;
  /** As printed, e.g. `TIMESTAMP_LTZ(3) *ROWTIME*`. */
  readonly type: string;
  readonly nullable: boolean;
}

const integers = ['TINYINT', 'SMALLINT', 'INTEGER'];
const texts = ['CHAR', 'VARCHAR'];

/** The Flink types that an INSERT turns into the scalar's own type without loss. */
const acceptedRoots: Readonly<Record<ScalarName, readonly string[]>> = {
  ID: texts,
  String: texts,
  JSON: texts,
  Int: integers,
  BigInt: [...integers, 'BIGINT'],
  Float: [...integers, 'BIGINT', 'DECIMAL', 'FLOAT', 'DOUBLE'],
  Decimal: [...integers, 'BIGINT', 'DECIMAL'],
  Boolean: ['BOOLEAN'],
  DateTime: ['TIMESTAMP', 'TIMESTAMP_LTZ'],
  Date: ['DATE'],
  Time: ['TIME'],
  Bytes: ['BINARY', 'VARBINARY'],
};

/**
 * Compares what Flink infers for a view's SQL with its declared fields: one sentence for each field whose column is
 * missing or of a type that would not fit. Columns that no field names are fine: they are not written.
 */
export function checkViewColumns(view: View, columns: readonly DescribedColumn[]): readonly string[] {
  const names = columns.map(({ name }) => name);
  return view.fields.flatMap((field) => {
    const column = columns.find(({ name }) => name === field.column);
    if (column === undefined) {
      const hint = `${didYouMean(field.column, names)} It yields ${listOf(names, 'and')}.`;
      return [`${view.typeName}.${field.name}: the SQL yields no column "${field.column}".${hint}`];
    }
    if (fits(parseColumnType(column.type), field.type)) return [];
    const wants = `declared as ${printFieldType(field)}, which is ${toFlinkType(field.type)} in SQL`;
    const hint = `Change the field's type, or CAST the column.`;
    return [
      `${view.typeName}.${field.name}: the column "${column.name}" is ${column.type}, but the field is ${wants}. ${hint}`,
    ];
  });
}

function fits(column: ColumnType, type: FieldType): boolean {
  switch (type.kind) {
    case 'scalar':
      return acceptedRoots[type.name].includes(column.root) && keepsDigits(column, type.name);
    case 'enum':
      return texts.includes(column.root);
    case 'list': {
      const [element] = column.elements;
      return column.root === 'ARRAY' && element !== undefined && fits(element, type.of);
    }
    case 'object': {
      const { fields } = type.type;
      return (
        column.root === 'ROW' &&
        column.fields.length === fields.length &&
        // Flink matches the fields of a row by place; ROW(a, b) names them EXPR$0, EXPR$1.
        column.fields.every(({ name, type: inner }, index) => {
          const field = fields[index];
          return field !== undefined && (name === field.column || name.startsWith('EXPR$')) && fits(inner, field.type);
        })
      );
    }
  }
}

function keepsDigits(column: ColumnType, scalar: ScalarName): boolean {
  return scalar !== 'Decimal' || column.root !== 'DECIMAL' || (column.parameters[1] ?? 0) <= 9;
}
