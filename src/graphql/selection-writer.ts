import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  GraphQLID,
  GraphQLIncludeDirective,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLSkipDirective,
  GraphQLString,
  getDirectiveValues,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** Writes a value as JSON text. Throws {@link Unusual} for one that only GraphQL's own execution can answer rightly. */
export type Write = (value: unknown) => string;

/** What a selection is compiled for. */
export interface SelectionContext {
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly variableValues: Readonly<Record<string, unknown>>;
}

/** A selection or a value for which there is no short way; what it means is left to GraphQL's own execution. */
export class Unusual extends Error {}

/**
 * Compiles the selection of an operation to a function that writes its fields as JSON, for results that are made over and
 * over. It does what graphql-js does where nothing goes wrong: fields in the order of the selection, merged, aliases,
 * fragments, `@skip` and `@include`, lists, nulls where they are allowed. For all else it throws {@link Unusual}: arguments
 * below the root and abstract types when it is compiled; a null that may not be, a promise, an error when it runs.
 */
export function compileSelection(root: GraphQLObjectType, context: SelectionContext): Write {
  return compileObject(root, [context.operation.selectionSet], context);
}

/** The same for what is selected of a value of the type that is at hand. */
export function compileObject(
  type: GraphQLObjectType,
  selections: readonly SelectionSetNode[],
  context: SelectionContext,
): Write {
  const selected = new Map<string, FieldNode[]>();
  for (const selection of selections) collect(type, selection, { into: selected, context, visited: new Set() });
  const writers = [...selected].map(([key, nodes], index) => {
    const name = `${index === 0 ? '{' : ','}${JSON.stringify(key)}:`;
    return { name, write: compileField(type, nodes, context) };
  });
  if (writers.length === 0) return () => '{}';
  return (source) => {
    let text = '';
    for (const { name, write } of writers) text += name + write(source);
    return `${text}}`;
  };
}

function collect(
  type: GraphQLObjectType,
  { selections }: SelectionSetNode,
  state: {
    readonly into: Map<string, FieldNode[]>;
    readonly context: SelectionContext;
    readonly visited: Set<string>;
  },
): void {
  const { into, context, visited } = state;
  const { variableValues, fragments } = context;
  for (const node of selections) {
    if (getDirectiveValues(GraphQLSkipDirective, node, variableValues)?.if === true) continue;
    if (getDirectiveValues(GraphQLIncludeDirective, node, variableValues)?.if === false) continue;
    if (node.kind === Kind.FIELD) {
      const key = node.alias?.value ?? node.name.value;
      const nodes = into.get(key);
      if (nodes) nodes.push(node);
      else into.set(key, [node]);
      continue;
    }
    if (node.kind === Kind.FRAGMENT_SPREAD) {
      if (visited.has(node.name.value)) continue;
      visited.add(node.name.value);
    }
    const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : fragments[node.name.value];
    if (!fragment) continue;
    // No declared type is abstract: a condition names the type itself, or nothing that it can be.
    const condition = fragment.typeCondition?.name.value;
    if (condition === undefined || condition === type.name) collect(type, fragment.selectionSet, state);
  }
}

function compileField(type: GraphQLObjectType, nodes: readonly FieldNode[], context: SelectionContext): Write {
  const name = nodes[0]?.name.value ?? '';
  if (name === '__typename') {
    const text = JSON.stringify(type.name);
    return () => text;
  }
  const field = type.getFields()[name];
  if (!field || nodes.some((node) => node.arguments && node.arguments.length > 0)) throw new Unusual();
  const selections = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  const write = compileValue(field.type, selections, context);
  const resolve = resolverOf(field);
  return (source) => write(resolve(source));
}

/** The resolver; the fields of a page are made from their parent alone. */
function resolverOf(field: GraphQLField<unknown, unknown>): (source: unknown) => unknown {
  const { name, resolve } = field;
  if (resolve) return (source) => resolve(source, {}, {}, noInfo);
  return (source) => (source as Readonly<Record<string, unknown>>)[name];
}

// Who looks into it gets an error, and with it the long way.
const noInfo = undefined as never;

function compileValue(
  type: GraphQLOutputType,
  selections: readonly SelectionSetNode[],
  context: SelectionContext,
): Write {
  if (isNonNullType(type)) {
    const write = compilePresent(type.ofType, selections, context);
    return (value) => {
      if (value === null || value === undefined) throw new Unusual();
      return write(value);
    };
  }
  const write = compilePresent(type, selections, context);
  return (value) => (value === null || value === undefined ? 'null' : write(value));
}

function compilePresent(
  type: Exclude<GraphQLOutputType, { readonly ofType: unknown } & { toString(): `${string}!` }>,
  selections: readonly SelectionSetNode[],
  context: SelectionContext,
): Write {
  if (isListType(type)) return listWriter(compileValue(type.ofType, selections, context));
  if (isLeafType(type)) return leafWriter(type);
  if (!isObjectType(type) || type.isTypeOf) throw new Unusual();
  const write = compileObject(type, selections, context);
  return (value) => {
    if (typeof value !== 'object' || value instanceof Error || value instanceof Promise) throw new Unusual();
    return write(value);
  };
}

function listWriter(write: Write): Write {
  return (value) => {
    if (!Array.isArray(value)) throw new Unusual();
    let text = '[';
    for (let index = 0; index < value.length; index += 1)
      text += index === 0 ? write(value[0]) : `,${write(value[index])}`;
    return `${text}]`;
  };
}

function leafWriter(type: GraphQLLeafType): Write {
  const isText = type === GraphQLString || type === GraphQLID;
  return (value) => {
    if (isText && typeof value === 'string') return quote(value);
    if (value instanceof Promise || value instanceof Error) throw new Unusual();
    const serialized: unknown = type.serialize(value);
    if (serialized === null || serialized === undefined) throw new Unusual();
    return typeof serialized === 'string' ? quote(serialized) : JSON.stringify(serialized);
  };
}

/** What JSON.stringify would change in a text; also pairs of surrogates, which it would not. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const special = /[\u0000-\u001f"\\\ud800-\udfff]/;

/** As JSON.stringify does, which takes several times as long for a text that needs nothing. */
function quote(text: string): string {
  return special.test(text) ? JSON.stringify(text) : `"${text}"`;
}
