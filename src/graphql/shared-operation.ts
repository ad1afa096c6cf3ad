import {
  type DocumentNode,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  print,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/** A subscription's selection, without what tells one subscriber from another: where it starts and what it filters. */
export interface SharedOperation {
  /** Canonical: equal texts select the same. */
  readonly text: string;
  readonly document: DocumentNode;
  /** The variables that the selection still uses (in `@include` and `@skip`). */
  readonly variables: readonly string[];
}

/** By the parsed operation: the server keeps those of texts that it has seen. */
const known = new WeakMap<OperationDefinitionNode, SharedOperation>();

/** The selection of the operation that is being subscribed to. */
export function sharedOperationOf({ operation, fragments, schema }: GraphQLResolveInfo): SharedOperation {
  const found = known.get(operation);
  if (found) return found;
  const document: DocumentNode = { kind: Kind.DOCUMENT, definitions: [operation, ...Object.values(fragments)] };
  const shared = withoutRootArguments(document, schema);
  known.set(operation, shared);
  return shared;
}

function withoutRootArguments(document: DocumentNode, schema: GraphQLSchema): SharedOperation {
  const typeInfo = new TypeInfo(schema);
  const stripped = visit(
    document,
    visitWithTypeInfo(typeInfo, {
      Field: (node) =>
        typeInfo.getParentType() === schema.getSubscriptionType() ? { ...node, arguments: [] } : undefined,
    }),
  );
  const used = new Set<string>();
  visit(stripped, {
    VariableDefinition: () => false,
    Variable: ({ name }) => void used.add(name.value),
  });
  const selected = visit(stripped, {
    VariableDefinition: ({ variable }) => (used.has(variable.name.value) ? undefined : null),
  });
  return { text: print(selected), document: selected, variables: [...used] };
}
