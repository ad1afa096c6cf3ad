import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { SluiceError } from '#errors';
import { ByteReader, ByteWriter } from './cursor-bytes.ts';
import type { Epochs, Position } from './log.ts';
import { type Bookmark, decodeBookmark, encodeBookmark } from './table-bookmark.ts';

/** What a cursor is good for: one root field over one topic of one cluster. */
export interface CursorScope {
  readonly clusterId: string;
  readonly topicId: string;
  readonly field: string;
}

/** A cursor read back. `topicId` differs from the scope's when the topic was deleted and made anew since. */
export interface CursorContent {
  readonly topicId: string;
  readonly position: Position;
  /** For every partition of the position; -1 where it was unknown. */
  readonly epochs: Epochs;
  /** When the position was known to be the live end, at the latest; milliseconds since the epoch. Tables have it. */
  readonly asOfMs?: number;
  /** Among the present rows of a table; absent: all of them were given. */
  readonly bookmark?: Bookmark;
}

/** What the cursor of a table has beside its position. */
export type TablePlace = Pick<CursorContent, 'asOfMs' | 'bookmark'>;

/** Makes and reads cursors. */
export interface Cursors {
  /** The epochs of partitions that are not in the position are left out. */
  encode(scope: CursorScope, position: Position, epochs: Epochs, table?: TablePlace): string;
  /** Throws BAD_CURSOR when it is malformed, tampered with, or of another field or cluster. */
  decode(scope: CursorScope, cursor: string): CursorContent;
}

const version = 2;
const scopeBytes = 8;
const tagBytes = 16;
const maxPartitions = 100_000;
/** Scopes whose beginning is kept; there is one for each field of the gateway. */
const maxPrefixes = 1_000;

/** Bits of the layout byte. */
const idIsUuid = 1;
const isContiguous = 2;
const hasOneEpoch = 4;
const hasTime = 8;
const hasBookmark = 16;

/**
 * Cursors as base64url of: version (1 byte), hash of cluster and field (8), layout (1), topic id (16 bytes when it is a
 * UUID, as Kafka's are), number of partitions, their numbers unless they are 0 to n-1, one leader epoch when all
 * agree or else one each, an offset each, for tables the time in seconds and the length and JSON text of a bookmark
 * (all numbers LEB128 varints), HMAC-SHA256 of all that (first 16 bytes).
 *
 * With a common epoch and offsets of eight digits a cursor has 80 characters for 4 partitions, 230 for 32 and 1,426
 * for 256; an epoch of its own for each partition makes that 84, 271 and 1,766. The first secret signs, every one of them is
 * accepted (rotation).
 */
export function createCursors(secrets: readonly [Buffer, ...Buffer[]]): Cursors {
  const [first, ...others] = secrets;
  const signer = createSecretKey(first);
  const keys = [signer, ...others.map((secret) => createSecretKey(secret))];
  const prefixes = new Map<string, Buffer>();
  const writer = new ByteWriter();
  return {
    encode(scope, position, epochs, table) {
      const id = `${scope.clusterId}\n${scope.field}\n${scope.topicId}`;
      let prefix = prefixes.get(id);
      if (!prefix) {
        if (prefixes.size >= maxPrefixes) prefixes.clear();
        prefix = toPrefix(scope);
        prefixes.set(id, prefix);
      }
      writer.begin(prefix);
      writePosition(writer, position, epochs);
      if (table) writeTablePlace(writer, table);
      writer.bytes(sign(signer, writer.written()), tagBytes);
      return writer.written().toString('base64url');
    },
    decode(scope, cursor) {
      const bytes = Buffer.from(cursor, 'base64url');
      if (bytes.length <= 1 + scopeBytes + tagBytes || bytes.toString('base64url') !== cursor) throw malformed();
      if (bytes[0] !== version) throw refuse('it was made by another version of this gateway');
      const body = bytes.subarray(0, -tagBytes);
      const tag = bytes.subarray(-tagBytes);
      if (!keys.some((key) => timingSafeEqual(sign(key, body).subarray(0, tagBytes), tag))) {
        throw refuse('it was altered, or signed with a key that this gateway does not have');
      }
      if (!body.subarray(1, 1 + scopeBytes).equals(scopeHash(scope))) {
        throw refuse(`it belongs to another field than "${scope.field}", or to another Kafka cluster`);
      }
      return readBody(new ByteReader(body, 1 + scopeBytes, malformed));
    },
  };
}

function sign(key: KeyObject, body: Buffer): Buffer {
  return createHmac('sha256', key).update(body).digest();
}

/** All that comes before the partitions; the layout byte tells the topic id's form alone. */
function toPrefix(scope: CursorScope): Buffer {
  const uuid = toUuid(scope.topicId);
  const text = Buffer.from(scope.topicId);
  const id = uuid ?? Buffer.concat([Buffer.from([text.length]), text]);
  if (!uuid && text.length > 255) throw new RangeError('A topic id has at most 255 bytes.');
  return Buffer.concat([Buffer.from([version]), scopeHash(scope), Buffer.from([uuid ? idIsUuid : 0]), id]);
}

function writePosition(writer: ByteWriter, position: Position, epochs: Epochs): void {
  let next = 0;
  let contiguous = true;
  let common: number | undefined;
  let oneEpoch = true;
  for (const partition of position.keys()) {
    if (partition !== next) contiguous = false;
    next += 1;
    const epoch = epochs.get(partition) ?? -1;
    common ??= epoch;
    if (epoch !== common) oneEpoch = false;
  }
  writer.orAt(1 + scopeBytes, (contiguous ? isContiguous : 0) | (oneEpoch ? hasOneEpoch : 0));
  writer.varint(position.size);
  if (!contiguous) for (const partition of position.keys()) writer.varint(partition);
  if (oneEpoch) writer.varint((common ?? -1) + 1);
  else for (const partition of position.keys()) writer.varint((epochs.get(partition) ?? -1) + 1);
  for (const offset of position.values()) writer.bigVarint(offset);
}

function writeTablePlace(writer: ByteWriter, { asOfMs, bookmark }: TablePlace): void {
  writer.orAt(1 + scopeBytes, (asOfMs === undefined ? 0 : hasTime) | (bookmark ? hasBookmark : 0));
  if (asOfMs !== undefined) writer.varint(Math.max(0, Math.floor(asOfMs / 1000)));
  if (!bookmark) return;
  const bytes = encodeBookmark(bookmark);
  writer.varint(bytes.length);
  writer.bytes(bytes, bytes.length);
}

function readTablePlace(reader: ByteReader, layout: number): TablePlace {
  const asOfMs = layout & hasTime ? reader.varint() * 1000 : undefined;
  const bookmark = layout & hasBookmark ? decodeBookmark(reader.take(reader.varint())) : undefined;
  if (bookmark === null) throw malformed();
  return { ...(asOfMs !== undefined && { asOfMs }), ...(bookmark && { bookmark }) };
}

function readBody(reader: ByteReader): CursorContent {
  const layout = reader.byte();
  const topicId = layout & idIsUuid ? fromUuid(reader.take(16)) : reader.take(reader.byte()).toString();
  const count = reader.varint();
  if (count > maxPartitions) throw malformed();
  const partitions = Array.from({ length: count }, (_, index) => (layout & isContiguous ? index : reader.varint()));
  const common = layout & hasOneEpoch ? reader.varint() - 1 : null;
  const epochs = new Map(partitions.map((partition) => [partition, common ?? reader.varint() - 1]));
  const position = new Map(partitions.map((partition) => [partition, reader.bigVarint()]));
  return { topicId, position, epochs, ...readTablePlace(reader, layout) };
}

function scopeHash(scope: CursorScope): Buffer {
  return createHash('sha256').update(`${scope.clusterId}\n${scope.field}`).digest().subarray(0, scopeBytes);
}

const uuidForm = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

function toUuid(id: string): Buffer | null {
  return uuidForm.test(id) ? Buffer.from(id.replaceAll('-', ''), 'hex') : null;
}

function fromUuid(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function malformed(): SluiceError {
  return refuse('it is not a cursor');
}

function refuse(why: string): SluiceError {
  return new SluiceError(
    'BAD_CURSOR',
    `This cursor cannot be used: ${why}. Take an endCursor that this field returned, or start with "from".`,
  );
}
