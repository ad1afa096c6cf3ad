import type { AvroType } from './avro-type.ts';
import type { ByteWriter } from './byte-writer.ts';
import { naturalScalar } from './decode-avro-scalar.ts';
import { scalarDecoders } from './decode-scalar.ts';
import { compileScalarWriter, type WriteAvro } from './encode-avro-scalar.ts';
import { writeFitting } from './encode-avro-union.ts';
import { Misfit, unexpected } from './misfit.ts';
import { readerOf } from './read-property.ts';

/** How deep a JSON value goes, as on reading. */
const maxDepth = 100;

/**
 * Prepares the writer of JSON values with a type of the schema: the counterpart of compileAvroJson. Members that a record
 * does not have are refused, so that nothing is lost.
 */
export function compileAvroJsonWriter(type: AvroType): WriteAvro {
  const state = { depth: 0 };
  const write = compile(type, new Map(), state);
  return (writer, value) => {
    state.depth = 0;
    write(writer, value);
  };
}

interface State {
  depth: number;
}

function compile(type: AvroType, known: Map<AvroType, WriteAvro>, state: State): WriteAvro {
  const found = known.get(type);
  if (found !== undefined) return found;
  let compiled: WriteAvro | null = null;
  known.set(type, (writer, value) => compiled?.(writer, value));
  compiled = compileFresh(type, known, state);
  known.set(type, compiled);
  return compiled;
}

function compileFresh(type: AvroType, known: Map<AvroType, WriteAvro>, state: State): WriteAvro {
  const scalar = naturalScalar(type);
  const write = scalar === null ? null : compileScalarWriter(type, scalar);
  if (write !== null) {
    return scalar === 'BigInt' ? (writer, value) => write(writer, scalarDecoders.BigInt(value)) : write;
  }
  switch (type.kind) {
    case 'array':
      return nested(listWriter(compile(type.of, known, state)), state);
    case 'map':
      return nested(mapWriter(compile(type.of, known, state)), state);
    case 'record':
      return nested(
        recordWriter(type, (of) => compile(of, known, state)),
        state,
      );
    case 'union': {
      const writers = type.branches.map((branch, index) => ({ index, write: compile(branch, known, state) }));
      return (writer, value) => writeFitting(writer, value, writers);
    }
    default:
      return (_writer, value) => {
        if (value !== null && value !== undefined) throw unexpected('null', value);
      };
  }
}

function nested(write: WriteAvro, state: State): WriteAvro {
  return (writer, value) => {
    if (state.depth >= maxDepth) throw new Misfit(`the JSON value is nested more than ${maxDepth} deep`);
    state.depth++;
    try {
      write(writer, value);
    } finally {
      state.depth--;
    }
  };
}

function listWriter(writeItem: WriteAvro): WriteAvro {
  return (writer, value) => {
    if (!Array.isArray(value)) throw unexpected('a list', value);
    if (value.length > 0) writer.writeVarint(value.length * 2);
    for (const item of value) writeItem(writer, item);
    writer.writeByte(0);
  };
}

function mapWriter(writeValue: WriteAvro): WriteAvro {
  return (writer, value) => {
    const entries = Object.entries(asObject(value));
    if (entries.length > 0) writer.writeVarint(entries.length * 2);
    for (const [name, item] of entries) {
      writer.writeText(name, true);
      writeWithin(name, () => writeValue(writer, item));
    }
    writer.writeByte(0);
  };
}

function recordWriter(
  type: Extract<AvroType, { kind: 'record' }>,
  compileField: (type: AvroType) => WriteAvro,
): WriteAvro {
  const members = type.fields.map(({ name, type: of, defaultBytes }) => {
    return { name, defaultBytes, read: readerOf(name), write: compileField(of) };
  });
  const names = new Set(type.fields.map(({ name }) => name));
  return (writer, value) => {
    const given = asObject(value);
    const foreign = Object.keys(given).find((name) => !names.has(name));
    if (foreign !== undefined) throw new Misfit(`the schema has no field ${JSON.stringify(foreign.slice(0, 60))}`);
    for (const member of members) writeMember(writer, member, member.read(given));
  };
}

function writeMember(
  writer: ByteWriter,
  member: { readonly name: string; readonly defaultBytes: Buffer | null; readonly write: WriteAvro },
  value: unknown,
): void {
  if (value === undefined && member.defaultBytes !== null) writer.writeBytes(member.defaultBytes);
  else writeWithin(member.name, () => member.write(writer, value ?? null));
}

function writeWithin(name: string, write: () => void): void {
  try {
    write();
  } catch (thrown) {
    if (thrown instanceof Misfit) thrown.path.unshift(name);
    throw thrown;
  }
}

function asObject(value: unknown): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw unexpected('an object', value);
}
