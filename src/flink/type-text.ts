import { z } from 'zod';

/** A Flink type as the SQL Gateway's JSON describes it; more members than these depend on `type`. */
export interface LogicalType {
  readonly type: string;
  readonly nullable: boolean;
  readonly [member: string]: unknown;
}

const nested: z.ZodType<LogicalType> = z.looseObject({ type: z.string(), nullable: z.boolean() });
const members = z.object({
  length: z.number().optional(),
  precision: z.number().optional(),
  scale: z.number().optional(),
  elementType: nested.optional(),
  keyType: nested.optional(),
  valueType: nested.optional(),
  fields: z.array(z.object({ name: z.string(), fieldType: nested })).optional(),
});

const unbounded = 2_147_483_647;
const shortNames: Readonly<Record<string, string>> = {
  TIMESTAMP_WITHOUT_TIME_ZONE: 'TIMESTAMP',
  TIMESTAMP_WITH_LOCAL_TIME_ZONE: 'TIMESTAMP_LTZ',
  TIME_WITHOUT_TIME_ZONE: 'TIME',
  INTEGER: 'INT',
};

/** The type as it is written in Flink SQL, without NOT NULL at its top: `DECIMAL(10, 2)`, `ARRAY<STRING>`. */
export function toTypeText(logicalType: LogicalType): string {
  const parsed = members.safeParse(logicalType);
  const name = shortNames[logicalType.type] ?? logicalType.type;
  if (!parsed.success) return name;
  const { length, precision, scale, elementType, keyType, valueType, fields } = parsed.data;
  if (length === unbounded) return name === 'VARBINARY' ? 'BYTES' : 'STRING';
  if (length !== undefined) return `${name}(${length})`;
  if (scale !== undefined) return `${name}(${precision}, ${scale})`;
  if (precision !== undefined) return `${name}(${precision})`;
  if (elementType) return `${name}<${toInner(elementType)}>`;
  if (keyType && valueType) return `${name}<${toInner(keyType)}, ${toInner(valueType)}>`;
  if (fields) return `${name}<${fields.map((field) => `\`${field.name}\` ${toInner(field.fieldType)}`).join(', ')}>`;
  return name;
}

function toInner(logicalType: LogicalType): string {
  return toTypeText(logicalType) + (logicalType.nullable ? '' : ' NOT NULL');
}
