import { messageOf, SluiceError } from '#errors';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { refusingMisfits } from './encode-json.ts';
import { Misfit } from './misfit.ts';
import type { Codec, Decoded, DecodeFault, Node, NumberedSchema, RegisteredSchema, Schemas } from './types.ts';
import { Unmapped } from './unmapped.ts';

/** What a format does behind the frame. */
export interface FramedFormat {
  readonly type: RegisteredSchema['type'];
  /**
   * Prepares the reader of records written with one schema; `latest` is what new ones are written with, where that is
   * of this format. Throws {@link Unmapped} when such records cannot be read at all.
   */
  compileReader(schema: RegisteredSchema, latest: RegisteredSchema | null): (reader: ByteReader) => Node;
  /** Prepares the writer. Throws {@link Unmapped}. */
  compileWriter(schema: RegisteredSchema): (writer: ByteWriter, node: Node) => void;
}

type ReadNode = (reader: ByteReader) => Node;

/** Zero, then the schema's id in four bytes, highest first (Confluent's wire format). */
export const magicByte = 0;
export const headerBytes = 5;
/** Readers that are kept. A topic has a handful of schemas. */
const maxReaders = 1000;

/** Values, or keys, in Confluent's wire format: each says the id of the schema that it was written with. */
export function createFramed(
  format: FramedFormat,
  schemas: Pick<Schemas, 'byId' | 'writer'>,
): Pick<Codec, 'decode' | 'encode'> {
  const readerOf = createReaders(format, schemas);
  const reader = new ByteReader();
  return {
    decode(bytes): Decoded {
      if (bytes.length < headerBytes || bytes[0] !== magicByte) return refuse({ reason: explainFrame(bytes) });
      const read = readerOf(bytes.readUInt32BE(1));
      if (typeof read !== 'function') return refuse(read);
      reader.open(bytes, headerBytes);
      try {
        return { ok: true, node: read(reader) };
      } catch (thrown) {
        return refuse({ reason: thrown instanceof Misfit ? thrown.reason : messageOf(thrown) });
      }
    },
    encode: createEncode(format, schemas),
  };
}

function refuse(fault: DecodeFault): Decoded {
  return { ok: false, fault };
}

/** Why bytes are not in the frame. */
export function explainFrame(bytes: Buffer): string {
  if (bytes.length === 0) return 'the value is empty, expected a schema id';
  if (bytes[0] === magicByte) return `the value has ${bytes.length} bytes, too few for a schema id`;
  const isJson = bytes[0] === 0x7b ? ' It looks like plain JSON.' : '';
  return `the value begins with the byte ${bytes[0]}, expected 0 and a schema id (Confluent's wire format).${isJson}`;
}

/** The readers by schema id, each prepared when its first record comes; or why there is none. */
function createReaders(format: FramedFormat, schemas: Pick<Schemas, 'byId' | 'writer'>) {
  const readers = new Map<number, ReadNode | DecodeFault>();
  let writer: NumberedSchema | null = null;
  let lastId = -1;
  let last: ReadNode | DecodeFault = { reason: '' };

  function compile(id: number): ReadNode | DecodeFault {
    const schema = schemas.byId(id);
    if (schema === undefined) return { reason: `schema ${id} is not known yet`, retry: true, schemaId: id };
    if (schema.type === 'FAULT') {
      return { reason: `schema ${id}: ${schema.reason}`, schemaId: id, ...(schema.retry ? { retry: true } : {}) };
    }
    const compiled = compileKnown(id, schema);
    if (readers.size >= maxReaders) readers.clear();
    readers.set(id, compiled);
    return compiled;
  }

  function compileKnown(id: number, schema: RegisteredSchema): ReadNode | DecodeFault {
    if (schema.type !== format.type) {
      return { reason: `schema ${id} is of type ${schema.type}, expected ${format.type}`, schemaId: id };
    }
    try {
      return format.compileReader(schema, writer?.schema.type === format.type ? writer.schema : null);
    } catch (thrown) {
      return { reason: `schema ${id}: ${messageOf(thrown)}`, schemaId: id };
    }
  }

  return (id: number): ReadNode | DecodeFault => {
    if (schemas.writer !== writer) {
      // Defaults and former names come from the latest schema.
      writer = schemas.writer;
      readers.clear();
      lastId = -1;
    }
    if (id === lastId) return last;
    const found = readers.get(id);
    if (found === undefined) return compile(id);
    lastId = id;
    last = found;
    return found;
  };
}

function createEncode(format: FramedFormat, schemas: Pick<Schemas, 'writer' | 'problem'>): (node: Node) => Buffer {
  const out = new ByteWriter();
  let writer: NumberedSchema | null = null;
  let write: ((out: ByteWriter, node: Node) => void) | null = null;
  return (node) => {
    if (schemas.writer === null) {
      throw new SluiceError(
        'REGISTRY_UNAVAILABLE',
        schemas.problem ?? 'The schema registry has no schema for these records yet. Register one first.',
      );
    }
    if (write === null || schemas.writer !== writer) {
      writer = schemas.writer;
      write = compileWriter(format, writer);
    }
    const written = write;
    const { id } = writer ?? schemas.writer;
    return refusingMisfits(() => {
      out.reset();
      out.writeByte(magicByte);
      out.writeInt32BE(id);
      written(out, node);
      return out.finish();
    });
  };
}

function compileWriter(format: FramedFormat, { id, schema }: NumberedSchema) {
  if (schema.type !== format.type) {
    throw new SluiceError(
      'BAD_DECLARATION',
      `The subject's schema ${id} is of type ${schema.type}, expected ${format.type}.`,
    );
  }
  try {
    return format.compileWriter(schema);
  } catch (thrown) {
    if (!(thrown instanceof Unmapped)) throw thrown;
    throw new SluiceError('BAD_DECLARATION', `Records cannot be written with schema ${id}: ${thrown.message}.`, {
      cause: thrown,
    });
  }
}
