import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import kafkajs from 'kafkajs';
import type { WriterOptions } from './options.ts';

/** What kafkajs hands to a codec: bytes with a growing buffer around them. */
interface Encoder {
  readonly buffer: Buffer;
}

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** kafkajs brings gzip alone and keeps the others in one list for the whole process. */
export function addZstd(): void {
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
    compress: ({ buffer }: Encoder) => compress(buffer),
    decompress: (buffer: Buffer) => decompress(buffer),
  });
}

/** As kafkajs names it. */
export const compressionTypes = {
  none: kafkajs.CompressionTypes.None,
  gzip: kafkajs.CompressionTypes.GZIP,
  zstd: kafkajs.CompressionTypes.ZSTD,
} as const satisfies Record<WriterOptions['compression'], kafkajs.CompressionTypes>;
