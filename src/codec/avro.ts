import type { Field } from '#model';
import { type AvroType, parseAvro } from './avro-type.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { compileAvroReader, compileAvroValue, mayBeNull } from './decode-avro.ts';
import { compileAvroValueWriter, compileAvroWriter } from './encode-avro.ts';
import { Findings } from './findings.ts';
import type { FramedFormat } from './frame.ts';
import { Misfit } from './misfit.ts';
import type { Node, RegisteredSchema } from './types.ts';

/** Avro behind Confluent's frame. Bytes are read straight into nodes: see docs/formats.md. */
export function createAvroFormat(fields: readonly Field[]): FramedFormat {
  return {
    type: 'AVRO',
    compileReader(schema, latest) {
      const findings = new Findings();
      const read = compileReader(parseAvro(schema), { fields, latest: parseIfAny(latest) }, findings);
      findings.settle();
      return (reader) => {
        const node = read(reader);
        if (reader.at !== reader.end)
          throw new Misfit(`${reader.end - reader.at} bytes are left over behind the record`);
        return node;
      };
    },
    compileWriter(schema) {
      const findings = new Findings();
      const write = compileWriter(parseAvro(schema), fields, findings);
      findings.settle();
      return write;
    },
  };
}

/** Adds what is found when fields are held against a schema, on reading and on writing. */
export function examineAvro(schema: RegisteredSchema, fields: readonly Field[], findings: Findings): void {
  const type = parseAvro(schema);
  compileReader(type, { fields, latest: type }, findings);
  compileWriter(type, fields, findings);
}

/** A key of one field may be the bare value: then the schema is no record. */
function compileReader(
  type: AvroType,
  { fields, latest }: { readonly fields: readonly Field[]; readonly latest: AvroType | null },
  findings: Findings,
): (reader: ByteReader) => Node {
  const [only, ...others] = fields;
  if (type.kind === 'record' || only === undefined || others.length > 0) {
    return compileAvroReader(type, { fields, latest }, findings);
  }
  const read = compileAvroValue(type, { type: only.type, latest }, findings);
  if (only.required && mayBeNull(type)) findings.widen('may be null in the schema, but is required');
  return (reader) => {
    const value = read(reader);
    if (value === null && only.required) throw new Misfit('required, but null');
    return { [only.name]: value };
  };
}

function compileWriter(
  type: AvroType,
  fields: readonly Field[],
  findings: Findings,
): (writer: ByteWriter, node: Node) => void {
  const [only, ...others] = fields;
  if (type.kind === 'record' || only === undefined || others.length > 0)
    return compileAvroWriter(type, fields, findings);
  const write = compileAvroValueWriter(type, only.type, findings);
  return (writer, node) => write(writer, node[only.name]);
}

function parseIfAny(schema: RegisteredSchema | null): AvroType | null {
  return schema === null ? null : parseAvro(schema);
}
