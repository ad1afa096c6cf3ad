import { z } from 'zod';

/** Settings of the server. */
export const serverOptions = z.object({
  /** Address to listen on. Loopback unless told otherwise. */
  host: z.string().default('127.0.0.1'),
  /** Port to listen on. */
  port: z.number().int().min(0).max(65_535).default(4000),
  /** Whether another port may be taken when this one is in use. */
  isPortFixed: z.boolean().default(false),
  /** Largest request body over HTTP and largest message over WebSocket, in bytes. */
  maxRequestBytes: z
    .number()
    .int()
    .positive()
    .default(8 * 1024 * 1024),
  /** Most tokens in a GraphQL document. */
  maxTokens: z.number().int().positive().default(5000),
  /** Most operations that one WebSocket may have open. */
  maxOperationsPerSocket: z.number().int().positive().default(1000),
  /** How often an idle WebSocket is asked whether it lives, and an idle stream over HTTP shows that it does, in milliseconds. */
  keepAliveMs: z.number().int().positive().default(25_000),
  /** How long a client may take nothing of what waits for it, or a WebSocket show no sign of life, in milliseconds. */
  stallTimeoutMs: z.number().int().positive().default(60_000),
  /** Above it a WebSocket or stream over HTTP gets no more pages until it has taken what waits for it, in bytes. */
  socketBacklogBytes: z
    .number()
    .int()
    .positive()
    .default(256 * 1024),
  /** Above it, over all of them, those for which something waits get no more pages, in bytes. */
  totalBacklogBytes: z
    .number()
    .int()
    .positive()
    .default(64 * 1024 * 1024),
});

/** Settings of the server, complete. */
export type ServerOptions = z.infer<typeof serverOptions>;

/** Where the server writes what happened; pino fits. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** What the parts behind the server say of themselves; null for a part that is not configured. */
export type Readiness = Readonly<Record<string, boolean | null>>;
