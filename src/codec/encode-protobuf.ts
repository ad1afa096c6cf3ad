import type { Field, FieldType } from '#model';
import type { ByteWriter } from './byte-writer.ts';
import { mismatch, toDeclared } from './decode-protobuf-enum.ts';
import { wireTypeOf, zeroOf } from './decode-protobuf-scalar.ts';
import { compileKnownMessageWriter } from './encode-known-message.ts';
import { compileProtoJsonWriter, type ProtoWriterCompilers } from './encode-protobuf-json.ts';
import { compileProtoScalarWriter, type WriteProto } from './encode-protobuf-scalar.ts';
import { Findings } from './findings.ts';
import { generate, propertyOf } from './generate.ts';
import { isWrapper, singleScalar } from './known-messages.ts';
import { Misfit, placed, unexpected } from './misfit.ts';
import type { ProtoField, ProtoMessage } from './protobuf-type.ts';
import { writeDelimited } from './protobuf-wire.ts';

/** Prepares the writer of nodes as one message type. Faults go to `findings`, which the caller settles. */
export function compileProtoWriter(message: ProtoMessage, fields: readonly Field[], findings: Findings): WriteProto {
  const members: Member[] = [];
  for (const written of message.fields) {
    const field = fields.find(({ column }) => column === written.name);
    findings.within(written.name, () => {
      if (field !== undefined) members.push(compileMember(written, field, findings));
      else if (written.isRequired) findings.fault('the schema requires it, but the declaration does not have it');
    });
  }
  for (const { column } of fields) {
    if (message.fields.some(({ name }) => name === column)) continue;
    findings.within(column, () =>
      findings.fault('declared, but the schema does not have it: its values would be lost'),
    );
  }
  return messageWriter(members);
}

interface Member {
  readonly name: string;
  readonly required: boolean;
  readonly tag: number;
  /** Not written when it is this: absent says the same. Undefined where it does not. */
  readonly zero: unknown;
  readonly oneof: string | null;
  readonly label: ProtoField['label'];
  /** Numbers in a list lie behind one length. */
  readonly isPacked: boolean;
  readonly write: WriteProto;
}

function compileMember(written: ProtoField, field: Field, findings: Findings): Member {
  const { id, label, value, hasPresence } = written;
  const isJson = field.type.kind === 'scalar' && field.type.name === 'JSON';
  const isBlock = label === 'LIST' && written.isPacked && wireOf(value) !== 2;
  const wire = isBlock || label === 'MAP' ? 2 : wireOf(value);
  const { type } = field;
  if (label === 'MAP' && !isJson) throw mismatch(written, type);
  if (label === 'LIST' && !isJson && type.kind !== 'list') throw mismatch(written, type);
  const item = type.kind === 'list' && label === 'LIST' ? type.of : type;
  const asJson = label !== 'ONE' && isJson;
  const isZeroAbsent = label === 'ONE' && !hasPresence && value.kind === 'scalar' && type.kind === 'scalar';
  return {
    name: field.name,
    required: field.required || written.isRequired,
    tag: id * 8 + wire,
    zero: isZeroAbsent ? zeroOf(value.type, type.name) : undefined,
    oneof: written.oneof,
    label,
    isPacked: isBlock,
    write: asJson ? compileProtoJsonWriter(written, compilers) : compileValueWriter(written, item, findings),
  };
}

function wireOf(value: ProtoField['value']): number {
  return value.kind === 'message' ? 2 : value.kind === 'enum' ? 0 : wireTypeOf(value.type);
}

/** What the writers of JSON values need of this file. */
const compilers: ProtoWriterCompilers = {
  message: (message, fields) => compileProtoWriter(message, fields, new Findings()),
  value: (field, type) => compileValueWriter(field, type, new Findings()),
};

/** Prepares the writer of one value of a field, an item of a list among them. */
function compileValueWriter(written: ProtoField, type: FieldType, findings: Findings): WriteProto {
  const { value } = written;
  if (value.kind === 'message') return compileMessageValue(written, value.type, { type, findings });
  if (value.kind === 'enum') {
    const numbers =
      type.kind === 'enum'
        ? new Map([...toDeclared(value.type, type.type)].map(([number, name]) => [name, number]))
        : type.kind === 'scalar' && ['ID', 'String', 'JSON'].includes(type.name)
          ? value.type.numbers
          : null;
    if (numbers === null) throw mismatch(written, type);
    return enumWriter(numbers);
  }
  const scalar = type.kind === 'enum' ? 'String' : type.kind === 'scalar' ? type.name : null;
  const write = scalar === null ? null : compileProtoScalarWriter(value.type, scalar);
  if (write === null) throw mismatch(written, type);
  return write;
}

function enumWriter(numbers: ReadonlyMap<string, number>): WriteProto {
  return (writer, value) => {
    const number = typeof value === 'string' ? numbers.get(value) : undefined;
    if (number === undefined) throw unexpected(`one of ${[...numbers.keys()].join(', ')} (the schema's values)`, value);
    writer.writeVarint(number < 0 ? BigInt.asUintN(64, BigInt(number)) : number);
  };
}

function compileMessageValue(
  written: ProtoField,
  message: ProtoMessage,
  { type, findings }: { readonly type: FieldType; readonly findings: Findings },
): WriteProto {
  const write = compileContent(written, message, { type, findings });
  return (writer, value) => writeDelimited(writer, () => write(writer, value));
}

function compileContent(
  written: ProtoField,
  message: ProtoMessage,
  { type, findings }: { readonly type: FieldType; readonly findings: Findings },
): WriteProto {
  if (type.kind === 'object') return compileProtoWriter(message, type.type.fields, findings);
  const [only] = message.fields;
  if (isWrapper(message.fullName) && only !== undefined && type.kind === 'scalar') {
    const write = compileValueWriter(only, type, findings);
    const tag = only.id * 8 + wireOf(only.value);
    return (writer, value) => {
      writer.writeVarint(tag);
      write(writer, value);
    };
  }
  if (type.kind !== 'scalar') throw mismatch(written, type);
  if (singleScalar(message.fullName) === type.name) {
    const write = compileKnownMessageWriter(message.fullName);
    if (write !== null) return write;
  }
  if (type.name !== 'JSON') throw mismatch(written, type);
  return compileProtoJsonWriter({ ...written, label: 'ONE' }, compilers);
}

function messageWriter(members: readonly Member[]): WriteProto {
  const oneofs = [...new Set(members.map(({ oneof }) => oneof))];
  const code = `(writer, value) => {
    if (typeof value !== 'object' || value === null) throw unexpected('an object', value);
    let at = 0;
    ${oneofs.map((_, index) => `let chosen${index} = -1;`).join(' ')}
    try {
      ${members.map((member, index) => writingOf(member, index, oneofs.indexOf(member.oneof))).join('\n')}
    } catch (thrown) {
      throw placed(thrown, at);
    }
  }`;
  return generate(code, {
    ...Object.fromEntries(members.map(({ write }, index) => [`write${index}`, write])),
    ...Object.fromEntries(members.map(({ zero }, index) => [`zero${index}`, zero])),
    members,
    unexpected,
    writeItems,
    missing: () => new Misfit('required, but has no value'),
    second: (at: number, other: number) => secondOf(members[at], members[other]),
    placed: (thrown: unknown, at: number) => placed(thrown, members[at]?.name),
  });
}

/** The code that writes one field of the node. */
function writingOf({ name, required, tag, zero, oneof, label }: Member, index: number, oneofAt: number): string {
  const v = `v${index}`;
  const chosen = `chosen${oneofAt}`;
  const choose = oneof === null ? '' : `if (${chosen} >= 0) throw second(${index}, ${chosen}); ${chosen} = ${index};`;
  const write =
    label === 'ONE'
      ? `writer.writeVarint(${tag}); write${index}(writer, ${v});`
      : `writeItems(writer, members[${index}], ${v});`;
  return `at = ${index};
    const ${v} = ${propertyOf('value', name)};
    if (${v} === null || ${v} === undefined) { ${required ? 'throw missing();' : ''} }
    else ${zero === undefined ? '' : `if (!Object.is(${v}, zero${index}))`} { ${choose} ${write} }`;
}

function secondOf(member: Member | undefined, other: Member | undefined): Misfit {
  return new Misfit(`only one of "${member?.oneof}" may have a value, and "${other?.name}" has one`);
}

function writeItems(writer: ByteWriter, member: Member, given: unknown): void {
  const items: unknown = member.label === 'MAP' && !Array.isArray(given) ? Object.entries(given as object) : given;
  if (!Array.isArray(items)) throw unexpected(member.label === 'MAP' ? 'an object' : 'a list', given);
  if (items.length === 0) return;
  if (member.isPacked) {
    writer.writeVarint(member.tag);
    writeDelimited(writer, () => writeEach(items, (item) => member.write(writer, item)));
    return;
  }
  writeEach(items, (item) => {
    writer.writeVarint(member.tag);
    member.write(writer, item);
  });
}

function writeEach(items: readonly unknown[], write: (item: unknown) => void): void {
  let at = 0;
  try {
    for (; at < items.length; at++) {
      if (items[at] === null || items[at] === undefined) throw new Misfit('Protobuf has no null in lists');
      write(items[at]);
    }
  } catch (thrown) {
    throw placed(thrown, at);
  }
}
