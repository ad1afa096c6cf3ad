import type { EnumRef, InputRef, InputTypeParam, ObjectRef, TypeParam } from '@pothos/core';
import type { EnumType, Field, FieldType, ObjectType } from '#model';
import type { Builder } from './builder.ts';

type Types = Builder['$inferSchemaTypes'];
/** A decoded value, by field names. */
export type DeclaredNode = Readonly<Record<string, unknown>>;

/** Conditions on one kind of value, by the name of its filter type. */
const filterOperators = {
  order: ['gt', 'gte', 'lt', 'lte'],
  text: ['startsWith', 'contains'],
} as const;

const isNullMeaning = 'true: absent; false: present.';
const operatorMeaning: Readonly<Record<string, string>> = {
  eq: 'Equal; null: absent.',
  ne: 'Present and not equal; null: present.',
  in: 'Equal to one of these.',
  gt: 'Greater.',
  gte: 'Greater or equal.',
  lt: 'Less.',
  lte: 'Less or equal.',
  startsWith: 'Text that begins so.',
  contains: 'Text with this in it.',
};

const orderedScalars = new Set(['ID', 'String', 'Int', 'BigInt', 'Float', 'DateTime', 'Date', 'Time', 'Decimal']);
const textScalars = new Set(['ID', 'String']);

/** Makes the GraphQL types of declared ones, each once: enums, nested objects, their inputs and their filters. */
export class DeclaredTypes {
  readonly #builder: Builder;
  readonly #enums = new Map<string, EnumRef<Types, string>>();
  readonly #objects = new Map<string, ObjectRef<Types, DeclaredNode>>();
  readonly #inputs = new Map<string, InputRef<DeclaredNode>>();

  constructor(builder: Builder) {
    this.#builder = builder;
  }

  /** The output type of a stream, view or nested type. */
  object(type: Pick<ObjectType, 'description' | 'fields'> & { readonly name: string }): ObjectRef<Types, DeclaredNode> {
    return once(this.#objects, type.name, () =>
      this.#builder.objectRef<DeclaredNode>(type.name).implement({
        description: type.description ?? `A ${type.name}, as declared.`,
        fields: (t) =>
          Object.fromEntries(
            type.fields.map((field) => [
              field.name,
              t.field({
                type: this.#output(field.type),
                nullable: nullability(field),
                description: field.description ?? `Column ${field.column}.`,
                resolve: (node) => node[field.name] as never,
              }),
            ]),
          ),
      }),
    );
  }

  /** The input type from which an event (or a part of one) is produced. `optional` fields may be left out. */
  input(
    type: Pick<ObjectType, 'description' | 'fields'> & { readonly name: string },
    optional: ReadonlySet<string> = new Set(),
  ): InputRef<DeclaredNode> {
    return once(this.#inputs, `${type.name}Input`, (name) =>
      this.#builder.inputRef<DeclaredNode>(name).implement({
        description: type.description ?? `A ${type.name} to produce.`,
        fields: (t) =>
          Object.fromEntries(
            type.fields.map((field) => {
              const required = field.required && !optional.has(field.name);
              const note = optional.has(field.name) ? ' Now when absent.' : '';
              const description = `${field.description ?? `Column ${field.column}.`}${note}`;
              return [
                field.name,
                t.field({ type: this.#inputOf(field.type), required: requiredness(field, required), description }),
              ];
            }),
          ) as never,
      }),
    );
  }

  /** The filter over all fields of a type; `extra` adds what only the top level has. */
  filter(
    type: Pick<ObjectType, 'fields'> & { readonly name: string },
    record: InputRef<DeclaredNode> | null = null,
  ): InputRef<DeclaredNode> {
    return once(this.#inputs, `${type.name}Filter`, (name) => {
      const ref = this.#builder.inputRef<DeclaredNode>(name);
      return ref.implement({
        description: `Conditions on a ${type.name}, joined by AND.`,
        fields: (t) => {
          const own = type.fields.map((field) => [
            field.name,
            t.field({ type: this.#filterOf(field.type), description: `Conditions on ${field.name}.` }),
          ]);
          const joined = {
            and: t.field({ type: [ref], description: 'All of these.' }),
            or: t.field({ type: [ref], description: 'At least one of these.' }),
            not: t.field({ type: ref, description: 'Not this.' }),
          };
          const nested = record
            ? {
                record: t.field({
                  type: record,
                  description: "Conditions on the record's partition, key and headers.",
                }),
              }
            : { isNull: t.boolean({ description: isNullMeaning }) };
          return { ...Object.fromEntries(own), ...joined, ...nested } as never;
        },
      });
    });
  }

  /** The enum, for output, input and filters. */
  enum(type: EnumType): EnumRef<Types, string> {
    return this.#enum(type);
  }

  /** The filter on where a record lies. */
  recordFilter(): InputRef<DeclaredNode> {
    return once(this.#inputs, 'RecordFilter', (name) => {
      const header = this.#builder.inputRef<DeclaredNode>('HeaderFilter').implement({
        description: 'Conditions on one header, by its name: some header of this name fits them all.',
        fields: (t) => ({
          name: t.string({ required: true, description: "The header's name." }),
          ...this.#operators(t, 'String', [
            'eq',
            'ne',
            'in',
            ...filterOperators.order,
            ...filterOperators.text,
            'isNull',
          ]),
        }),
      });
      return this.#builder.inputRef<DeclaredNode>(name).implement({
        description: 'Conditions on where a record lies and what came with it, joined by AND.',
        fields: (t) => ({
          partition: t.field({ type: this.#scalarFilter('Int'), description: 'Conditions on the partition.' }),
          key: t.field({ type: this.#scalarFilter('String'), description: 'Conditions on the key, as UTF-8 text.' }),
          header: t.field({ type: header, description: 'Conditions on a header.' }),
        }),
      });
    });
  }

  #output(type: FieldType): TypeParam<Types> {
    switch (type.kind) {
      case 'scalar':
        return type.name as TypeParam<Types>;
      case 'enum':
        return this.#enum(type.type);
      case 'object':
        return this.object(type.type);
      case 'list':
        return [this.#output(type.of)] as unknown as TypeParam<Types>;
    }
  }

  #inputOf(type: FieldType): InputTypeParam<Types> {
    switch (type.kind) {
      case 'scalar':
        return type.name as InputTypeParam<Types>;
      case 'enum':
        return this.#enum(type.type);
      case 'object':
        return this.input(type.type);
      case 'list':
        return [this.#inputOf(type.of)] as unknown as InputTypeParam<Types>;
    }
  }

  #filterOf(type: FieldType): InputRef<DeclaredNode> {
    switch (type.kind) {
      case 'scalar':
        return this.#scalarFilter(type.name);
      case 'enum':
        return this.#enumFilter(type.type);
      case 'object':
        return this.filter(type.type);
      case 'list':
        return this.#listFilter(type.of);
    }
  }

  #scalarFilter(scalar: string): InputRef<DeclaredNode> {
    const operators = [
      ...(scalar === 'JSON' ? [] : ['eq', 'ne', 'in']),
      ...(orderedScalars.has(scalar) ? filterOperators.order : []),
      ...(textScalars.has(scalar) ? filterOperators.text : []),
      'isNull',
    ];
    return this.#comparison(comparisonName(scalar), scalar as InputTypeParam<Types>, operators);
  }

  #enumFilter(type: EnumType): InputRef<DeclaredNode> {
    return this.#comparison(comparisonName(type.name), this.#enum(type), ['eq', 'ne', 'in', 'isNull']);
  }

  #comparison(typeName: string, type: InputTypeParam<Types>, operators: readonly string[]): InputRef<DeclaredNode> {
    return once(this.#inputs, typeName, (name) =>
      this.#builder.inputRef<DeclaredNode>(name).implement({
        description: 'Conditions on one value, joined by AND. A comparison with an absent value is false.',
        fields: (t) => this.#operators(t, type, operators) as never,
      }),
    );
  }

  #operators(
    t: Parameters<Parameters<Builder['inputType']>[1]['fields']>[0],
    type: InputTypeParam<Types>,
    operators: readonly string[],
  ): object {
    return Object.fromEntries(
      operators.map((operator) => {
        const description = operatorMeaning[operator] ?? operator;
        if (operator === 'isNull') return [operator, t.boolean({ description: isNullMeaning })];
        const operand = operator === 'in' ? ([type] as unknown as InputTypeParam<Types>) : type;
        return [operator, t.field({ type: operand, description })];
      }),
    );
  }

  #listFilter(item: FieldType): InputRef<DeclaredNode> {
    const itemFilter = this.#filterOf(item);
    return once(this.#inputs, `${filterName(item)}List`, (name) =>
      this.#builder.inputRef<DeclaredNode>(name).implement({
        description: 'Conditions on a list, joined by AND.',
        fields: (t) => ({
          any: t.field({ type: itemFilter, description: 'At least one item fits.' }),
          all: t.field({ type: itemFilter, description: 'Every item fits.' }),
          isNull: t.boolean({ description: isNullMeaning }),
        }),
      }),
    );
  }

  #enum(type: EnumType): EnumRef<Types, string> {
    return once(this.#enums, type.name, (name) => {
      const values = type.values.map((value) => [
        value.name,
        { value: value.name, description: value.description ?? `The value ${value.name}.` },
      ]);
      return this.#builder.enumType(name, {
        description: type.description ?? `A ${name}, as declared.`,
        values: Object.fromEntries(values) as Record<string, { value: string; description: string }>,
      }) as unknown as EnumRef<Types, string>;
    });
  }
}

function comparisonName(type: string): string {
  return `${type}Comparison`;
}

function filterName(type: FieldType): string {
  switch (type.kind) {
    case 'scalar':
      return comparisonName(type.name);
    case 'enum':
      return comparisonName(type.type.name);
    case 'object':
      return `${type.type.name}Filter`;
    case 'list':
      return `${filterName(type.of)}List`;
  }
}

/** A list's items have a nullability of their own. */
function nullability(field: Field): never {
  const nullable = !field.required;
  return (field.type.kind === 'list' ? { list: nullable, items: !field.type.itemRequired } : nullable) as never;
}

/** The same for an argument. */
function requiredness(field: Field, required: boolean): never {
  return (field.type.kind === 'list' ? { list: required, items: field.type.itemRequired } : required) as never;
}

function once<T>(known: Map<string, T>, name: string, make: (name: string) => T): T {
  const existing = known.get(name);
  if (existing) return existing;
  const made = make(name);
  known.set(name, made);
  return made;
}
