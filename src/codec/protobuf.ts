import type { Source } from '#model';
import type { ByteReader } from './byte-reader.ts';
import { compileProtoReader } from './decode-protobuf.ts';
import { compileProtoWriter } from './encode-protobuf.ts';
import { Findings } from './findings.ts';
import type { FramedFormat } from './frame.ts';
import { Misfit } from './misfit.ts';
import { type ProtoFile, parseProtobuf } from './protobuf-type.ts';
import type { Node, RegisteredSchema } from './types.ts';
import { Unmapped } from './unmapped.ts';

/** Messages nested deeper than this are named by nobody. */
const maxPath = 32;
/** Message types of one file that are kept ready. */
const maxTypes = 100;

/** Protobuf behind Confluent's frame and the indexes that say which message of the file a record is. */
export function createProtobufFormat({ fields, typeName }: Pick<Source, 'fields' | 'typeName'>): FramedFormat {
  function compile(file: ProtoFile, path: readonly number[]): (reader: ByteReader) => Node {
    const message = file.at(path);
    if (message === undefined) throw new Unmapped(`the schema has no message number ${path.join('.')}`);
    const findings = new Findings();
    const read = compileProtoReader(message, fields, findings);
    findings.settle();
    return read;
  }

  return {
    type: 'PROTOBUF',
    compileReader(schema) {
      const file = parseProtobuf(schema);
      const readers = new Map<string, (reader: ByteReader) => Node>();
      let readFirst: ((reader: ByteReader) => Node) | null = null;
      return (reader) => {
        const path = readPath(reader);
        if (path === firstMessage) {
          readFirst ??= compile(file, path);
          return readFirst(reader);
        }
        const name = path.join('.');
        let read = readers.get(name);
        if (read === undefined) {
          read = compile(file, path);
          if (readers.size < maxTypes) readers.set(name, read);
        }
        return read(reader);
      };
    },
    compileWriter(schema) {
      const { index, type } = chooseMessage(parseProtobuf(schema), typeName);
      const findings = new Findings();
      const write = compileProtoWriter(type, fields, findings);
      findings.settle();
      return (writer, node) => {
        if (index !== 0) writer.writeZigzag(1);
        writer.writeZigzag(index);
        write(writer, node);
      };
    },
  };
}

/** The message that new records are: the one with the declaration's name, else the first. */
export function chooseMessage(file: ProtoFile, typeName: string) {
  const named = file.messages.findIndex(({ name }) => name === typeName);
  const index = Math.max(named, 0);
  const chosen = file.messages[index];
  if (chosen === undefined) throw new Unmapped('the Protobuf schema declares no message');
  return { index, type: chosen.type };
}

const firstMessage: readonly number[] = [0];

/** How many indexes, then the indexes, zigzag; a single 0 stands for the first message (Confluent's wire format). */
function readPath(reader: ByteReader): readonly number[] {
  const count = reader.readZigzag32();
  if (count === 0) return firstMessage;
  if (count < 0 || count > maxPath) throw new Misfit(`the record names its message by ${count} indexes`);
  return Array.from({ length: count }, () => reader.readZigzag32());
}

/** Adds what is found when a declaration is held against a schema, on reading and on writing. */
export function examineProtobuf(
  schema: RegisteredSchema,
  { fields, typeName }: Pick<Source, 'fields' | 'typeName'>,
  findings: Findings,
): void {
  const { type } = chooseMessage(parseProtobuf(schema), typeName);
  compileProtoReader(type, fields, findings);
  compileProtoWriter(type, fields, findings);
}
