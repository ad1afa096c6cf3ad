import type { Field, FieldType } from '#model';
import type { ByteReader } from './byte-reader.ts';
import { compileKnownMessage } from './decode-known-message.ts';
import { compileProtoEnum, mismatch, toDeclared } from './decode-protobuf-enum.ts';
import { compileProtoJson } from './decode-protobuf-json.ts';
import { compileProtoScalar, type ReadProto, toInt32, wireTypeOf, zeroOf } from './decode-protobuf-scalar.ts';
import { Findings } from './findings.ts';
import { isWrapper, singleScalar } from './known-messages.ts';
import { Misfit } from './misfit.ts';
import type { ProtoField, ProtoMessage, ProtoScalar } from './protobuf-type.ts';
import { skipField } from './protobuf-wire.ts';
import { setOwn } from './read-property.ts';
import { compileShape } from './shape.ts';
import type { Node } from './types.ts';

/** Reads the rest of what is open as one message. */
type ReadMessage = (reader: ByteReader) => Node;

/** Prepares the reader of records of one message type, straight to the nodes of a declaration. */
export function compileProtoReader(
  message: ProtoMessage,
  fields: readonly Field[],
  findings: Findings = new Findings(),
): ReadMessage {
  return compileMessage(message, fields, findings);
}

/** A message that stands behind its length. */
export function readDelimited(reader: ByteReader, read: ReadProto): unknown {
  const length = Number(reader.readVarint());
  const { end } = reader;
  const start = reader.take(length);
  reader.end = reader.at;
  reader.at = start;
  const value = read(reader);
  reader.end = end;
  return value;
}

interface Slot {
  readonly at: number;
  readonly name: string;
  readonly column: string;
  readonly required: boolean;
  /** What the field is when the record does not have it. */
  readonly absent: unknown;
  readonly label: ProtoField['label'];
  readonly read: ReadProto;
  readonly itemRequired: boolean;
  /** The other members of its oneof: setting this one unsets them. */
  readonly rivals: readonly number[];
}

interface Tagged {
  readonly slot: Slot;
  /** Several values behind one length. */
  readonly isPacked: boolean;
}

function compileMessage(message: ProtoMessage, fields: readonly Field[], findings: Findings): ReadMessage {
  const tagged = new Map<number, Tagged>();
  const slots: Slot[] = [];
  for (const [at, field] of fields.entries()) {
    const written = message.fields.find(({ name }) => name === field.column);
    findings.within(field.column, () => {
      if (written === undefined && field.required) findings.fault('required, but the schema does not have it');
      if (written === undefined) return;
      const rivals = rivalsOf(written, message, fields);
      const slot = { at, rivals, ...compileField(written, field, findings) };
      slots.push(slot);
      for (const [tag, isPacked] of tagsOf(written)) tagged.set(tag, { slot, isPacked });
    });
  }
  const blank: unknown[] = fields.map(() => null);
  for (const slot of slots) blank[slot.at] = slot.absent;
  return messageReader({ tagged, slots, blank, shape: compileShape(fields.map(({ name }) => name)) });
}

function rivalsOf(written: ProtoField, message: ProtoMessage, fields: readonly Field[]): readonly number[] {
  if (written.oneof === null) return [];
  const others = message.fields.filter(({ oneof, name }) => oneof === written.oneof && name !== written.name);
  return others.map(({ name }) => fields.findIndex(({ column }) => column === name)).filter((at) => at >= 0);
}

/** The tags under which a field may come: a list of numbers also as one block. */
function tagsOf({ id, value, label }: ProtoField): readonly (readonly [tag: number, isPacked: boolean])[] {
  const wire = label === 'MAP' || value.kind === 'message' ? 2 : value.kind === 'enum' ? 0 : wireTypeOf(value.type);
  const own = [id * 8 + wire, false] as const;
  return label === 'LIST' && wire !== 2 ? [own, [id * 8 + 2, true]] : [own];
}

function messageReader(parts: {
  readonly tagged: ReadonlyMap<number, Tagged>;
  readonly slots: readonly Slot[];
  readonly blank: readonly unknown[];
  readonly shape: (values: readonly unknown[]) => Node;
}): ReadMessage {
  const { tagged, slots, blank, shape } = parts;
  // A map is looked up several times as slowly as an array.
  const byTag = Array.from({ length: 512 }, (_, tag) => tagged.get(tag));
  return (reader) => {
    const values = blank.slice();
    while (reader.at < reader.end) {
      const tag = Number(reader.readVarint());
      const found = tag < 512 ? byTag[tag] : tagged.get(tag);
      if (found === undefined) skipField(reader, tag);
      else readField(reader, found, values);
    }
    for (const slot of slots) {
      const value = values[slot.at];
      if (value !== null) continue;
      if (slot.label !== 'ONE') values[slot.at] = slot.label === 'LIST' ? [] : {};
      else if (slot.required) throw misfitAt(new Misfit('required, but missing'), slot.column);
    }
    return shape(values);
  };
}

function readField(reader: ByteReader, { slot, isPacked }: Tagged, values: unknown[]): void {
  try {
    if (slot.label === 'LIST') {
      const items = listAt(values, slot.at);
      if (isPacked) readDelimited(reader, (within) => readPacked(within, slot, items));
      else items.push(readItem(reader, slot, items.length));
    } else if (slot.label === 'MAP') addEntry(values, slot.at, slot.read(reader));
    else values[slot.at] = slot.read(reader);
    for (const rival of slot.rivals) values[rival] = null;
  } catch (thrown) {
    throw misfitAt(thrown, slot.column);
  }
}

function listAt(values: unknown[], at: number): unknown[] {
  const known = values[at];
  if (Array.isArray(known)) return known;
  const items: unknown[] = [];
  values[at] = items;
  return items;
}

function addEntry(values: unknown[], at: number, entry: unknown): void {
  const [key, value] = entry as [string, unknown];
  const map = values[at] ?? {};
  setOwn(map, key, value);
  values[at] = map;
}

function misfitAt(thrown: unknown, place: string | number): unknown {
  if (thrown instanceof Misfit) thrown.path.unshift(place);
  return thrown;
}

function readPacked(reader: ByteReader, slot: Slot, items: unknown[]): void {
  while (reader.at < reader.end) items.push(readItem(reader, slot, items.length));
}

function readItem(reader: ByteReader, slot: Slot, at: number): unknown {
  try {
    const item = slot.read(reader);
    if (item === null && slot.itemRequired) throw new Misfit('required, but null');
    return item;
  } catch (thrown) {
    throw misfitAt(thrown, at);
  }
}

function compileField(written: ProtoField, field: Field, findings: Findings): Omit<Slot, 'at' | 'rivals'> {
  const { name, column, required, type } = field;
  const common = { name, column, required, label: written.label, itemRequired: false, absent: null };
  if (written.label === 'MAP') {
    if (type.kind !== 'scalar' || type.name !== 'JSON') throw mismatch(written, type);
    return { ...common, read: compileProtoJson(written) };
  }
  if (written.label === 'LIST') {
    if (type.kind === 'scalar' && type.name === 'JSON') return { ...common, read: compileProtoJson(written) };
    if (type.kind !== 'list') throw mismatch(written, type);
    return { ...common, itemRequired: type.itemRequired, read: compileValue(written, type.of, findings) };
  }
  const read = compileValue(written, type, findings);
  return { ...common, read, absent: written.hasPresence ? null : absentOf(written, type) };
}

/** The zero value of a field that does not say whether it is there. */
function absentOf({ value }: ProtoField, type: FieldType): unknown {
  if (value.kind === 'message') return null;
  if (value.kind === 'scalar') return type.kind === 'scalar' ? zeroOf(value.type, type.name) : null;
  const zero = value.type.names.get(0);
  if (type.kind === 'scalar') return zero ?? null;
  return type.kind === 'enum' ? (toDeclared(value.type, type.type).get(0) ?? null) : null;
}

/** Prepares the reader of one value of a field, an item of a list among them. */
export function compileValue(written: ProtoField, type: FieldType, findings: Findings): ReadProto {
  const { value } = written;
  if (value.kind === 'message') return compileMessageValue(written, value.type, { type, findings });
  if (type.kind === 'enum')
    return compileProtoEnum(value.kind === 'enum' ? value.type : null, type.type, { written, findings });
  if (type.kind !== 'scalar') throw mismatch(written, type);
  if (value.kind === 'enum') {
    if (!['String', 'ID', 'JSON'].includes(type.name)) throw mismatch(written, type);
    const { names } = value.type;
    return (reader) => {
      const number = toInt32(reader.readVarint());
      return names.get(number) ?? String(number);
    };
  }
  const read = compileProtoScalar(value.type, type.name);
  if (read === null) throw mismatch(written, type);
  if (type.name === 'Int' && isWide(value.type)) findings.widen(`declared Int, but the schema has ${value.type}`);
  return read;
}

function isWide(type: ProtoScalar): boolean {
  return type.endsWith('64') || type === 'uint32' || type === 'fixed32';
}

function compileMessageValue(
  written: ProtoField,
  message: ProtoMessage,
  { type, findings }: { readonly type: FieldType; readonly findings: Findings },
): ReadProto {
  if (type.kind === 'object') {
    const read = compileMessage(message, type.type.fields, findings);
    return (reader) => readDelimited(reader, read);
  }
  const [only] = message.fields;
  if (isWrapper(message.fullName) && only !== undefined && type.kind === 'scalar') {
    return unwrap(only, compileValue(only, type, findings), zeroOfWrapped(only, type));
  }
  if (type.kind !== 'scalar') throw mismatch(written, type);
  if (singleScalar(message.fullName) === type.name) {
    const read = compileKnownMessage(message.fullName);
    if (read !== null) return (reader) => readDelimited(reader, read);
  }
  if (type.name === 'JSON') return compileProtoJson({ ...written, label: 'ONE' });
  throw mismatch(written, type);
}

function zeroOfWrapped(only: ProtoField, type: FieldType): unknown {
  return type.kind === 'scalar' && only.value.kind === 'scalar' ? zeroOf(only.value.type, type.name) : null;
}

function unwrap(only: ProtoField, read: ReadProto, zero: unknown): ReadProto {
  const [[tag] = [0]] = tagsOf(only);
  return (reader) =>
    readDelimited(reader, () => {
      let value = zero;
      while (reader.at < reader.end) {
        const found = Number(reader.readVarint());
        if (found === tag) value = read(reader);
        else skipField(reader, found);
      }
      return value;
    });
}
