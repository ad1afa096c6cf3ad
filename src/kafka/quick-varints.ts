import { createRequire } from 'node:module';

/** What kafkajs writes requests with. */
interface Encoder {
  buf: Buffer;
  offset: number;
  ensureAvailable(length: number): void;
  writeVarInt(value: number): this;
  writeUVarInt(value: number): this;
  writeVarLong(value: unknown): this;
}

interface EncoderClass {
  readonly prototype: Encoder;
  sizeOfVarInt(value: number): number;
  sizeOfVarLong(value: unknown): number;
}

const maxBytes = 5;
let isQuick = false;

/**
 * Lets kafkajs 2.2.4 write variable-length integers into the buffer that it has. By itself it makes a list and a buffer of
 * its own for each, six for a record, which costs a third of the encoding; and long ones go through objects that stand for
 * 64-bit numbers, where nearly all are small. The bytes are the same.
 */
export function quickenVarints(): void {
  if (isQuick) return;
  isQuick = true;
  const encoder: Partial<EncoderClass> = createRequire(import.meta.url)('kafkajs/src/protocol/encoder');
  const { prototype, sizeOfVarInt, sizeOfVarLong } = encoder;
  if (!prototype?.writeUVarInt || !prototype.writeVarLong || !sizeOfVarInt || !sizeOfVarLong) return;
  const { writeVarLong } = prototype;
  prototype.writeUVarInt = function writeUVarInt(this: Encoder, value: number) {
    this.ensureAvailable(maxBytes);
    let rest = value;
    while ((rest & ~0x7f) !== 0) {
      this.buf[this.offset++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buf[this.offset++] = rest & 0x7f;
    return this;
  };
  prototype.writeVarLong = function writeShort(this: Encoder, value: unknown) {
    return isShort(value) ? this.writeVarInt(value) : writeVarLong.call(this, value);
  };
  encoder.sizeOfVarLong = (value: unknown) =>
    isShort(value) ? sizeOfVarInt.call(encoder, value) : sizeOfVarLong.call(encoder, value);
}

/** Whether both codings, of 32 and of 64 bits, give the same bytes. */
function isShort(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value;
}
