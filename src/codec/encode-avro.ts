import type { Field, FieldType } from '#model';
import type { AvroField, AvroType } from './avro-type.ts';
import type { ByteWriter } from './byte-writer.ts';
import { mayBeNull } from './decode-avro.ts';
import { describeAvro, describeType } from './describe-type.ts';
import { compileAvroJsonWriter } from './encode-avro-json.ts';
import { compileScalarWriter, symbolWriter, type WriteAvro } from './encode-avro-scalar.ts';
import { writeFitting } from './encode-avro-union.ts';
import { Findings } from './findings.ts';
import { generate, propertyOf } from './generate.ts';
import { Misfit, placed, unexpected } from './misfit.ts';
import type { Node } from './types.ts';
import { Unmapped } from './unmapped.ts';

/**
 * Prepares the writer of nodes with a registered schema. Fields that only the schema has are written as their default,
 * or as null. Faults go to `findings`, which the caller settles.
 */
export function compileAvroWriter(
  schema: AvroType,
  fields: readonly Field[],
  findings: Findings,
): (writer: ByteWriter, node: Node) => void {
  if (schema.kind !== 'record') throw new Unmapped(`the schema is ${describeAvro(schema)}, expected a record`);
  return compileRecord(schema, fields, findings);
}

/** Prepares the writer of one declared type. */
export function compileAvroValueWriter(schema: AvroType, type: FieldType, findings: Findings): WriteAvro {
  if (schema.kind === 'union') return compileUnion(schema.branches, type);
  if (type.kind === 'scalar') {
    if (type.name === 'JSON' && schema.kind !== 'string') return compileAvroJsonWriter(schema);
    const write = compileScalarWriter(schema, type.name);
    if (write !== null) return write;
  }
  if (type.kind === 'enum') {
    const write = schema.kind === 'string' ? compileScalarWriter(schema, 'String') : null;
    if (write !== null) return write;
    if (schema.kind === 'enum') return symbolWriter(new Map(schema.symbols.map((symbol, at) => [symbol, at])));
  }
  if (type.kind === 'list' && schema.kind === 'array') {
    return compileArray(
      compileAvroValueWriter(schema.of, type.of, findings),
      mayBeNull(schema.of) && !type.itemRequired,
    );
  }
  if (type.kind === 'object' && schema.kind === 'record') return compileRecord(schema, type.type.fields, findings);
  throw new Unmapped(`declared ${describeType(type)}, but the schema has ${describeAvro(schema)}, which does not map`);
}

function compileUnion(branches: readonly AvroType[], type: FieldType): WriteAvro {
  const nullAt = branches.findIndex(({ kind }) => kind === 'null');
  const writers: { readonly index: number; readonly write: WriteAvro }[] = [];
  let refusal = new Unmapped(`declared ${describeType(type)}, but the schema has null`);
  for (const [index, branch] of branches.entries()) {
    if (index === nullAt) continue;
    try {
      const inner = new Findings();
      const write = compileAvroValueWriter(branch, type, inner);
      inner.settle();
      writers.push({ index, write });
    } catch (thrown) {
      if (!(thrown instanceof Unmapped)) throw thrown;
      refusal = thrown;
    }
  }
  const [first, ...others] = writers;
  if (first === undefined) {
    if (type.kind === 'scalar' && type.name === 'JSON' && nullAt >= 0)
      return (writer) => writer.writeVarint(nullAt * 2);
    throw refusal;
  }
  return (writer, value) => {
    if (value === null || value === undefined) {
      if (nullAt < 0) throw new Misfit('required by the schema, but has no value');
      writer.writeVarint(nullAt * 2);
    } else if (others.length === 0) {
      writer.writeVarint(first.index * 2);
      first.write(writer, value);
    } else writeFitting(writer, value, writers);
  };
}

function compileArray(writeItem: WriteAvro, nullsAllowed: boolean): WriteAvro {
  return (writer, value) => {
    if (!Array.isArray(value)) throw unexpected('a list', value);
    if (value.length > 0) writer.writeVarint(value.length * 2);
    let at = 0;
    try {
      for (; at < value.length; at++) {
        const item: unknown = value[at];
        if (!nullsAllowed && (item === null || item === undefined)) throw new Misfit('required, but null');
        writeItem(writer, item);
      }
    } catch (thrown) {
      if (thrown instanceof Misfit) thrown.path.unshift(at);
      throw thrown;
    }
    writer.writeByte(0);
  };
}

interface Member {
  /** Null for a field of the schema that the declaration does not have. */
  readonly name: string | null;
  /** Writes it without a value. */
  readonly writeAbsent: (writer: ByteWriter) => void;
  readonly write: WriteAvro;
}

function compileRecord(
  schema: Extract<AvroType, { kind: 'record' }>,
  fields: readonly Field[],
  findings: Findings,
): WriteAvro {
  const members: Member[] = [];
  for (const written of schema.fields) {
    const field = fields.find(({ column }) => column === written.name);
    findings.within(written.name, () => {
      if (field !== undefined) members.push(declaredMember(written, field, findings));
      else members.push(foreignMember(written));
    });
  }
  const lost = fields.filter(({ column }) => !schema.fields.some(({ name }) => name === column));
  for (const { column } of lost) findings.within(column, () => refuseLost());
  return recordWriter(members);
}

function refuseLost(): never {
  throw new Unmapped('declared, but the schema does not have it: its values would be lost');
}

function declaredMember(written: AvroField, field: Field, findings: Findings): Member {
  const write = compileAvroValueWriter(written.type, field.type, findings);
  const { defaultBytes } = written;
  const writeAbsent = mayBeNull(written.type)
    ? (writer: ByteWriter) => write(writer, null)
    : defaultBytes === null
      ? () => refuseAbsent()
      : (writer: ByteWriter) => writer.writeBytes(defaultBytes);
  return { name: field.name, writeAbsent, write };
}

function refuseAbsent(): never {
  throw new Misfit('required by the schema, but has no value');
}

function foreignMember(written: AvroField): Member {
  const absent = written.defaultBytes ?? nullOf(written.type);
  if (absent === null) {
    throw new Unmapped('the schema requires it without a default, but the declaration does not have it');
  }
  return { name: null, writeAbsent: (writer) => writer.writeBytes(absent), write: () => undefined };
}

function nullOf(type: AvroType): Buffer | null {
  if (type.kind === 'null') return Buffer.alloc(0);
  const at = type.kind === 'union' ? type.branches.findIndex(({ kind }) => kind === 'null') : -1;
  return at < 0 ? null : Buffer.from([at * 2]);
}

function recordWriter(members: readonly Member[]): WriteAvro {
  const lines = members.map(({ name }, index) =>
    name === null
      ? `absent${index}(writer);`
      : `at = ${index};
      const v${index} = ${propertyOf('value', name)};
      if (v${index} === null || v${index} === undefined) absent${index}(writer);
      else write${index}(writer, v${index});`,
  );
  const code = `(writer, value) => {
    if (typeof value !== 'object' || value === null) throw unexpected('an object', value);
    let at = 0;
    try {
      ${lines.join('\n')}
    } catch (thrown) {
      throw placed(thrown, at);
    }
  }`;
  return generate(code, {
    ...Object.fromEntries(members.map(({ write }, index) => [`write${index}`, write])),
    ...Object.fromEntries(members.map(({ writeAbsent }, index) => [`absent${index}`, writeAbsent])),
    unexpected,
    placed: (thrown: unknown, at: number) => placed(thrown, members[at]?.name),
  });
}
