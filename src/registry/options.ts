import { z } from 'zod';

/** How to reach a schema registry, and what the gateway may do there. */
export const registryOptions = z.object({
  /** Of its Confluent API, e.g. `https://registry:8081`, or with a path, as Apicurio's `…/apis/ccompat/v7`. */
  url: z.string().min(1),
  /** register: a declared type that the subject lacks is registered; check: it is only compared. */
  mode: z.enum(['check', 'register']).default('check'),
  /** For basic authentication. */
  username: z.string().nullable().default(null),
  password: z.string().nullable().default(null),
  /** For bearer authentication. */
  token: z.string().nullable().default(null),
  /** PEM files: whom to trust, and who we are. */
  caFile: z.string().nullable().default(null),
  certFile: z.string().nullable().default(null),
  keyFile: z.string().nullable().default(null),
  /** The longest time one request may take, its repetitions included. */
  timeoutMs: z.int().min(100).default(10_000),
  /** How long to wait before a request is sent again that failed for a reason that may pass; as often as there are pauses. */
  retryPausesMs: z.array(z.int().min(0)).readonly().default([100, 400]),
  /** How long records wait for a schema that is not at hand. */
  waitMs: z.int().min(0).default(3_000),
  /** For so long an id that the registry did not know, or did not tell, is not asked for again. */
  forgetMs: z.int().min(10).default(10_000),
  /** How many ids that are not at hand a topic's records may have asked for at once, and how many more each second. */
  burst: z.int().min(1).default(200),
  perSecond: z.int().min(1).default(20),
});

/** See {@link registryOptions}. */
export type RegistryOptions = z.infer<typeof registryOptions>;

/** What this room needs of a logger; pino's has it. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}
