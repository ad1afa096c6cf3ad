import { z } from 'zod';

const broker = z.string().regex(/^(\[[^\]]+\]|[^\s:,]+):\d{1,5}$/, 'is not host:port');

/** How to reach the cluster. One object, so that TLS and SASL have one place to go. */
const connectionSchema = z.object({
  /** Bootstrap brokers, `host:port`, separated by commas. */
  brokers: z
    .string()
    .transform((list) => list.split(',').map((entry) => entry.trim()))
    .pipe(z.array(broker).min(1)),
  /** The client id that the brokers see in their logs, quotas and metrics. */
  clientId: z.string().min(1).default('sluice'),
  /** How long a TCP connection may take to stand. */
  connectTimeoutMs: z.int().min(1).default(3_000),
  /** How long a broker may take to answer one request before its connection is given up. */
  requestTimeoutMs: z.int().min(1_000).default(10_000),
});

/** Bounds of the writer's queue and batches. */
export const writerSchema = z.object({
  /** Records that may wait or be in flight, over all topics; above it a write is refused with `OVERLOADED`. */
  maxQueuedRecords: z.int().min(1).default(100_000),
  /** The same bound in bytes of keys, values and headers. */
  maxQueuedBytes: z
    .int()
    .min(1)
    .default(64 * 1024 * 1024),
  /** How long a record waits for company while its broker is idle. 0: only for those of the same turn of the event loop. */
  lingerMs: z.int().min(0).max(2).default(0),
  /** How batches are compressed. Read is whatever Kafka knows. */
  compression: z.enum(['none', 'gzip', 'zstd']).default('none'),
  /** Where a partition's batch ends; must stay below the broker's `message.max.bytes` (1 MiB). */
  maxBatchBytes: z
    .int()
    .min(1)
    .default(512 * 1024),
  /** Transactions at the same time, each with a transactional id of its own; other atomic writes wait. */
  maxTransactions: z.int().min(1).default(8),
  /** When Kafka aborts a transaction whose gateway is gone; until then read-committed readers stand before it. */
  transactionTimeoutMs: z.int().min(1_000).default(20_000),
});

/** Bounds of what is fetched. */
const readerSchema = z.object({
  /** Upper bound of one fetch's answer in bytes. */
  fetchMaxBytes: z
    .int()
    .min(1)
    .default(4 * 1024 * 1024),
  /** Upper bound of one partition's share of a fetch in bytes. */
  partitionMaxBytes: z
    .int()
    .min(1)
    .default(1024 * 1024),
  /** How long a broker holds a fetch that finds nothing. */
  fetchMaxWaitMs: z.int().min(1).default(500),
  /** Fetched bytes that a tail holds for its reader; above it nothing more is fetched for that tail. */
  tailBufferBytes: z
    .int()
    .min(1)
    .default(8 * 1024 * 1024),
});

/** The settings of this room. */
export const kafkaOptionsSchema = z.object({
  connection: connectionSchema,
  /** When bounds, positions, identities, history reads and administration give up and say `KAFKA_UNAVAILABLE`. */
  deadlineMs: z.int().min(1).default(5_000),
  /** How old the known partitions and leaders of a topic may grow: new partitions are found within this time. */
  metadataMaxAgeMs: z.int().min(100).default(10_000),
  writer: writerSchema.prefault({}),
  reader: readerSchema.prefault({}),
});

/** {@link kafkaOptionsSchema} after parsing. */
export type KafkaOptions = z.output<typeof kafkaOptionsSchema>;
/** {@link connectionSchema} after parsing. */
export type ConnectionOptions = z.output<typeof connectionSchema>;
/** {@link writerSchema} after parsing. */
export type WriterOptions = z.output<typeof writerSchema>;
/** {@link readerSchema} after parsing. */
export type ReaderOptions = z.output<typeof readerSchema>;

/** Where this room logs; pino fits. */
export interface Logger {
  debug(obj: object, msg: string): void;
  info(obj: object, msg: string): void;
  warn(obj: object, msg: string): void;
  error(obj: object, msg: string): void;
}
