import type { Field, FieldType } from '#model';
import type { ByteReader } from './byte-reader.ts';
import { compileKnownMessage } from './decode-known-message.ts';
import { compileProtoEnum, mismatch, toDeclared } from './decode-protobuf-enum.ts';
import { compileProtoJson, type ProtoReaderCompilers } from './decode-protobuf-json.ts';
import { compileProtoScalar, type ReadProto, toInt32, wireTypeOf, zeroOf } from './decode-protobuf-scalar.ts';
import { Findings } from './findings.ts';
import { generate, objectOf } from './generate.ts';
import { isWrapper, singleScalar } from './known-messages.ts';
import { Misfit, placed } from './misfit.ts';
import type { ProtoField, ProtoMessage, ProtoScalar } from './protobuf-type.ts';
import { readDelimited, skipField } from './protobuf-wire.ts';
import { setOwn } from './read-property.ts';
import type { Node } from './types.ts';

/** Reads the rest of what is open as one message. */
type ReadMessage = (reader: ByteReader) => Node;

interface Slot {
  readonly at: number;
  readonly column: string;
  readonly required: boolean;
  /** What the field is when the record does not have it. */
  readonly absent: unknown;
  readonly label: ProtoField['label'];
  readonly tags: readonly WireTag[];
  readonly read: ReadProto;
  readonly itemRequired: boolean;
  /** The other members of its oneof: setting this one unsets them. */
  readonly rivals: readonly number[];
}

/** Prepares the reader of records of one message type, straight to the nodes of a declaration. */
export function compileProtoReader(message: ProtoMessage, fields: readonly Field[], findings: Findings): ReadMessage {
  const slots: Slot[] = [];
  for (const [at, field] of fields.entries()) {
    const written = message.fields.find(({ name }) => name === field.column);
    findings.within(field.column, () => {
      if (written === undefined && field.required) findings.fault('required, but the schema does not have it');
      if (written === undefined) return;
      const rivals = rivalsOf(written, message, fields);
      slots.push({ at, rivals, tags: tagsOf(written), ...compileField(written, field, findings) });
    });
  }
  return messageReader(slots, fields);
}

/** The declared fields that a field unsets: the others of its oneof. */
export function rivalsOf(written: ProtoField, message: ProtoMessage, fields: readonly Field[]): readonly number[] {
  if (written.oneof === null) return [];
  const others = message.fields.filter(({ oneof, name }) => oneof === written.oneof && name !== written.name);
  return others.map(({ name }) => fields.findIndex(({ column }) => column === name)).filter((at) => at >= 0);
}

/** How a value is announced in the bytes. */
export interface WireTag {
  readonly tag: number;
  /** Several values stand behind one length. */
  readonly isPacked: boolean;
}

/** The tags under which a field may come: a list of numbers also as one block. */
export function tagsOf({ id, value, label }: ProtoField): readonly WireTag[] {
  const wire = label === 'MAP' || value.kind === 'message' ? 2 : value.kind === 'enum' ? 0 : wireTypeOf(value.type);
  const own = { tag: id * 8 + wire, isPacked: false };
  return label === 'LIST' && wire !== 2 ? [own, { tag: id * 8 + 2, isPacked: true }] : [own];
}

function messageReader(slots: readonly Slot[], fields: readonly Field[]): ReadMessage {
  const cases = slots.flatMap((slot, index) =>
    slot.tags.map(({ tag, isPacked }) => {
      const unset = slot.rivals.map((rival) => `v${rival} = null; `).join('');
      return `case ${tag}: at = ${index}; ${readingOf(slot, index, isPacked)} ${unset}break;`;
    }),
  );
  const code = `(reader) => {
    let at = -1;
    ${fields.map((_, at) => `let v${at} = null;`).join('\n')}
    ${slots.map(({ at }, index) => `v${at} = slots[${index}].absent;`).join('\n')}
    try {
      while (reader.at < reader.end) {
        const tag = Number(reader.readVarint());
        switch (tag) {
          ${cases.join('\n')}
          default: at = -1; skipField(reader, tag);
        }
        at = -1;
      }
      ${slots.map(endingOf).join('\n')}
    } catch (thrown) {
      throw placed(thrown, at);
    }
    return ${objectOf(fields.map(({ name }) => name))};
  }`;
  return generate(code, {
    ...Object.fromEntries(slots.map(({ read }, index) => [`read${index}`, read])),
    slots,
    skipField,
    addItem,
    addItems,
    addEntry,
    missing: () => new Misfit('required, but missing'),
    placed: (thrown: unknown, at: number) => placed(thrown, slots[at]?.column),
  });
}

/** The code that reads one occurrence of a field. */
function readingOf({ at, label }: Slot, index: number, isPacked: boolean): string {
  switch (label) {
    case 'ONE':
      return `v${at} = read${index}(reader);`;
    case 'LIST':
      return `${isPacked ? 'addItems' : 'addItem'}(reader, slots[${index}], v${at} ??= []);`;
    case 'MAP':
      return `addEntry(v${at} ??= {}, read${index}(reader));`;
  }
}

/** The code for a field that has no value when all is read. */
function endingOf({ at, label, required }: Slot, index: number): string {
  if (label !== 'ONE') return `v${at} ??= ${label === 'LIST' ? '[]' : '{}'};`;
  return required ? `if (v${at} === null) { at = ${index}; throw missing(); }` : '';
}

function addEntry(map: object, entry: unknown): void {
  const [key, value] = entry as [string, unknown];
  setOwn(map, key, value);
}

function addItems(reader: ByteReader, slot: Slot, items: unknown[]): void {
  readDelimited(reader, (within) => {
    while (within.at < within.end) addItem(within, slot, items);
  });
}

function addItem(reader: ByteReader, slot: Slot, items: unknown[]): void {
  try {
    const item = slot.read(reader);
    if (item === null && slot.itemRequired) throw new Misfit('required, but null');
    items.push(item);
  } catch (thrown) {
    throw placed(thrown, items.length);
  }
}

function compileField(written: ProtoField, field: Field, findings: Findings): Omit<Slot, 'at' | 'rivals' | 'tags'> {
  const { column, required, type } = field;
  const common = { column, required, label: written.label, itemRequired: false, absent: null };
  if (written.label === 'MAP') {
    if (type.kind !== 'scalar' || type.name !== 'JSON') throw mismatch(written, type);
    return { ...common, read: compileProtoJson(written, compilers) };
  }
  if (written.label === 'LIST') {
    if (type.kind === 'scalar' && type.name === 'JSON')
      return { ...common, read: compileProtoJson(written, compilers) };
    if (type.kind !== 'list') throw mismatch(written, type);
    return { ...common, itemRequired: type.itemRequired, read: compileValue(written, type.of, findings) };
  }
  const read = compileValue(written, type, findings);
  return { ...common, read, absent: written.hasPresence ? null : absentOf(written, type) };
}

/** The zero value of a field that does not say whether it is there. */
export function absentOf({ value }: ProtoField, type: FieldType): unknown {
  if (value.kind === 'message') return null;
  if (value.kind === 'scalar') return type.kind === 'scalar' ? zeroOf(value.type, type.name) : null;
  const zero = value.type.names.get(0);
  if (type.kind === 'scalar') return zero ?? null;
  return type.kind === 'enum' ? (toDeclared(value.type, type.type).get(0) ?? null) : null;
}

/** What the readers of JSON values need of this file. */
const compilers: ProtoReaderCompilers = {
  message: (message, fields) => compileProtoReader(message, fields, new Findings()),
  value: (field, type) => compileValue(field, type, new Findings()),
};

/** Prepares the reader of one value of a field, an item of a list among them. */
function compileValue(written: ProtoField, type: FieldType, findings: Findings): ReadProto {
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
    const read = compileProtoReader(message, type.type.fields, findings);
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
  if (type.name === 'JSON') return compileProtoJson({ ...written, label: 'ONE' }, compilers);
  throw mismatch(written, type);
}

/** What an empty wrapper is. */
export function zeroOfWrapped(only: ProtoField, type: FieldType): unknown {
  return type.kind === 'scalar' && only.value.kind === 'scalar' ? zeroOf(only.value.type, type.name) : null;
}

function unwrap(only: ProtoField, read: ReadProto, zero: unknown): ReadProto {
  const [{ tag } = { tag: 0 }] = tagsOf(only);
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
