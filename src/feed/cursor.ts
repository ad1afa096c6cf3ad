import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { SluiceError } from '#errors';
import type { Position } from './log.ts';

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
}

/** Makes and reads cursors. */
export interface Cursors {
  encode(scope: CursorScope, position: Position): string;
  /** Throws BAD_CURSOR when it is malformed, tampered with, or of another field or cluster. */
  decode(scope: CursorScope, cursor: string): CursorContent;
}

const version = 1;
const scopeBytes = 8;
const tagBytes = 16;
const maxPartitions = 100_000;

/**
 * Cursors as base64url of: version (1 byte), hash of cluster and field (8), length and text of the topic id, number of
 * partitions, for each its number and offset (LEB128 varints), HMAC-SHA256 of all that (first 16 bytes).
 * About 70 characters for 4 partitions. The first secret signs, every one of them is accepted (rotation).
 */
export function createCursors(secrets: readonly [Buffer, ...Buffer[]]): Cursors {
  const sign = (secret: Buffer, body: Buffer) =>
    createHmac('sha256', secret).update(body).digest().subarray(0, tagBytes);
  return {
    encode(scope, position) {
      const topicId = Buffer.from(scope.topicId);
      const numbers: number[] = [];
      pushVarint(numbers, BigInt(topicId.length));
      numbers.push(...topicId);
      pushVarint(numbers, BigInt(position.size));
      for (const [partition, offset] of position) {
        pushVarint(numbers, BigInt(partition));
        pushVarint(numbers, offset);
      }
      const body = Buffer.concat([Buffer.from([version]), scopeHash(scope), Buffer.from(numbers)]);
      return Buffer.concat([body, sign(secrets[0], body)]).toString('base64url');
    },
    decode(scope, cursor) {
      const bytes = Buffer.from(cursor, 'base64url');
      if (bytes.length <= 1 + scopeBytes + tagBytes || bytes.toString('base64url') !== cursor) throw malformed();
      if (bytes[0] !== version) throw refuse('it was made by another version of this gateway');
      const body = bytes.subarray(0, -tagBytes);
      const tag = bytes.subarray(-tagBytes);
      if (!secrets.some((secret) => timingSafeEqual(sign(secret, body), tag))) {
        throw refuse('it was altered, or signed with a key that this gateway does not have');
      }
      if (!body.subarray(1, 1 + scopeBytes).equals(scopeHash(scope))) {
        throw refuse(`it belongs to another field than "${scope.field}", or to another Kafka cluster`);
      }
      return readBody(body);
    },
  };
}

function readBody(body: Buffer): CursorContent {
  const reader = new VarintReader(body, 1 + scopeBytes);
  const idLength = Number(reader.next());
  const topicId = reader.text(idLength);
  const count = Number(reader.next());
  if (count > maxPartitions) throw malformed();
  const position = new Map<number, bigint>();
  for (let index = 0; index < count; index += 1) position.set(Number(reader.next()), reader.next());
  return { topicId, position };
}

function scopeHash(scope: CursorScope): Buffer {
  return createHash('sha256').update(`${scope.clusterId}\n${scope.field}`).digest().subarray(0, scopeBytes);
}

function pushVarint(into: number[], value: bigint): void {
  let rest = value;
  while (rest > 127n) {
    into.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  into.push(Number(rest));
}

/** Reads LEB128 varints; whatever does not fit is a malformed cursor. */
class VarintReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  next(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 64n; shift += 7n) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw malformed();
      this.#at += 1;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw malformed();
  }

  text(length: number): string {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw malformed();
    const text = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end;
    return text;
  }
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
