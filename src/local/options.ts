import { z } from 'zod';

/** A port to ask for; 0 means any free one. */
const port = z.int().min(0).max(65_535);

/** Settings of the local stack. */
export const localOptions = z.object({
  /** Where Kafka's log, Flink's checkpoints, logs and `endpoints.json` live. One gateway at a time. */
  dataDir: z.string().min(1).default('.sluice'),
  /** Where the jars of Kafka and Flink are kept, shared by all data folders; absent: the user's cache folder. */
  cacheDir: z.string().min(1).optional(),
  /** A port that is named must be free; one that is not named is the default one, or another if that is taken. */
  ports: z
    .object({
      /** Kafka, default 9092. */
      kafka: port.optional(),
      /** The REST API and web page of Flink's JobManager, default 8081. */
      flinkRest: port.optional(),
      /** The REST API of Flink's SQL Gateway, default 8083. */
      sqlGateway: port.optional(),
      /** The schema registry, default 8085. */
      registry: port.optional(),
      /** Redis, default 6379. */
      redis: port.optional(),
    })
    .prefault({}),
  /** How long Kafka and Flink together may take to start, jars present. */
  startTimeoutMs: z.int().min(1_000).default(120_000),
});

/** See {@link localOptions}. */
export type LocalOptions = z.infer<typeof localOptions>;

/** What this room needs of a logger; pino's has it. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** A line for a person who waits. */
export interface Progress {
  readonly step: 'check' | 'download' | 'start' | 'ready';
  readonly text: string;
  /** How much of the step is done, 0 to 1, where that is known. */
  readonly fraction?: number;
}

/** The environment variables; `process.env` is one. */
export type Environment = Readonly<Record<string, string | undefined>>;
