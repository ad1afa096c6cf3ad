import { createCodec, type Node, type Schemas } from '#codec';
import type { Field, KeyFormat, Stream } from '#model';
import { isIdLike } from './shape.ts';

/** A record of the sample, decoded; null: a tombstone. */
export interface DecodedRecord {
  readonly partition: number;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly node: Node | null;
}

/** Which fields the record key is made of. */
export interface InferredKey {
  /** In order. */
  readonly fields: readonly Field[];
  /** Null: the one that such a key has anyway. */
  readonly keyFormat: KeyFormat | null;
}

const keyScalars: readonly string[] = ['ID', 'String', 'Int', 'BigInt', 'Boolean', 'Date'];
const longBytes = 8;

/**
 * The fields whose values are the record's key in the whole sample: what the codec would write as the key, byte for
 * byte. Null when there are none, or when several would do equally well.
 */
export function inferKey(stream: Stream, records: readonly DecodedRecord[], schemas?: Schemas): InferredKey | null {
  const keys = records.flatMap(({ key }) => (key === null ? [] : [key]));
  const first = records.find(({ node }) => node !== null)?.key ?? null;
  if (stream.format === 'RAW' || first === null || keys.length < records.length) return null;
  const holds = ({ fields, keyFormat }: InferredKey) => {
    const keyed: Stream = { ...stream, key: fields, keyFormat: keyFormat ?? (fields.length > 1 ? 'JSON' : 'STRING') };
    return isKeyOf(keyed, records, schemas);
  };
  const named = fieldsOfJson(first, stream.fields);
  if (named !== null) {
    const composite: InferredKey = { fields: named, keyFormat: named.length > 1 ? null : 'JSON' };
    if (holds(composite)) return composite;
  }
  const possible = stream.fields.flatMap((field) => candidatesFor(field, first, schemas)).filter(holds);
  const distinct = new Set(keys.map((key) => key.toString('latin1'))).size;
  return choose(possible, distinct);
}

function candidatesFor(field: Field, key: Buffer, schemas: Schemas | undefined): readonly InferredKey[] {
  const { type, required } = field;
  const isKeyType = type.kind === 'enum' || (type.kind === 'scalar' && keyScalars.includes(type.name));
  if (!required || !isKeyType) return [];
  const found: InferredKey[] = [{ fields: [field], keyFormat: null }];
  const isWhole = type.kind === 'scalar' && (type.name === 'Int' || type.name === 'BigInt');
  if (isWhole && key.length === longBytes) {
    const long: Field = { ...field, type: { kind: 'scalar', name: 'BigInt' } };
    found.push({ fields: [long], keyFormat: 'LONG' });
  }
  if (schemas?.keyWriter) found.push({ fields: [field], keyFormat: 'AVRO' });
  return found;
}

/** Several would do when all keys are alike, or when columns repeat each other: what is called an id is meant. */
function choose(possible: readonly InferredKey[], distinctKeys: number): InferredKey | null {
  const ids = possible.filter(({ fields }) => fields.every(({ column }) => isIdLike(column)));
  const [only, ...others] = ids.length > 0 ? ids : possible;
  if (only === undefined) return null;
  return others.length === 0 || distinctKeys > 1 ? only : null;
}

/** The fields that a JSON object in the key names; null when the key is none, or names what is no field. */
function fieldsOfJson(key: Buffer, fields: readonly Field[]): readonly Field[] | null {
  const text = key.toString('utf8');
  if (!text.startsWith('{')) return null;
  try {
    const columns = Object.keys(JSON.parse(text));
    const named = columns.map((column) => fields.find((field) => field.column === column && field.required));
    const found = named.filter((field) => field !== undefined);
    return found.length > 0 && found.length === columns.length ? found : null;
  } catch {
    return null;
  }
}

function isKeyOf(keyed: Stream, records: readonly DecodedRecord[], schemas: Schemas | undefined): boolean {
  const codec = createCodec(keyed, schemas);
  const isEqual = (left: Node | null, right: Node) =>
    left !== null && keyed.key.every(({ name }) => String(left[name]) === String(right[name]));
  try {
    return records.every(({ key, node }) => {
      if (key === null) return false;
      if (node === null || keyed.keyFormat === 'AVRO') {
        const decoded = codec.decodeKey(key);
        return node === null ? decoded !== null : isEqual(decoded, node);
      }
      return codec.encodeKey(node)?.equals(key) === true;
    });
  } catch {
    // A value that this key format cannot hold.
    return false;
  }
}
