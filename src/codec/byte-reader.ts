import { isUtf8 } from 'node:buffer';
import { Misfit } from './misfit.ts';

/** Items that take no byte (nulls, empty records) which one record may hold in all: a count alone must not cost memory. */
const maxEmptyItems = 10_000;

/** The largest nesting of a value of a recursive type, as for JSON. */
const maxDepth = 100;

/** Texts up to this are looked through byte by byte. */
const maxShortText = 64;
/** Records up to this are turned to text as a whole. */
const maxWholeBytes = 1024;

const tooShort = 'the record ends too early';
const two28 = 2 ** 28;

/**
 * Reads bytes from front to back, with every length held against what is left: a record that lies about a length
 * throws {@link Misfit} before anything of that length is allocated. Opened anew for each record.
 */
export class ByteReader {
  bytes: Buffer = Buffer.alloc(0);
  /** Where the next byte is read. */
  at = 0;
  /** Where the present message ends. */
  end = 0;
  /** The memory that {@link bytes} are a part of. Records come many in one such memory. */
  #memory = new DataView(this.bytes.buffer);
  #emptyItems = 0;
  #depth = 0;
  /** The whole record, a character a byte: short texts are cut out of it, for each call into Node's C++ costs as much. */
  #whole: string | null = null;

  open(bytes: Buffer, at: number): void {
    this.bytes = bytes;
    if (bytes.buffer !== this.#memory.buffer) this.#memory = new DataView(bytes.buffer);
    this.at = at;
    this.end = bytes.length;
    this.#emptyItems = 0;
    this.#depth = 0;
    this.#whole = null;
  }

  /** Goes one level deeper into a value whose nesting the bytes alone decide. Call {@link leave} behind it. */
  enter(): void {
    if (++this.#depth > maxDepth) throw new Misfit(`nested more than ${maxDepth} deep`);
  }

  leave(): void {
    this.#depth--;
  }

  readByte(): number {
    if (this.at >= this.end) throw new Misfit(tooShort);
    return this.bytes[this.at++] ?? 0;
  }

  /** Where the next so many bytes begin; goes on behind them. */
  take(length: number): number {
    const start = this.at;
    if (!(length >= 0 && length <= this.end - start)) throw new Misfit(tooShort);
    this.at = start + length;
    return start;
  }

  /** Base 128, least first, of at most 64 bits: exact. */
  readVarint(): number | bigint {
    const first = this.readByte();
    if (first < 0x80) return first;
    let low = first & 0x7f;
    let shift = 7;
    let byte = 0x80;
    for (; byte >= 0x80 && shift < 28; shift += 7) {
      byte = this.readByte();
      low |= (byte & 0x7f) << shift;
    }
    if (byte < 0x80) return low;
    let middle = 0;
    for (shift = 0; byte >= 0x80 && shift < 28; shift += 7) {
      byte = this.readByte();
      middle |= (byte & 0x7f) << shift;
    }
    if (byte < 0x80 && middle < 2 ** 25) return low + middle * two28;
    let high = 0;
    if (byte >= 0x80) {
      byte = this.readByte();
      high = byte & 0x7f;
      if (byte >= 0x80) {
        byte = this.readByte();
        high |= (byte & 1) << 7;
        if (byte >= 0x80) throw new Misfit('an integer has more than 10 bytes');
      }
    }
    return BigInt(low) + (BigInt(middle) << 28n) + (BigInt(high) << 56n);
  }

  /** A signed integer in zigzag form: a number when it is safe, else a bigint. */
  readZigzag(): number | bigint {
    const raw = this.readVarint();
    if (typeof raw === 'number') {
      if (raw < two28) return (raw >>> 1) ^ -(raw & 1);
      return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
    }
    return toShortest((raw >> 1n) ^ -(raw & 1n));
  }

  /** A zigzag integer of 32 bits. */
  readZigzag32(): number {
    const value = this.readZigzag();
    if (typeof value !== 'number' || (value | 0) !== value) throw new Misfit('expected an integer of 32 bits');
    return value | 0;
  }

  /** The text of so many bytes. */
  readText(length: number): string {
    const start = this.take(length);
    if (length <= maxShortText && this.bytes.length <= maxWholeBytes && this.#isAscii(start)) {
      this.#whole ??= this.bytes.toString('latin1');
      return this.#whole.slice(start, this.at);
    }
    const text = this.bytes.toString('utf8', start, this.at);
    // Bytes that are not UTF-8 become U+FFFD: see toText.
    if (text.includes('\ufffd') && !isUtf8(this.bytes.subarray(start, this.at))) throw new Misfit('not valid UTF-8');
    return text;
  }

  /** Bytes as base64. */
  readBase64(length: number): string {
    const start = this.take(length);
    return this.bytes.toString('base64', start, this.at);
  }

  readFloat(): number {
    return this.#memory.getFloat32(this.bytes.byteOffset + this.take(4), true);
  }

  readDouble(): number {
    return this.#memory.getFloat64(this.bytes.byteOffset + this.take(8), true);
  }

  /** Whether the bytes from there on to the present place are of ASCII: four are looked at together. */
  #isAscii(start: number): boolean {
    let all = 0;
    let at = start;
    const { byteOffset } = this.bytes;
    for (const last = this.at - 4; at <= last; at += 4) all |= this.#memory.getInt32(byteOffset + at, true);
    for (; at < this.at; at++) all |= this.bytes[at] ?? 0;
    return (all & 0x80808080) === 0;
  }

  /** Refuses a count of items that cannot all be there. Call before the first of them is read. */
  expectItems(count: number, smallestItem: number): void {
    if (smallestItem > 0) {
      if (count > this.end - this.at) throw new Misfit(tooShort);
      return;
    }
    this.#emptyItems += count;
    if (this.#emptyItems > maxEmptyItems) throw new Misfit(`more than ${maxEmptyItems} items that take no byte`);
  }
}

/** The number itself when a double counts it exactly, else the bigint: the form of BigInt in a Node. */
export function toShortest(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
