/** Opcodes of RFC 6455 §5.2. */
export const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const;

/** What becomes of the frames that were found. */
export interface FrameSink {
  /** Whether the payload of a frame is wanted; the others are only counted. */
  wants(opcode: number, length: number): boolean;
  /** A frame is complete. The payload is null where it was not wanted. */
  frame(opcode: number, length: number, payload: Buffer | null): void;
}

/** Finds the frames in what a WebSocket server sends, without looking into them: unmasked, each message one frame. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #header = Buffer.alloc(10);
  #headerHas = 0;
  #opcode = 0;
  /** Of the frame that has begun; -1 between frames. */
  #length = -1;
  #missing = 0;
  #payload: Buffer | null = null;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  push(chunk: Buffer, from: number, end: number): void {
    let at = from;
    while (at < end || this.#length === 0) {
      if (this.#length < 0) {
        at = this.#readHeader(chunk, at, end);
        continue;
      }
      const taken = Math.min(this.#missing, end - at);
      if (this.#payload) chunk.copy(this.#payload, this.#length - this.#missing, at, at + taken);
      at += taken;
      this.#missing -= taken;
      if (this.#missing === 0) this.#finish();
    }
  }

  #readHeader(chunk: Buffer, from: number, end: number): number {
    const header = this.#header;
    let at = from;
    while (at < end) {
      header[this.#headerHas] = chunk[at] ?? 0;
      this.#headerHas += 1;
      at += 1;
      if (this.#headerHas < 2) continue;
      const short = header.readUInt8(1) & 127;
      const size = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (this.#headerHas < size) continue;
      this.#opcode = header.readUInt8(0) & 15;
      this.#length = size === 2 ? short : size === 4 ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2));
      this.#missing = this.#length;
      this.#payload = this.#sink.wants(this.#opcode, this.#length) ? Buffer.allocUnsafe(this.#length) : null;
      this.#headerHas = 0;
      return at;
    }
    return at;
  }

  #finish(): void {
    const length = this.#length;
    const payload = this.#payload;
    this.#length = -1;
    this.#payload = null;
    this.#sink.frame(this.#opcode, length, payload);
  }
}

/** One frame as a client sends it: masked, as the protocol wants it, with the mask that changes nothing. */
export function clientFrame(opcode: number, payload: string | Buffer): Buffer {
  const body = Buffer.from(payload);
  const header = body.length < 126 ? Buffer.alloc(6) : Buffer.alloc(8);
  header[0] = 0x80 | opcode;
  if (body.length < 126) {
    header[1] = 0x80 | body.length;
  } else {
    header[1] = 0x80 | 126;
    header.writeUInt16BE(body.length, 2);
  }
  return Buffer.concat([header, body]);
}

/** One frame as a server sends it. */
export function serverFrame(payload: string): Buffer {
  const body = Buffer.from(payload);
  const header = body.length < 126 ? Buffer.alloc(2) : Buffer.alloc(4);
  header[0] = 0x80 | opcodes.text;
  if (body.length < 126) {
    header[1] = body.length;
  } else {
    header[1] = 126;
    header.writeUInt16BE(body.length, 2);
  }
  return Buffer.concat([header, body]);
}
