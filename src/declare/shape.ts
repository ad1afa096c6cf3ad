import { refuseColumn, type ScalarName } from '#model';

/** What a value looks like, before it has names that GraphQL and the rest of the schema allow. */
export type Shape =
  | { readonly kind: 'scalar'; readonly name: ScalarName }
  | { readonly kind: 'enum'; readonly type: EnumShape }
  | { readonly kind: 'list'; readonly of: Shape; readonly itemRequired: boolean }
  | { readonly kind: 'object'; readonly type: ObjectShape };

/** An enum whose values GraphQL allows (see {@link isEnumValue}). */
export interface EnumShape {
  /** What its schema calls it; null: it is named after the field. */
  readonly name: string | null;
  readonly description: string | null;
  readonly values: readonly { readonly name: string; readonly description: string | null }[];
}

/** An object with the members that can be declared. */
export interface ObjectShape {
  /** What its schema calls it; null: it is named after the field. */
  readonly name: string | null;
  readonly description: string | null;
  readonly members: readonly Member[];
  /** What is said of members that cannot be declared, a sentence each. */
  readonly leftOut: readonly string[];
}

/** One column. */
export interface Member {
  readonly column: string;
  readonly description: string | null;
  readonly shape: Shape;
  readonly required: boolean;
  /** What a reader of the declaration should know of the choice. */
  readonly remark: string | null;
}

/** The shape of a scalar. */
export function scalar(name: ScalarName): Shape {
  return { kind: 'scalar', name };
}

/** Why a column cannot be declared, as a sentence; null: it can. */
export function whyLeftOut(column: string, nested: boolean): string | null {
  if (column.isWellFormed() && refuseColumn(column, nested) === null) return null;
  const isReserved = column.isWellFormed() && refuseColumn(column, true) === null;
  const why = isReserved ? 'every stream has one of that name in SQL' : 'its name cannot be one of a column';
  return `The column ${JSON.stringify(column.slice(0, 80))} is left out: ${why}.`;
}

/** Whether the text can be a value of a GraphQL enum, as records have it. */
export function isEnumValue(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) && !text.startsWith('__') && !['true', 'false', 'null'].includes(text);
}

/** Whether a column of this name holds what identifies something. */
export function isIdLike(column: string): boolean {
  return /(?:^|[_.-])(?:id|uuid|guid)$/i.test(column) || /[a-z0-9](?:Id|ID|Uuid|UUID|Guid|GUID)$/.test(column);
}

/** Nested types have a fixed depth; what lies deeper is declared as JSON. */
export const maxTypeDepth = 6;

/** Says why something of a schema cannot be declared; never leaves this room. */
export class Undeclarable extends Error {}

/** The shape itself, but ID for a text that identifies something. */
export function asId(shape: Shape, column: string): Shape {
  return shape.kind === 'scalar' && shape.name === 'String' && isIdLike(column) ? scalar('ID') : shape;
}
