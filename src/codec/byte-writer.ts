import { wellFormed } from './well-formed.ts';

const initialBytes = 1024;
/** A larger buffer is not kept for the next record. */
const keptBytes = 64 * 1024;
/** Texts shorter than this are tried as ASCII. The length of such a text takes one byte. */
const maxShortText = 64;
const two31 = 2 ** 31;

/** Writes bytes front to back into a buffer that grows. One serves all records of a codec, one after the other. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(initialBytes);
  /** Where the next byte goes. Set it back to drop what was written since. */
  at = 0;

  /** What was written, as a buffer of its own; begins anew. */
  finish(): Buffer {
    const written = Buffer.allocUnsafe(this.at);
    this.#bytes.copy(written, 0, 0, this.at);
    this.reset();
    return written;
  }

  reset(): void {
    this.at = 0;
    if (this.#bytes.length > keptBytes) this.#bytes = Buffer.allocUnsafe(initialBytes);
  }

  /** Leaves a byte for the length of what is written next. Gives its place, for {@link closeLength}. */
  openLength(): number {
    this.#reserve(1);
    return this.at++;
  }

  /** Puts the length of all that was written since before it, as a varint. */
  closeLength(start: number): void {
    const length = this.at - start - 1;
    if (length < 0x80) {
      this.#bytes[start] = length;
      return;
    }
    const content = Buffer.from(this.#bytes.subarray(start + 1, this.at));
    this.at = start;
    this.writeVarint(length);
    this.writeBytes(content);
  }

  writeByte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.at++] = byte;
  }

  writeBytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** Base 128, least first, of an unsigned integer of up to 64 bits. */
  writeVarint(value: number | bigint): void {
    this.#reserve(10);
    let rest = value;
    if (typeof rest === 'bigint') {
      for (; rest > 0x7fn; rest >>= 7n) this.#bytes[this.at++] = Number(rest & 0x7fn) | 0x80;
      this.#bytes[this.at++] = Number(rest);
      return;
    }
    for (; rest >= two31; rest = Math.floor(rest / 128)) this.#bytes[this.at++] = (rest % 128) | 0x80;
    for (; rest > 0x7f; rest >>>= 7) this.#bytes[this.at++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.at++] = rest;
  }

  /** A signed integer of up to 64 bits in zigzag form. */
  writeZigzag(value: number | bigint): void {
    if (typeof value === 'number' && value < 2 ** 51 && value > -(2 ** 51)) {
      this.writeVarint(value < 0 ? -value * 2 - 1 : value * 2);
      return;
    }
    const exact = BigInt(value);
    this.writeVarint(BigInt.asUintN(64, (exact << 1n) ^ (exact >> 63n)));
  }

  /** Text in UTF-8 behind its length: as a zigzag integer in Avro, a plain one in Protobuf. */
  writeText(text: string, isZigzag: boolean): void {
    if (text.length < maxShortText && this.#writeAscii(text, isZigzag)) return;
    const length = Buffer.byteLength(wellFormed(text));
    this.writeVarint(isZigzag ? length * 2 : length);
    this.#reserve(length);
    this.at += this.#bytes.write(text, this.at);
  }

  writeFloat(value: number): void {
    this.#reserve(4);
    this.at = this.#bytes.writeFloatLE(value, this.at);
  }

  writeDouble(value: number): void {
    this.#reserve(8);
    this.at = this.#bytes.writeDoubleLE(value, this.at);
  }

  /** Four bytes, highest first. */
  writeInt32BE(value: number): void {
    this.#reserve(4);
    this.at = this.#bytes.writeInt32BE(value, this.at);
  }

  /** 32 bits, with or without a sign, lowest byte first. */
  writeFixed32(value: number): void {
    this.#reserve(4);
    this.at = this.#bytes.writeUInt32LE(value >>> 0, this.at);
  }

  /** 64 bits, with or without a sign, lowest byte first. */
  writeFixed64(value: bigint): void {
    this.#reserve(8);
    this.at = this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.at);
  }

  /** Writes a short text by hand, for a call into Node's C++ costs as much as fifty characters. False: it is not of ASCII. */
  #writeAscii(text: string, isZigzag: boolean): boolean {
    const { length } = text;
    this.#reserve(1 + length);
    const bytes = this.#bytes;
    const start = this.at + 1;
    let all = 0;
    for (let index = 0; index < length; index++) {
      const character = text.charCodeAt(index);
      all |= character;
      bytes[start + index] = character;
    }
    if (all > 0x7f) return false;
    bytes[this.at] = isZigzag ? length * 2 : length;
    this.at = start + length;
    return true;
  }

  #reserve(length: number): void {
    if (this.#bytes.length - this.at >= length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.at + length));
    grown.set(this.#bytes.subarray(0, this.at));
    this.#bytes = grown;
  }
}
