/** Bytes one after the other, in a buffer that is used again: what was written last is good until the next `begin`. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(256);
  #length = 0;

  begin(prefix: Buffer): void {
    this.#length = 0;
    this.bytes(prefix, prefix.length);
  }

  written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  bytes(from: Buffer, length: number): void {
    this.#makeRoom(length);
    from.copy(this.#bytes, this.#length, 0, length);
    this.#length += length;
  }

  /** Sets bits of a byte that was written already. */
  orAt(index: number, bits: number): void {
    this.#bytes[index] = (this.#bytes[index] ?? 0) | bits;
  }

  /** LEB128 of a safe integer, 0 or more. */
  varint(value: number): void {
    this.#makeRoom(10);
    let rest = value;
    // Bit operations have 32 bits.
    while (rest >= 0x4000_0000) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  /** LEB128 of 0 to 2^63-1. Arithmetic with numbers is many times faster, and offsets nearly always fit. */
  bigVarint(value: bigint): void {
    if (value <= Number.MAX_SAFE_INTEGER) {
      this.varint(Number(value));
      return;
    }
    // Seven groups of seven bits, then the rest: 63 bits in all.
    this.#makeRoom(10);
    let low = Number(value & 0x1_ffff_ffff_ffffn);
    for (let group = 0; group < 7; group += 1) {
      this.#bytes[this.#length++] = (low % 128) | 128;
      low = Math.floor(low / 128);
    }
    this.varint(Number(value >> 49n));
  }

  #makeRoom(length: number): void {
    if (this.#length + length <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#length + length));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** Reads what a {@link ByteWriter} wrote; whatever does not fit is the error that `malformed` makes. */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #malformed: () => Error;
  #at: number;

  constructor(bytes: Buffer, at: number, malformed: () => Error) {
    this.#bytes = bytes;
    this.#at = at;
    this.#malformed = malformed;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw this.#malformed();
    this.#at += 1;
    return byte;
  }

  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw this.#malformed();
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  varint(): number {
    const value = this.bigVarint();
    if (value > Number.MAX_SAFE_INTEGER) throw this.#malformed();
    return Number(value);
  }

  bigVarint(): bigint {
    let low = 0;
    for (let factor = 1; factor <= 2 ** 42; factor *= 128) {
      const byte = this.byte();
      low += (byte & 127) * factor;
      if (byte < 128) return BigInt(low);
    }
    let value = BigInt(low);
    for (let shift = 49n; shift < 63n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw this.#malformed();
  }
}
