import type { Cleanup, Format, KeyFormat } from '#model';
import { isDefaultPlural, type NamesTaken, toFieldName, toPascalCase, toSingular } from './names.ts';
import type { EnumShape, Member, ObjectShape, Shape } from './shape.ts';

/** A field as it is printed. */
export interface DeclaredField {
  readonly name: string;
  readonly column: string;
  /** In GraphQL's notation, e.g. `[BigInt!]!`. */
  readonly type: string;
  readonly description: string | null;
  readonly remark: string | null;
}

/** A type or an enum as it is printed. */
export type DeclaredType =
  | {
      readonly kind: 'object';
      readonly name: string;
      readonly description: string | null;
      readonly fields: readonly DeclaredField[];
      readonly leftOut: readonly string[];
    }
  | ({ readonly kind: 'enum' } & EnumShape & { readonly name: string });

/** What is known of a topic beside its records' type. */
export interface TopicFacts {
  readonly topic: string;
  readonly partitions: number;
  readonly cleanup: Cleanup;
  /** Null: what the topic has cannot be declared, or is not known. */
  readonly retentionMs: number | null;
}

/** A stream to be declared: its topic, its types under their names, and what is said above them. */
export interface Declaration extends TopicFacts {
  readonly plural: string | null;
  readonly format: Format;
  readonly key: readonly string[];
  /** Null: that which the key has anyway. */
  readonly keyFormat: KeyFormat | null;
  readonly eventTime: { readonly field: string; readonly delayMs: number } | null;
  readonly remarks: readonly string[];
  /** The stream's own type first. */
  readonly types: readonly DeclaredType[];
}

/** What a topic's records are, before they have names. */
export interface DraftedRecords {
  readonly format: Format;
  readonly type: ObjectShape;
  readonly remarks: readonly string[];
}

/** Gives names to a topic's types; without key and event time as yet, and never compacted: that needs a key. */
export function nameDeclaration(facts: TopicFacts, records: DraftedRecords, names: NamesTaken): Declaration {
  const { typeName, plural } = names.nameTopic(facts.topic);
  const types = new TypeNamer(typeName, names).name(records.type);
  return {
    ...facts,
    cleanup: 'DELETE',
    plural: isDefaultPlural(typeName, plural) ? null : plural,
    format: records.format,
    key: [],
    keyFormat: null,
    eventTime: null,
    remarks: records.remarks,
    types,
  };
}

/** Gives every shape within one topic's records a name. */
class TypeNamer {
  readonly #typeName: string;
  readonly #names: NamesTaken;
  readonly #types: DeclaredType[] = [];
  /** What has a name in its own schema is declared once. */
  readonly #known = new Map<ObjectShape | EnumShape, string>();

  constructor(typeName: string, names: NamesTaken) {
    this.#typeName = typeName;
    this.#names = names;
  }

  name(root: ObjectShape): readonly DeclaredType[] {
    this.#addObject(root, this.#typeName, false);
    return this.#types;
  }

  #addObject(shape: ObjectShape, name: string, nested: boolean): void {
    const fields: DeclaredField[] = [];
    const taken = new Set<string>();
    const { description, leftOut } = shape;
    // Before the types of its fields: the stream's own type stands first.
    this.#types.push({ kind: 'object', name, description, fields, leftOut });
    for (const member of shape.members) {
      const field = toFieldName(member.column, nested, taken);
      taken.add(field);
      const { column, remark } = member;
      fields.push({ name: field, column, type: this.#typeOf(member, name), description: member.description, remark });
    }
  }

  #typeOf({ shape, column, required }: Member, owner: string): string {
    return `${this.#refer(shape, column, owner)}${required ? '!' : ''}`;
  }

  #refer(shape: Shape, column: string, owner: string): string {
    switch (shape.kind) {
      case 'scalar':
        return shape.name;
      case 'list':
        return `[${this.#refer(shape.of, toSingular(column), owner)}${shape.itemRequired ? '!' : ''}]`;
      case 'enum':
        return this.#named(shape.type, { column, owner }, (name) =>
          this.#types.push({ kind: 'enum', ...shape.type, name }),
        );
      case 'object':
        return this.#named(shape.type, { column, owner }, (name) => this.#addObject(shape.type, name, true));
    }
  }

  #named(
    type: ObjectShape | EnumShape,
    { column, owner }: { readonly column: string; readonly owner: string },
    add: (name: string) => void,
  ): string {
    const known = this.#known.get(type);
    if (known !== undefined) return known;
    const wanted = type.name === null ? `${owner}${toPascalCase(column)}` : withPrefix(this.#typeName, type.name);
    const name = this.#names.nameType(wanted);
    this.#known.set(type, name);
    add(name);
    return name;
  }
}

/** Names of other schemas are unique within a topic only: `Address` becomes `OrderAddress`. */
function withPrefix(typeName: string, name: string): string {
  const pascal = toPascalCase(name);
  return pascal.startsWith(typeName) && pascal !== typeName ? pascal : `${typeName}${pascal}`;
}
