import protobuf from 'protobufjs';
import { knownProtoFiles, type RegisteredSchema } from '#codec';
import { messageOf } from '#errors';
import {
  asId,
  isEnumValue,
  type Member,
  maxTypeDepth,
  type ObjectShape,
  type Shape,
  scalar,
  Undeclarable,
  whyLeftOut,
} from './shape.ts';

const scalars: Readonly<Record<string, Shape>> = {
  double: scalar('Float'),
  float: scalar('Float'),
  int32: scalar('Int'),
  sint32: scalar('Int'),
  sfixed32: scalar('Int'),
  uint32: scalar('BigInt'),
  fixed32: scalar('BigInt'),
  int64: scalar('BigInt'),
  sint64: scalar('BigInt'),
  sfixed64: scalar('BigInt'),
  uint64: scalar('Decimal'),
  fixed64: scalar('Decimal'),
  bool: scalar('Boolean'),
  string: scalar('String'),
  bytes: scalar('Bytes'),
};

/** Messages that stand for one value. */
const wellKnown: Readonly<Record<string, Shape>> = {
  '.google.protobuf.Timestamp': scalar('DateTime'),
  '.google.protobuf.Struct': scalar('JSON'),
  '.google.protobuf.Value': scalar('JSON'),
  '.google.protobuf.ListValue': scalar('JSON'),
  '.google.type.Date': scalar('Date'),
  '.google.type.TimeOfDay': scalar('Time'),
  '.google.type.Decimal': scalar('Decimal'),
  '.confluent.type.Decimal': scalar('Decimal'),
};
const wrapper = /^\.google\.protobuf\.(?:Double|Float|U?Int(?:32|64)|Bool|String|Bytes)Value$/;

/** The type of the records of a `.proto` file: its first message. Throws {@link Undeclarable}. */
export function readProtobuf(schema: RegisteredSchema): ObjectShape {
  try {
    return new ProtobufReader().read(firstMessage(schema), []);
  } catch (thrown) {
    if (thrown instanceof Undeclarable) throw thrown;
    throw new Undeclarable(`its Protobuf schema is not understood: ${messageOf(thrown)}`);
  }
}

const parseOptions = { keepCase: true, alternateCommentMode: true };

/** In the order of the file, in which the message indices of records count too. */
function firstMessage({ text, references }: RegisteredSchema): protobuf.Type {
  const root = new protobuf.Root();
  const files = new Map(references.map((reference) => [reference.name, reference.text]));
  const own = protobuf.parse(text, root, parseOptions);
  const known = new Set<string>();
  for (const wanted = importsOf(own); wanted.length > 0; ) {
    const name = wanted.pop() ?? '';
    if (known.has(name)) continue;
    known.add(name);
    const imported = files.get(name) ?? (Object.hasOwn(knownProtoFiles, name) ? knownProtoFiles[name] : undefined);
    const common = protobuf.common.get(name)?.nested;
    if (imported !== undefined) wanted.push(...importsOf(protobuf.parse(imported, root, parseOptions)));
    else if (common) root.addJSON(common);
  }
  root.resolveAll();
  const first = ownFirstMessage(text);
  if (first === undefined) throw new Undeclarable('its Protobuf schema has no message');
  return root.lookupType(first.fullName);
}

/** The full name of the first message of a `.proto` file; null when it has none. Throws when it cannot be parsed. */
export function protobufTypeName(text: string): string | null {
  return ownFirstMessage(text)?.fullName.replace(/^\./, '') ?? null;
}

/** Only a root of its own says what the file itself declares. */
function ownFirstMessage(text: string): protobuf.Type | undefined {
  const alone = protobuf.parse(text, new protobuf.Root(), parseOptions);
  const scope = alone.package === undefined || alone.package === null ? alone.root : alone.root.lookup(alone.package);
  const nested = scope instanceof protobuf.Namespace ? scope.nestedArray : [];
  return nested.find((member) => member instanceof protobuf.Type);
}

function importsOf({ imports, weakImports }: protobuf.IParserResult): string[] {
  return [...(imports ?? []), ...(weakImports ?? [])];
}

class ProtobufReader {
  readonly #messages = new Map<string, ObjectShape>();
  readonly #enums = new Map<string, Shape>();

  /** `path` holds the messages around it. */
  read(message: protobuf.Type, path: readonly string[]): ObjectShape {
    const known = this.#messages.get(message.fullName);
    if (known !== undefined) return known;
    const members: Member[] = [];
    const leftOut: string[] = [];
    for (const field of message.fieldsArray) {
      const refusal = whyLeftOut(field.name, path.length > 0);
      if (refusal === null) members.push(this.#readField(field.resolve(), [...path, message.fullName]));
      else leftOut.push(refusal);
    }
    if (members.length === 0) throw new Undeclarable(`the message ${message.name} has no field that can be declared`);
    const type = { name: message.name, description: message.comment, members, leftOut };
    this.#messages.set(message.fullName, type);
    return type;
  }

  #readField(field: protobuf.Field, path: readonly string[]): Member {
    const common = { column: field.name, description: field.comment };
    if (field.map) return { ...common, shape: scalar('JSON'), required: true, remark: 'a map' };
    const { shape, remark } = this.#shapeOf(field, path);
    const own = asId(shape, field.name);
    if (field.repeated) {
      return { ...common, shape: { kind: 'list', of: own, itemRequired: true }, required: true, remark };
    }
    // A value that is not written is the type's default, unless the schema keeps track of it.
    const hasPresence = field.resolvedType instanceof protobuf.Type || field.hasPresence || field.partOf !== null;
    return { ...common, shape: own, required: field.required || !hasPresence, remark };
  }

  #shapeOf({ type, resolvedType }: protobuf.Field, path: readonly string[]): Pick<Member, 'shape' | 'remark'> {
    const plain = scalars[type];
    if (plain !== undefined) return { shape: plain, remark: null };
    if (resolvedType instanceof protobuf.Enum) return { shape: this.#enumOf(resolvedType), remark: null };
    if (!(resolvedType instanceof protobuf.Type)) throw new Undeclarable(`the type ${type} is not in the schema`);
    const { fullName } = resolvedType;
    const special = wellKnown[fullName];
    if (special !== undefined) return { shape: special, remark: null };
    const [only] = resolvedType.fieldsArray;
    if (wrapper.test(fullName) && only !== undefined) return this.#shapeOf(only.resolve(), path);
    if (path.includes(fullName)) return asJson(`the message ${resolvedType.name}, which contains itself`);
    if (path.length >= maxTypeDepth) return asJson(`nested more than ${maxTypeDepth} deep`);
    if (resolvedType.fieldsArray.length === 0) return asJson('a message without fields');
    return { shape: { kind: 'object', type: this.read(resolvedType, path) }, remark: null };
  }

  #enumOf(type: protobuf.Enum): Shape {
    const known = this.#enums.get(type.fullName);
    if (known !== undefined) return known;
    const names = Object.keys(type.values);
    const values = names.map((name) => ({ name, description: type.comments[name] ?? null }));
    const shape: Shape = names.every(isEnumValue)
      ? { kind: 'enum', type: { name: type.name, description: type.comment, values } }
      : scalar('String');
    this.#enums.set(type.fullName, shape);
    return shape;
  }
}

function asJson(remark: string): Pick<Member, 'shape' | 'remark'> {
  return { shape: scalar('JSON'), remark };
}
