/** An LZ4 sequence makes at most so many bytes of one. */
const lz4Expansion = 255;
const lz4Magic = 0x18_4d_22_04;
const flag = { blockChecksum: 0x10, contentSize: 0x08, contentChecksum: 0x04, dictionary: 0x01 } as const;
const uncompressedBlock = 0x80_00_00_00;

/** What Xerial's framing begins with, before two version numbers; it is what Java writes. */
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const xerialHeaderBytes = 16;

/** What Snappy makes of the bytes, as its header says, chunk by chunk where they are framed. Wrong headers are no matter here. */
export function snappySize(data: Buffer): number {
  if (!data.subarray(0, xerialMagic.length).equals(xerialMagic)) return snappyHeader(data);
  let size = 0;
  for (let at = xerialHeaderBytes; at + 4 <= data.length; ) {
    const chunk = data.readUInt32BE(at);
    size += snappyHeader(data.subarray(at + 4, at + 4 + chunk));
    at += 4 + chunk;
  }
  return size;
}

/** A number in groups of seven bits, the lowest first. */
function snappyHeader(data: Buffer): number {
  let size = 0;
  for (const [at, byte] of data.subarray(0, 5).entries()) {
    size += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) break;
  }
  return size;
}

/** What LZ4 makes of the bytes at most: no block of a frame comes to more than the frame's header allows. */
export function largestLz4Size(data: Buffer): number {
  let size = 0;
  for (let at = 0; at < data.length; ) {
    const frame = at + 7 <= data.length && data.readUInt32LE(at) === lz4Magic ? readFrame(data, at) : null;
    // Of what else it may be, an older kind of frame among others.
    if (frame === null) return size + (data.length - at) * lz4Expansion;
    size += frame.size;
    at = frame.end;
  }
  return size;
}

function readFrame(data: Buffer, start: number): { readonly size: number; readonly end: number } {
  const flags = data.readUInt8(start + 4);
  // From 4 (64 KiB) to 7 (4 MiB).
  const largestBlock = 2 ** (8 + 2 * ((data.readUInt8(start + 5) >> 4) & 0x7));
  const headerBytes = 7 + (flags & flag.contentSize ? 8 : 0) + (flags & flag.dictionary ? 4 : 0);
  const checksumBytes = flags & flag.blockChecksum ? 4 : 0;
  let size = 0;
  let at = start + headerBytes;
  while (at + 4 <= data.length) {
    const header = data.readUInt32LE(at);
    at += 4;
    if (header === 0) return { size, end: at + (flags & flag.contentChecksum ? 4 : 0) };
    const isCompressed = header < uncompressedBlock;
    const bytes = isCompressed ? header : header - uncompressedBlock;
    size += isCompressed ? Math.min(largestBlock, bytes * lz4Expansion) : bytes;
    at += bytes + checksumBytes;
  }
  return { size, end: data.length };
}
