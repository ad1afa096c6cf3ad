import {
  GraphQLBoolean,
  type GraphQLEnumType,
  GraphQLFloat,
  GraphQLID,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLInt,
  type GraphQLScalarType,
  GraphQLString,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';

/** What a coercer says of a value that it does not take: only GraphQL's own coercion can answer rightly. */
export const unsure: unique symbol = Symbol('unsure');

/** From a value of a variable, as it came in JSON, to what GraphQL's own coercion makes of it; or {@link unsure}. */
export type Coerce = (value: unknown) => unknown;

/**
 * Compiles the coercion of a type, for variables that hold hundreds of values. It takes only what is certainly right, in
 * the form that most clients send, and makes of it the very value that graphql-js would. All else is {@link unsure}:
 * errors, and the rarer forms, are those of graphql-js.
 */
export function compileCoercer(type: GraphQLInputType): Coerce {
  // A type may hold itself: it is compiled when its first value comes.
  return compile(type, new Map());
}

function compile(type: GraphQLInputType, known: Map<GraphQLInputObjectType, Coerce>): Coerce {
  if (isNonNullType(type)) {
    const coerce = compile(type.ofType, known);
    return (value: unknown) => (value === null ? unsure : coerce(value));
  }
  const coerce = compilePresent(type, known);
  return (value) => (value === null ? null : coerce(value));
}

function compilePresent(
  type: Exclude<GraphQLInputType, { toString(): `${string}!` }>,
  known: Map<GraphQLInputObjectType, Coerce>,
): Coerce {
  if (isNonNullType(type)) return compile(type, known);
  if (isListType(type)) return listCoercer(compile(type.ofType, known));
  if (isEnumType(type)) return enumCoercer(type);
  if (isInputObjectType(type)) return known.get(type) ?? objectCoercer(type, known);
  return scalarCoercer(type);
}

function listCoercer(coerce: Coerce): Coerce {
  return (value) => {
    if (!Array.isArray(value)) return unsure;
    const items = new Array<unknown>(value.length);
    for (let index = 0; index < value.length; index += 1) {
      const item = coerce(value[index]);
      if (item === unsure) return unsure;
      items[index] = item;
    }
    return items;
  };
}

/** Names that every object has without being given them: a value that lacks them seems to have them. */
const inherited = new Set(Object.getOwnPropertyNames(Object.prototype));

function objectCoercer(type: GraphQLInputObjectType, known: Map<GraphQLInputObjectType, Coerce>): Coerce {
  const fields: { name: string; coerce: Coerce; mayBeAbsent: boolean; otherwise: unknown }[] = [];
  const isUsual = !type.isOneOf && !Object.keys(type.getFields()).some((name) => inherited.has(name));
  const coerceFields: Coerce = (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return unsure;
    const given = value as Readonly<Record<string, unknown>>;
    const coerced: Record<string, unknown> = {};
    let taken = 0;
    for (const { name, coerce, mayBeAbsent, otherwise } of fields) {
      const raw = given[name];
      if (raw === undefined) {
        if (!mayBeAbsent) return unsure;
        if (otherwise !== undefined) coerced[name] = otherwise;
        continue;
      }
      const field = coerce(raw);
      if (field === unsure) return unsure;
      coerced[name] = field;
      taken += 1;
    }
    // Any other is a field that the type does not have.
    for (const _name in given) taken -= 1;
    return taken === 0 ? coerced : unsure;
  };
  const coerce = isUsual ? coerceFields : () => unsure;
  known.set(type, coerce);
  for (const { name, type: fieldType, defaultValue } of Object.values(type.getFields())) {
    const mayBeAbsent = defaultValue !== undefined || !isNonNullType(fieldType);
    fields.push({ name, coerce: compile(fieldType, known), mayBeAbsent, otherwise: defaultValue });
  }
  return coerce;
}

function enumCoercer(type: GraphQLEnumType): Coerce {
  const values = new Map(type.getValues().map(({ name, value }) => [name, value]));
  return (value) => (typeof value === 'string' && values.has(value) ? values.get(value) : unsure);
}

const text: Coerce = (value) => (typeof value === 'string' ? value : unsure);

const built: ReadonlyMap<GraphQLScalarType, Coerce> = new Map<GraphQLScalarType, Coerce>([
  [GraphQLString, text],
  [GraphQLID, text],
  // Also false for integers beyond 32 bits.
  [GraphQLInt, (value) => (typeof value === 'number' && (value | 0) === value ? value : unsure)],
  [GraphQLFloat, (value) => (Number.isFinite(value) ? value : unsure)],
  [GraphQLBoolean, (value) => (typeof value === 'boolean' ? value : unsure)],
]);

function scalarCoercer(type: GraphQLScalarType): Coerce {
  return (
    built.get(type) ??
    ((value) => {
      try {
        const parsed: unknown = type.parseValue(value);
        return parsed === undefined ? unsure : parsed;
      } catch {
        return unsure;
      }
    })
  );
}
