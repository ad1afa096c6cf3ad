import protobuf from 'protobufjs';
import { messageOf } from '#errors';
import { knownFiles } from './protobuf-files.ts';
import type { RegisteredSchema } from './types.ts';
import { Unmapped } from './unmapped.ts';

/** A Protobuf message as plain data. Recursive messages make cycles. */
export interface ProtoMessage {
  /** With its package, e.g. `google.protobuf.Timestamp`. */
  readonly fullName: string;
  readonly fields: readonly ProtoField[];
}

export interface ProtoEnum {
  readonly name: string;
  readonly names: ReadonlyMap<number, string>;
  readonly numbers: ReadonlyMap<string, number>;
}

/** What one value of a field is. */
type ProtoValue =
  | { readonly kind: 'scalar'; readonly type: ProtoScalar }
  | { readonly kind: 'enum'; readonly type: ProtoEnum }
  | { readonly kind: 'message'; readonly type: ProtoMessage };

export interface ProtoField {
  readonly id: number;
  readonly name: string;
  readonly value: ProtoValue;
  /** MAP: a list of entries, each a message of a key (1) and a value (2). */
  readonly label: 'ONE' | 'LIST' | 'MAP';
  /** Of a MAP. */
  readonly key: ProtoScalar;
  readonly isPacked: boolean;
  /** Whether absent differs from the zero value. */
  readonly hasPresence: boolean;
  readonly isRequired: boolean;
  /** The oneof it belongs to; null for proto3's `optional` too. */
  readonly oneof: string | null;
}

const scalars = [
  'double',
  'float',
  'int32',
  'int64',
  'uint32',
  'uint64',
  'sint32',
  'sint64',
  'fixed32',
  'fixed64',
  'sfixed32',
  'sfixed64',
  'bool',
  'string',
  'bytes',
] as const;
export type ProtoScalar = (typeof scalars)[number];

/** A parsed file: what the message indexes of records count in. */
export interface ProtoFile {
  /** The messages at the top, in order. */
  readonly messages: readonly { readonly name: string; readonly type: ProtoMessage }[];
  /** The message at a path of indexes, each among the messages of the one before; undefined when there is none. */
  at(path: readonly number[]): ProtoMessage | undefined;
}

/** Schemas larger than this are refused unread. */
const maxSchemaCharacters = 1_000_000;

/** Parses a registered `.proto` text with its imports. Throws {@link Unmapped}. */
export function parseProtobuf(schema: RegisteredSchema): ProtoFile {
  try {
    return parse(schema);
  } catch (thrown) {
    if (thrown instanceof Unmapped) throw thrown;
    throw new Unmapped(`the Protobuf schema cannot be used: ${messageOf(thrown)}`);
  }
}

function parse({ text, references }: RegisteredSchema): ProtoFile {
  const size = references.reduce((sum, reference) => sum + reference.text.length, text.length);
  if (size > maxSchemaCharacters) throw new Error(`it has more than ${maxSchemaCharacters} characters`);
  const root = new protobuf.Root();
  const files = new Map(references.map((reference) => [reference.name, reference.text]));
  const known = new Set<string>();
  const own = load(text, root);
  for (const wanted = [...own.imports]; wanted.length > 0; ) {
    const name = wanted.pop() ?? '';
    if (known.has(name)) continue;
    known.add(name);
    wanted.push(...loadImport(name, files.get(name), root));
  }
  root.resolveAll();
  // Only a root of its own says what the file itself declares, and in which order.
  const alone = new protobuf.Root();
  const outline = alone.lookup(load(text, alone).package) ?? alone;
  const messages = new Map<protobuf.Type, ProtoMessage>();
  const find = (type: protobuf.Type) => toMessage(root.lookupType(type.fullName), messages);
  const top = typesIn(outline);
  return {
    messages: top.map((type) => ({ name: type.name, type: find(type) })),
    at(path) {
      let types = top;
      let type: protobuf.Type | undefined;
      for (const index of path) {
        type = types[index];
        types = typesIn(type);
      }
      return type === undefined ? undefined : find(type);
    },
  };
}

function load(text: string, root: protobuf.Root): { readonly package: string; readonly imports: readonly string[] } {
  const parsed = protobuf.parse(text, root, { keepCase: true });
  return { package: parsed.package ?? '', imports: [...(parsed.imports ?? []), ...(parsed.weakImports ?? [])] };
}

/** Adds one imported file to the root; gives what that imports in turn. */
function loadImport(name: string, text: string | undefined, root: protobuf.Root): readonly string[] {
  const known = text ?? (Object.hasOwn(knownFiles, name) ? knownFiles[name] : undefined);
  if (known !== undefined) return load(known, root).imports;
  const common = protobuf.common.get(name);
  if (common?.nested) root.addJSON(common.nested);
  // Others hold options for code generators at most; a type that is really missing is told by name.
  return [];
}

function typesIn(namespace: protobuf.ReflectionObject | undefined): readonly protobuf.Type[] {
  if (!(namespace instanceof protobuf.Namespace)) return [];
  return namespace.nestedArray.filter((nested) => nested instanceof protobuf.Type);
}

function toMessage(type: protobuf.Type, known: Map<protobuf.Type, ProtoMessage>): ProtoMessage {
  const found = known.get(type);
  if (found !== undefined) return found;
  const fields: ProtoField[] = [];
  const message = { fullName: type.fullName.slice(1), fields };
  known.set(type, message);
  for (const field of type.fieldsArray) fields.push(toField(field.resolve(), known));
  return message;
}

function toField(field: protobuf.Field, known: Map<protobuf.Type, ProtoMessage>): ProtoField {
  const label = field instanceof protobuf.MapField ? 'MAP' : field.repeated ? 'LIST' : 'ONE';
  const { id, name, partOf } = field;
  return {
    id,
    name,
    value: toValue(field, known),
    label,
    key: field instanceof protobuf.MapField ? toScalar(field.keyType) : 'string',
    isPacked: field.packed,
    hasPresence: field.hasPresence,
    isRequired: field.required,
    oneof: partOf === null || partOf.isProto3Optional ? null : partOf.name,
  };
}

function toValue(field: protobuf.Field, known: Map<protobuf.Type, ProtoMessage>): ProtoValue {
  const type = field.resolvedType;
  if (type instanceof protobuf.Enum) {
    const numbers = new Map(Object.entries(type.values));
    const names = new Map([...numbers].reverse().map(([name, number]) => [number, name]));
    return { kind: 'enum', type: { name: type.name, names, numbers } };
  }
  if (type instanceof protobuf.Type) return { kind: 'message', type: toMessage(type, known) };
  return { kind: 'scalar', type: toScalar(field.type) };
}

function toScalar(name: string): ProtoScalar {
  const scalar = scalars.find((known) => known === name);
  if (scalar === undefined)
    throw new Unmapped(`the Protobuf schema uses the type "${name}", which is nowhere declared`);
  return scalar;
}
