import { compressionsAlgorithms } from '@platformatic/kafka';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largestLz4Size, snappySize } from '../../../src/kafka/decompressed-size.ts';
import { boundDecompression } from '../../../src/kafka/decompression.ts';

const { snappy, lz4 } = compressionsAlgorithms;
boundDecompression();

/** Bytes that compress well, and bytes that do not. */
const bytes = fc
  .tuple(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 200_000 }))
  .map(([noise, zeros]) => Buffer.concat([noise, Buffer.alloc(zeros)]));

/** As Java frames it: a header of 16 bytes, and chunks behind their lengths. */
function xerial(chunks: readonly Buffer[]): Buffer {
  const length = (of: Buffer) => {
    const four = Buffer.alloc(4);
    four.writeUInt32BE(of.length);
    return four;
  };
  const header = Buffer.from('82534e415050590000000001000000' + '01', 'hex');
  return Buffer.concat([header, ...chunks.flatMap((chunk) => [length(chunk), chunk])]);
}

/** A frame of compressed blocks, each of which says of itself that it has so many bytes. */
function lz4Frame(blockBytes: number, blocks: number): Buffer {
  const block = Buffer.alloc(4 + blockBytes);
  block.writeUInt32LE(blockBytes);
  const end = Buffer.alloc(4);
  return Buffer.concat([Buffer.from('04224d18607000', 'hex'), ...Array<Buffer>(blocks).fill(block), end]);
}

describe('what a compressed batch comes to', () => {
  it('is what Snappy makes of it, framed or not', () => {
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1, maxLength: 3 }), (parts) => {
        const chunks = parts.map((part) => snappy.compressSync(part));
        for (const [at, chunk] of chunks.entries()) expect(snappySize(chunk)).toBe(parts[at]?.length);
        const framed = xerial(chunks);
        const whole = Buffer.concat(parts);
        expect(snappySize(framed)).toBe(whole.length);
        expect(whole.equals(snappy.decompressSync(framed))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('is never less than LZ4 makes of it, and seldom much more', () => {
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1, maxLength: 3 }), (parts) => {
        const data = Buffer.concat(parts.map((part) => lz4.compressSync(part)));
        const size = parts.reduce((sum, part) => sum + part.length, 0);
        expect(largestLz4Size(data)).toBeGreaterThanOrEqual(size);
        expect(largestLz4Size(data)).toBeLessThanOrEqual(size * 3 + 3 * 4096 + 255 * 40);
      }),
      { numRuns: 30 },
    );
  });

  it('is found for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        for (const start of [[], [0x04, 0x22, 0x4d, 0x18], xerial([])]) {
          const data = Buffer.concat([Buffer.from(start), noise]);
          expect(snappySize(data)).toBeGreaterThanOrEqual(0);
          expect(largestLz4Size(data)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('is refused when that is too much, before it is made', () => {
    const huge = Buffer.from('ffffffff0f', 'hex');
    const tooMuch = /more than 268435456 bytes/;
    expect(() => snappy.decompressSync(huge)).toThrow(tooMuch);
    expect(() => snappy.decompressSync(xerial([snappy.compressSync(Buffer.from('a')), huge]))).toThrow(tooMuch);
    expect(() => lz4.decompressSync(lz4Frame(20_000, 65))).toThrow(tooMuch);
    expect(() => lz4.decompressSync(Buffer.alloc(2_000_000))).toThrow(tooMuch);
  });
});
