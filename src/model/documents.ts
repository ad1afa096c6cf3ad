import {
  type DefinitionNode,
  type DocumentNode,
  type EnumTypeDefinitionNode,
  GraphQLError,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  Source,
} from 'graphql';
import { placeOf, type Report } from './place.ts';
import { refuseTypeName } from './reserved.ts';

/** One file of a schema folder: its path as a person should read it, and its text. */
export interface DeclarationFile {
  readonly file: string;
  readonly text: string;
}

/** The types and enums of all files, in order; names are unique and allowed. */
export interface Definitions {
  readonly objects: ReadonlyMap<string, ObjectTypeDefinitionNode>;
  readonly enums: ReadonlyMap<string, EnumTypeDefinitionNode>;
  /** False when some file did not parse: what seems missing may stand there. */
  readonly complete: boolean;
}

const refusedKinds: Partial<Record<Kind, string>> = {
  [Kind.INTERFACE_TYPE_DEFINITION]: 'An interface',
  [Kind.UNION_TYPE_DEFINITION]: 'A union',
  [Kind.INPUT_OBJECT_TYPE_DEFINITION]: 'An input type (they are made from the types)',
  [Kind.SCALAR_TYPE_DEFINITION]: 'A scalar',
  [Kind.DIRECTIVE_DEFINITION]: 'A directive definition',
  [Kind.SCHEMA_DEFINITION]: 'A schema definition',
  [Kind.OPERATION_DEFINITION]: 'An operation',
  [Kind.FRAGMENT_DEFINITION]: 'A fragment',
};

/** Parses every GraphQL file and sorts its definitions. A file with a syntax error contributes that fault and nothing else. */
export function readDefinitions(files: readonly DeclarationFile[], report: Report): Definitions {
  const objects = new Map<string, ObjectTypeDefinitionNode>();
  const enums = new Map<string, EnumTypeDefinitionNode>();
  const firsts = new Map<string, DefinitionNode>();
  const documents = files.map((file) => parseFile(file, report));
  for (const definition of documents.flatMap((document) => document?.definitions ?? [])) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.ENUM_TYPE_DEFINITION) {
      const what = refusedKinds[definition.kind] ?? 'An "extend"';
      report(
        placeOf(definition),
        `${what} cannot stand here. A declaration holds types ("type") and enums ("enum") only.`,
      );
      continue;
    }
    const name = definition.name.value;
    const refusal = refuseTypeName(name);
    const first = firsts.get(name);
    if (refusal !== null) report(placeOf(definition.name), refusal);
    if (first !== undefined) {
      const { file, line } = placeOf(first);
      report(placeOf(definition.name), `"${name}" is declared twice; first at ${file}:${line}. Rename or remove one.`);
      continue;
    }
    firsts.set(name, definition);
    if (definition.kind === Kind.ENUM_TYPE_DEFINITION) enums.set(name, definition);
    else objects.set(name, definition);
  }
  return { objects, enums, complete: !documents.includes(null) };
}

function parseFile({ file, text }: DeclarationFile, report: Report): DocumentNode | null {
  // graphql-js knows no empty document, but a file of comments alone is no fault.
  if (text.split(/[\n\r]/).every((line) => /^[\s,\uFEFF]*(#|$)/.test(line)))
    return { kind: Kind.DOCUMENT, definitions: [] };
  try {
    return parse(new Source(text, file));
  } catch (thrown) {
    if (!(thrown instanceof GraphQLError)) throw thrown;
    const { line, column } = thrown.locations?.[0] ?? { line: 1, column: 1 };
    report({ file, line, column }, `${thrown.message} Other faults of this file are told once it parses.`);
    return null;
  }
}
