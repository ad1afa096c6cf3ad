import {
  type EnumTypeDefinitionNode,
  type FieldDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  type TypeNode,
} from 'graphql';
import { argumentPlace, type DirectiveUses, readDirectives, textOf } from './directive-use.ts';
import type { Definitions } from './documents.ts';
import { toSnakeCase } from './names.ts';
import { placeOf, type Report } from './place.ts';
import { refuseColumn, refuseFieldName, refuseFieldType } from './reserved.ts';
import { type EnumType, type Field, type FieldType, type ObjectType, scalarNames } from './types.ts';

/** A field with the directives found on it. */
export interface DirectedField {
  readonly field: Field;
  readonly uses: DirectiveUses;
}

/** Turns field nodes into fields, and collects the nested types and enums they use. */
export class FieldReader {
  /** The enums used so far. */
  readonly enums: Map<string, EnumType> = new Map();
  /** The nested types used so far. */
  readonly objects: Map<string, ObjectType> = new Map();
  readonly #definitions: Definitions;
  readonly #sources: ReadonlySet<string>;
  readonly #report: Report;
  /** The types being read, outermost first. */
  readonly #path: string[] = [];

  /** `sources` are the names of the types that are streams or views; all others are nested types. */
  constructor(definitions: Definitions, sources: ReadonlySet<string>, report: Report) {
    this.#definitions = definitions;
    this.#sources = sources;
    this.#report = report;
  }

  /** The fields of a type. A field without a usable type is reported and left out. */
  read(node: ObjectTypeDefinitionNode): readonly DirectedField[] {
    const owner = node.name.value;
    this.#path.push(owner);
    checkType(node, this.#report);
    const columns = new Map<string, string>();
    const names = new Set<string>();
    const fields: DirectedField[] = [];
    for (const fieldNode of node.fields ?? []) {
      const name = fieldNode.name.value;
      if (names.has(name)) {
        this.#report(placeOf(fieldNode), `The field "${name}" is declared twice in "${owner}". Keep one.`);
        continue;
      }
      names.add(name);
      const directed = this.#readField(fieldNode, owner, columns);
      if (directed !== null) fields.push(directed);
    }
    this.#path.pop();
    return fields;
  }

  #readField(node: FieldDefinitionNode, owner: string, columns: Map<string, string>): DirectedField | null {
    const name = node.name.value;
    const place = placeOf(node.name);
    const nested = !this.#sources.has(owner);
    const refusal = refuseFieldName(name, nested);
    if (refusal !== null) this.#report(place, refusal);
    for (const argument of node.arguments ?? []) {
      this.#report(placeOf(argument), `The field "${name}" has an argument. Declared fields have none; remove it.`);
    }
    const label = `the field "${name}"`;
    const uses = readDirectives({ on: 'FIELD_DEFINITION', label, directives: node.directives }, this.#report);
    const use = uses.get('column');
    const column = (use && textOf(use, 'name')) ?? toSnakeCase(name);
    const columnPlace = use ? argumentPlace(use, 'name') : place;
    const columnRefusal = refuseColumn(column, nested);
    if (columnRefusal !== null) this.#report(columnPlace, columnRefusal);
    const other = columns.get(column);
    if (other !== undefined) {
      const hint = 'Give one of them another with @column(name: "…").';
      this.#report(columnPlace, `The fields "${other}" and "${name}" have the same column "${column}". ${hint}`);
    }
    columns.set(column, name);
    const type = this.#readType(node.type);
    if (type === null) return null;
    const required = node.type.kind === Kind.NON_NULL_TYPE;
    return { field: { name, column, description: node.description?.value ?? null, type, required, place }, uses };
  }

  #readType(node: TypeNode): FieldType | null {
    if (node.kind === Kind.NON_NULL_TYPE) return this.#readType(node.type);
    if (node.kind === Kind.LIST_TYPE) {
      const of = this.#readType(node.type);
      return of && { kind: 'list', of, itemRequired: node.type.kind === Kind.NON_NULL_TYPE };
    }
    const name = node.name.value;
    const scalar = scalarNames.find((one) => one === name);
    if (scalar !== undefined) return { kind: 'scalar', name: scalar };
    const { enums, objects, complete } = this.#definitions;
    const enumNode = enums.get(name);
    if (enumNode !== undefined) {
      const type = this.enums.get(name) ?? toEnum(enumNode, this.#report);
      this.enums.set(name, type);
      return { kind: 'enum', type };
    }
    const objectNode = objects.get(name);
    if (objectNode !== undefined) return this.#readNested(objectNode, node);
    if (complete) this.#report(placeOf(node), refuseFieldType(name, [...enums.keys(), ...objects.keys()]));
    return null;
  }

  #readNested(node: ObjectTypeDefinitionNode, at: TypeNode): FieldType | null {
    const name = node.name.value;
    if (this.#sources.has(name)) {
      const hint = 'Use a nested type (one without @stream and @view), or join the two in a view.';
      this.#report(placeOf(at), `"${name}" is a stream or view and cannot be the type of a field. ${hint}`);
      return null;
    }
    if (this.#path.includes(name)) {
      const round = [...this.#path.slice(this.#path.indexOf(name)), name].join(' → ');
      const hint = 'Nested types have a fixed depth; use JSON for a tree.';
      this.#report(placeOf(at), `The nested type "${name}" contains itself (${round}). ${hint}`);
      return null;
    }
    const known = this.objects.get(name);
    if (known !== undefined) return { kind: 'object', type: known };
    const fields = this.readNestedFields(node);
    const type = { name, description: node.description?.value ?? null, fields };
    this.objects.set(name, type);
    return { kind: 'object', type };
  }

  /** The fields of a nested type, where only @column may stand. */
  readNestedFields(node: ObjectTypeDefinitionNode): readonly Field[] {
    return this.read(node).map(({ field, uses }) => {
      const use = uses.get('eventTime');
      const where = `the nested type "${node.name.value}" (field "${field.name}")`;
      if (use)
        this.#report(
          use.place,
          `@eventTime cannot stand in ${where}. It belongs on a DateTime field of a @stream type.`,
        );
      return field;
    });
  }
}

function checkType(node: ObjectTypeDefinitionNode, report: Report): void {
  const name = node.name.value;
  if ((node.fields ?? []).length === 0) {
    report(placeOf(node.name), `The type "${name}" has no fields. Declare at least one.`);
  }
  for (const one of node.interfaces ?? []) {
    report(placeOf(one), `"${name}" implements "${one.name.value}". Declared types have no interfaces; remove it.`);
  }
}

function toEnum(node: EnumTypeDefinitionNode, report: Report): EnumType {
  const name = node.name.value;
  const names = new Set<string>();
  const bearer = { on: 'OTHER', label: `the enum "${name}"`, directives: node.directives } as const;
  readDirectives(bearer, report);
  for (const value of node.values ?? []) {
    const { value: valueName } = value.name;
    if (names.has(valueName)) report(placeOf(value), `The value "${valueName}" stands twice in "${name}". Keep one.`);
    names.add(valueName);
    readDirectives({ on: 'OTHER', label: `the enum value "${valueName}"`, directives: value.directives }, report);
  }
  if (names.size === 0) report(placeOf(node.name), `The enum "${name}" has no values. Declare at least one.`);
  const values = (node.values ?? []).map((value) => ({
    name: value.name.value,
    description: value.description?.value ?? null,
  }));
  return { name, description: node.description?.value ?? null, values };
}
