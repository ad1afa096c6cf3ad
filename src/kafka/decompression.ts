import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { compressionsAlgorithms, createAPI, fetchV13 } from '@platformatic/kafka';
import { largestLz4Size, snappySize } from './decompressed-size.ts';

/** What one batch may come to, in bytes: a few bytes can stand for gigabytes, which would end the process. */
const largestBatch = 256 * 1024 * 1024;

/** The answer's batches come to more than was asked for. */
class SwollenAnswer extends Error {
  override readonly name = 'SwollenAnswer';
}

/** What the batches of the answer that is being read came to so far, and may come to. An answer is read in one go. */
const reading = { bytes: 0, budget: Number.POSITIVE_INFINITY };

type Decompress = (typeof compressionsAlgorithms)['gzip']['decompressSync'];

/** The first batch of an answer is always read: who asks for less gets no less. */
function counted(decompress: Decompress): Decompress {
  return (data) => {
    if (reading.bytes > reading.budget) throw new SwollenAnswer();
    const decompressed = decompress(data);
    reading.bytes += decompressed.length;
    return decompressed;
  };
}

function limited(decompress: (data: Buffer, options: { maxOutputLength: number }) => Buffer): Decompress {
  return (data) => decompress(bytesOf(data), { maxOutputLength: largestBatch });
}

/** Before anything is allocated: these trust what the bytes say of their size. */
function limitedBySize(decompress: Decompress, sizeOf: (data: Buffer) => number): Decompress {
  return (data) => {
    const bytes = bytesOf(data);
    if (sizeOf(bytes) > largestBatch) throw new RangeError(`A batch comes to more than ${largestBatch} bytes.`);
    return decompress(bytes);
  };
}

function bytesOf(data: Parameters<Decompress>[0]): Buffer {
  return Buffer.isBuffer(data) ? data : data.buffer;
}

let isBounded = false;

/** Makes the decompression of @platformatic/kafka 2.12 bounded: it has one list for the whole process and no limits. */
export function boundDecompression(): void {
  if (isBounded) return;
  isBounded = true;
  const { gzip, zstd, snappy, lz4 } = compressionsAlgorithms;
  Object.assign(gzip, { decompressSync: counted(limited(gunzipSync)) });
  Object.assign(zstd, { decompressSync: counted(limited(zstdDecompressSync)) });
  Object.assign(snappy, { decompressSync: counted(limitedBySize(snappy.decompressSync, snappySize)) });
  Object.assign(lz4, { decompressSync: counted(limitedBySize(lz4.decompressSync, largestLz4Size)) });
}

/** More than this, decompressed, is not held for one answer, its last batch aside. */
const mostBytes = 16 * 1024 * 1024;

/** What a broker answered, and what its compressed batches came to in bytes; absent when a partition has an error. */
export type BoundedResponse = fetchV13.FetchResponse & { readonly decompressedBytes?: number };

/** Fetch 13 whose answer is given up while it is read when it comes to too much: see {@link isSwollen}. */
export const boundedFetch = createAPI<fetchV13.FetchRequest, BoundedResponse>(
  fetchV13.api.key,
  fetchV13.api.version,
  fetchV13.createRequest,
  (correlationId, key, version, reader) => {
    reading.bytes = 0;
    reading.budget = mostBytes;
    try {
      const response = fetchV13.parseResponse(correlationId, key, version, reader);
      return { ...response, decompressedBytes: reading.bytes };
    } finally {
      reading.budget = Number.POSITIVE_INFINITY;
    }
  },
);

/** Whether an answer was given up because of what it came to: less must be asked for. */
export function isSwollen(thrown: unknown): boolean {
  return thrown instanceof Error && (thrown instanceof SwollenAnswer || isSwollen(thrown.cause));
}

const step = 8;
/** Then a request is for a single batch, whatever it was for. */
const largestDivisor = step ** 8;
const maxTopics = 1_000;

/** The part of a fetch that says how much is wanted. */
export interface FetchPortion {
  readonly topics: fetchV13.FetchRequestTopic[];
  readonly maxBytes: number;
}

/** What is learned of topics whose records swell when they are decompressed: how much less to ask for at a time. */
export class Portions {
  /** By topic id, in the order of the last change. */
  readonly #divisors = new Map<string, number>();

  /** The same request, for as much as fits. */
  of<T extends FetchPortion>(request: T): T {
    if (this.#divisors.size === 0) return request;
    const { topics, maxBytes } = request;
    return {
      ...request,
      // Of all topics together: as much as of the most harmless.
      maxBytes: Math.max(...topics.map(({ topicId }) => this.#fitting(topicId, maxBytes))),
      topics: topics.map(({ topicId, partitions }) => ({
        topicId,
        partitions: partitions.map((partition) => ({
          ...partition,
          partitionMaxBytes: this.#fitting(topicId, partition.partitionMaxBytes),
        })),
      })),
    };
  }

  /** An answer with these topics was too much. */
  shrink(topicIds: Iterable<string>): void {
    for (const topicId of topicIds) {
      const divisor = Math.min((this.#divisors.get(topicId) ?? 1) * step, largestDivisor);
      this.#divisors.delete(topicId);
      this.#divisors.set(topicId, divisor);
    }
    for (const oldest of this.#divisors.keys()) {
      if (this.#divisors.size <= maxTopics) break;
      this.#divisors.delete(oldest);
    }
  }

  /** An answer came to so little that its topics may send more again. */
  grow({ decompressedBytes = mostBytes, responses }: Pick<BoundedResponse, 'decompressedBytes' | 'responses'>): void {
    if (this.#divisors.size === 0 || 2 * step * decompressedBytes > mostBytes) return;
    for (const { topicId, partitions } of responses) {
      const divisor = this.#divisors.get(topicId);
      if (divisor === undefined || partitions.every(({ records }) => !records?.length)) continue;
      if (divisor > step) this.#divisors.set(topicId, divisor / step);
      else this.#divisors.delete(topicId);
    }
  }

  #fitting(topicId: string, bytes: number): number {
    return Math.max(1, Math.floor(bytes / (this.#divisors.get(topicId) ?? 1)));
  }
}
