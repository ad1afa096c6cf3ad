import type { EnumType, Field, FieldType } from '#model';
import { readBlock } from './avro-block.ts';
import type { AvroField, AvroType } from './avro-type.ts';
import { ByteReader } from './byte-reader.ts';
import { compileAvroJson, compileAvroSkip, smallestSize } from './decode-avro-json.ts';
import { compileScalarReader, type ReadAvro, readAvroText } from './decode-avro-scalar.ts';
import { describeAvro, describeType } from './describe-type.ts';
import { Findings } from './findings.ts';
import { generate, objectOf } from './generate.ts';
import { Misfit, placed, unexpected } from './misfit.ts';
import type { Node } from './types.ts';
import { Unmapped } from './unmapped.ts';

/**
 * Prepares the reader of records that were written with one schema, straight to the nodes of a declaration. What the
 * writer did not have is taken from the defaults of `latest`, the schema that new records are written with, which also
 * knows former names of fields (Avro's specification, "Schema Resolution"). Faults and widenings go to `findings`.
 */
export function compileAvroReader(
  writer: AvroType,
  declared: { readonly fields: readonly Field[]; readonly latest: AvroType | null },
  findings: Findings = new Findings(),
): (reader: ByteReader) => Node {
  if (writer.kind !== 'record') throw new Unmapped(`the schema is ${describeAvro(writer)}, expected a record`);
  return compileRecord(writer, declared, findings);
}

/** Prepares the reader of one declared type. */
export function compileAvroValue(
  writer: AvroType,
  declared: { readonly type: FieldType; readonly latest: AvroType | null },
  findings: Findings,
): ReadAvro {
  if (writer.kind === 'union') return compileUnion(writer.branches, declared, findings);
  const { type, latest } = declared;
  if (writer.kind === 'null') return () => null;
  switch (type.kind) {
    case 'scalar': {
      if (type.name === 'JSON' && writer.kind !== 'string') return compileAvroJson(writer);
      const read = compileScalarReader(writer, type.name);
      if (read === null) throw mismatch(writer, type);
      if (type.name === 'Int' && writer.kind === 'long') findings.widen('declared Int, but the schema has long');
      return read;
    }
    case 'enum':
      return compileEnum(writer, type.type, findings);
    case 'list': {
      if (writer.kind !== 'array') throw mismatch(writer, type);
      const ofLatest = branchLike(latest, 'array');
      const item = { type: type.of, latest: ofLatest?.kind === 'array' ? ofLatest.of : null };
      if (type.itemRequired && mayBeNull(writer.of))
        findings.widen('items may be null in the schema, but are required');
      return compileArray(writer.of, compileAvroValue(writer.of, item, findings), type.itemRequired);
    }
    case 'object': {
      if (writer.kind !== 'record') throw mismatch(writer, type);
      return compileRecord(writer, { fields: type.type.fields, latest }, findings);
    }
  }
}

function mismatch(writer: AvroType, type: FieldType): Unmapped {
  return new Unmapped(`declared ${describeType(type)}, but the schema has ${describeAvro(writer)}, which does not map`);
}

/** Whether a value of the type may be null. */
export function mayBeNull(type: AvroType): boolean {
  return type.kind === 'null' || (type.kind === 'union' && type.branches.some(({ kind }) => kind === 'null'));
}

/** The type itself, or that branch of it, of one kind. */
function branchLike(type: AvroType | null, kind: AvroType['kind']): AvroType | undefined {
  if (type?.kind !== 'union') return type?.kind === kind ? type : undefined;
  return type.branches.find((branch) => branch.kind === kind);
}

function compileUnion(
  branches: readonly AvroType[],
  declared: { readonly type: FieldType; readonly latest: AvroType | null },
  findings: Findings,
): ReadAvro {
  let refusal: Unmapped | undefined;
  let refused = 0;
  const readers = branches.map((branch): ReadAvro => {
    try {
      const inner = new Findings();
      const read = compileAvroValue(branch, declared, inner);
      inner.settle();
      for (const what of inner.wider) findings.widen(what);
      return read;
    } catch (thrown) {
      if (!(thrown instanceof Unmapped)) throw thrown;
      refusal = thrown;
      refused++;
      return () => {
        throw new Misfit(`expected ${describeType(declared.type)}, got ${describeAvro(branch)}`);
      };
    }
  });
  if (refusal !== undefined) {
    if (refused === branches.filter(({ kind }) => kind !== 'null').length) throw refusal;
    findings.widen(refusal.message);
  }
  return (reader) => {
    const index = reader.readZigzag32();
    const read = readers[index];
    if (read === undefined) throw new Misfit(`expected one of ${readers.length} types, got number ${index}`);
    return read(reader);
  };
}

function compileEnum(writer: AvroType, type: EnumType, findings: Findings): ReadAvro {
  const values = new Set(type.values.map(({ name }) => name));
  const expected = `${type.name} (${[...values].join(', ')})`;
  if (writer.kind === 'string') {
    return (reader) => {
      const value = readAvroText(reader);
      if (values.has(value)) return value;
      throw unexpected(expected, value);
    };
  }
  if (writer.kind !== 'enum') throw mismatch(writer, { kind: 'enum', type });
  const { symbols } = writer;
  const foreign = symbols.filter((symbol) => !values.has(symbol));
  if (foreign.length > 0) findings.widen(`the schema has values that ${type.name} does not: ${foreign.join(', ')}`);
  return (reader) => {
    const symbol = symbols[reader.readZigzag32()];
    if (symbol === undefined) throw new Misfit(`expected ${expected}, got a number that stands for no symbol`);
    if (values.has(symbol)) return symbol;
    throw unexpected(expected, symbol);
  };
}

function compileArray(written: AvroType, readItem: ReadAvro, itemRequired: boolean): ReadAvro {
  const itemSize = smallestSize(written);
  return (reader) => {
    const items: unknown[] = [];
    try {
      for (let count = readBlock(reader); count > 0; count = readBlock(reader)) {
        reader.expectItems(count, itemSize);
        for (let left = count; left > 0; left--) {
          const item = readItem(reader);
          if (item === null && itemRequired) throw new Misfit('required, but null');
          items.push(item);
        }
      }
    } catch (thrown) {
      throw placed(thrown, items.length);
    }
    return items;
  };
}

interface Member {
  /** Where the value goes among the declared fields; -1 for a field of the writer that the declaration does not have. */
  readonly at: number;
  readonly column: string;
  readonly required: boolean;
  /** Which of two branches is null, the other being that of `read`; -1 for what is no such union. */
  readonly nullBranch: number;
  readonly read: ReadAvro;
}

function compileRecord(
  writer: Extract<AvroType, { kind: 'record' }>,
  { fields, latest }: { readonly fields: readonly Field[]; readonly latest: AvroType | null },
  findings: Findings,
): (reader: ByteReader) => Node {
  const latestRecord = branchLike(latest, 'record');
  const latestFields = latestRecord?.kind === 'record' ? latestRecord.fields : [];
  const absent: unknown[] = fields.map(() => null);
  const members = new Map<AvroField, Member>();
  for (const [at, field] of fields.entries()) {
    const ofLatest = latestFields.find(({ name }) => name === field.column);
    const names = [field.column, ...(ofLatest?.aliases ?? [])];
    const written = writer.fields.find(({ name }) => names.includes(name));
    findings.within(field.column, () => {
      if (written === undefined) absent[at] = absentValue(field, ofLatest, findings);
      else members.set(written, { at, ...compileMember(written, { field, ofLatest }, findings) });
    });
  }
  const inOrder = writer.fields.map((written) => members.get(written) ?? skipping(written));
  return recordReader(inOrder, fields, absent);
}

function compileMember(
  written: AvroField,
  { field, ofLatest }: { readonly field: Field; readonly ofLatest: AvroField | undefined },
  findings: Findings,
): Omit<Member, 'at'> {
  const declared = { type: field.type, latest: ofLatest?.type ?? null };
  const { nullBranch, type } = withoutNull(written.type);
  const read = compileAvroValue(type, declared, findings);
  if (field.required && mayBeNull(written.type)) findings.widen('may be null in the schema, but is required');
  return { column: field.column, required: field.required, nullBranch, read };
}

/** The other branch of a union of null and one more: nearly every optional field is one. */
function withoutNull(type: AvroType): { readonly nullBranch: number; readonly type: AvroType } {
  const nullBranch = type.kind === 'union' ? type.branches.findIndex(({ kind }) => kind === 'null') : -1;
  const other = type.kind === 'union' && type.branches.length === 2 ? type.branches[1 - nullBranch] : undefined;
  return nullBranch < 0 || other === undefined ? { nullBranch: -1, type } : { nullBranch, type: other };
}

function skipping(written: AvroField): Member {
  return { at: -1, column: written.name, required: false, nullBranch: -1, read: compileAvroSkip(written.type) };
}

/** What a field is whose writer did not have it: its default in the latest schema, else null. */
function absentValue(field: Field, ofLatest: AvroField | undefined, findings: Findings): unknown {
  if (ofLatest?.defaultBytes) {
    const read = compileAvroValue(ofLatest.type, { type: field.type, latest: null }, new Findings());
    const reader = new ByteReader();
    reader.open(ofLatest.defaultBytes, 0);
    const value = read(reader);
    if (value !== null || !field.required) return value;
  }
  if (field.required) findings.fault('required, but the schema does not have it');
  return null;
}

/** `absent` holds what fields are that the writer does not have. */
function recordReader(
  members: readonly Member[],
  fields: readonly Field[],
  absent: readonly unknown[],
): (reader: ByteReader) => Node {
  const lines = members.flatMap(({ at, required, nullBranch }, index) => {
    const value = `read${index}(reader)`;
    return [
      `at = ${index};`,
      at < 0 ? `${value};` : `v${at} = ${nullBranch < 0 ? value : `isNull(reader, ${nullBranch}) ? null : ${value}`};`,
      ...(required ? [`if (v${at} === null) throw missing();`] : []),
    ];
  });
  const code = `(reader) => {
    let at = 0;
    ${fields.map((_, at) => `let v${at} = absent[${at}];`).join('\n')}
    try {
      ${lines.join('\n')}
    } catch (thrown) {
      throw placed(thrown, at);
    }
    return ${objectOf(fields.map(({ name }) => name))};
  }`;
  return generate(code, {
    ...Object.fromEntries(members.map(({ read }, index) => [`read${index}`, read])),
    absent,
    isNull,
    missing: () => new Misfit('required, but null'),
    placed: (thrown: unknown, at: number) => placed(thrown, members[at]?.column),
  });
}

/** Reads which of two branches a value is of. */
function isNull(reader: ByteReader, nullBranch: number): boolean {
  const index = reader.readZigzag32();
  if (index !== 0 && index !== 1) throw new Misfit(`expected one of 2 types, got number ${index}`);
  return index === nullBranch;
}
