import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  isInputType,
  isNonNullType,
  isObjectType,
  Kind,
  locatedError,
  type OperationDefinitionNode,
  typeFromAST,
  visit,
} from 'graphql';
import { type Coerce, compileCoercer, unsure } from './input-coercer.ts';
import { compileObject, type Write } from './selection-writer.ts';

/** An operation of one produce field, compiled. */
interface CompiledProduce {
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly node: FieldNode;
  readonly key: string;
  readonly parent: GraphQLObjectType;
  readonly field: GraphQLField<unknown, unknown>;
  readonly variables: readonly VariableCoercer[];
  /** Writes the field's value. */
  readonly write: Write;
}

interface VariableCoercer {
  readonly name: string;
  readonly coerce: Coerce;
  readonly isRequired: boolean;
}

/** A result as text, which is also an execution result for whoever looks into it. */
class WrittenResult implements ExecutionResult {
  readonly #text: string;
  /** How yoga makes text of a result, when the result says so itself. */
  readonly stringify: () => string;

  constructor(text: string) {
    this.#text = text;
    this.stringify = () => `{"data":${text}}`;
    Object.defineProperty(this, 'stringify', { enumerable: false });
    Object.defineProperty(this, 'data', { enumerable: true, get: () => JSON.parse(this.#text) });
  }

  declare readonly data: Record<string, unknown>;
}

/**
 * A short way through the execution of mutations that are one produce field and nothing else: its variables are coerced
 * and its answer is written by compiled functions. It answers what graphql-js would; whatever it is not sure of, it leaves
 * alone, before anything is done.
 */
export class ProduceLane {
  readonly #known = new WeakMap<DocumentNode, CompiledProduce | null>();
  readonly #isProduce: (name: string) => boolean;

  /** `isProduce` says which of the mutation fields are meant. */
  constructor(isProduce: (name: string) => boolean) {
    this.#isProduce = isProduce;
  }

  /** The execution of the operation; null: it takes the ordinary way. */
  take(args: ExecutionArgs): (() => Promise<ExecutionResult>) | null {
    const { document, schema, operationName } = args;
    let compiled = this.#known.get(document);
    if (compiled === undefined) {
      compiled = compile(schema, document, this.#isProduce);
      this.#known.set(document, compiled);
    }
    if (!compiled) return null;
    if (operationName && operationName !== compiled.operation.name?.value) return null;
    const variableValues = coerceVariables(compiled.variables, args.variableValues ?? {});
    if (!variableValues) return null;
    const { field, node } = compiled;
    let values: Record<string, unknown>;
    try {
      values = getArgumentValues(field, node, variableValues);
    } catch {
      return null;
    }
    return () => run(compiled, args, { values, variableValues });
  }
}

function coerceVariables(
  variables: readonly VariableCoercer[],
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> | null {
  const coerced: Record<string, unknown> = {};
  for (const { name, coerce, isRequired } of variables) {
    if (!Object.hasOwn(given, name)) {
      if (isRequired) return null;
      continue;
    }
    const value = coerce(given[name]);
    if (value === unsure) return null;
    coerced[name] = value;
  }
  return coerced;
}

async function run(
  { operation, fragments, node, key, parent, field, write }: CompiledProduce,
  { schema, rootValue, contextValue }: ExecutionArgs,
  { values, variableValues }: { values: Record<string, unknown>; variableValues: Record<string, unknown> },
): Promise<ExecutionResult> {
  const path = { prev: undefined, key, typename: parent.name };
  try {
    const produced: unknown = await field.resolve?.(rootValue, values, contextValue, {
      fieldName: field.name,
      fieldNodes: [node],
      returnType: field.type,
      parentType: parent,
      path,
      schema,
      fragments,
      rootValue,
      operation,
      variableValues,
    });
    return new WrittenResult(`{${JSON.stringify(key)}:${write(produced)}}`);
  } catch (error) {
    return { errors: [locatedError(error, [node], [key])], data: null };
  }
}

/** Null for what is not one produce field, or has a directive, or a part that has no short way. */
function compile(
  schema: GraphQLSchema,
  document: DocumentNode,
  isProduce: (name: string) => boolean,
): CompiledProduce | null {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const [operation, ...otherOperations] = operations;
  const parent = schema.getMutationType();
  if (!operation || otherOperations.length > 0 || operation.operation !== 'mutation' || !parent) return null;
  const [node, ...otherNodes] = operation.selectionSet.selections;
  if (node?.kind !== Kind.FIELD || otherNodes.length > 0 || !isProduce(node.name.value)) return null;
  if (hasDirective(document)) return null;
  const field = parent.getFields()[node.name.value];
  const type = field && isNonNullType(field.type) ? getNamedType(field.type) : null;
  const variables = compileVariables(schema, operation);
  if (!field || !isObjectType(type) || !node.selectionSet || !variables) return null;
  const fragments = Object.fromEntries(
    document.definitions.flatMap((each) => (each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [])),
  );
  try {
    const write = compileObject(type, [node.selectionSet], { operation, fragments, variableValues: {} });
    return { operation, fragments, node, key: node.alias?.value ?? node.name.value, parent, field, variables, write };
  } catch {
    return null;
  }
}

function hasDirective(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Directive: () => {
      found = true;
    },
  });
  return found;
}

function compileVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
): readonly VariableCoercer[] | null {
  const coercers: VariableCoercer[] = [];
  for (const { variable, type: node, defaultValue } of variableDefinitions) {
    const type = inputType(schema, node);
    if (!type || defaultValue) return null;
    coercers.push({ name: variable.name.value, coerce: compileCoercer(type), isRequired: isNonNullType(type) });
  }
  return coercers;
}

function inputType(schema: GraphQLSchema, node: Parameters<typeof typeFromAST>[1]): GraphQLInputType | undefined {
  const type = typeFromAST(schema, node as never);
  return isInputType(type) ? type : undefined;
}
