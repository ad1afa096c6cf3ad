import { z } from 'zod';
import { parseRows } from './parse-exactly.ts';
import type { RestClient } from './rest-client.ts';
import { type LogicalType, toTypeText } from './type-text.ts';

/** A column of a statement's result; `type` in SQL, e.g. `TIMESTAMP_LTZ(3)`. */
export interface SqlColumn {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  /** The same as Flink describes it. */
  readonly logicalType: LogicalType;
}

/** A row of a statement's result, in the order of the columns, and how it changes the result so far. */
export interface SqlRow {
  readonly kind: 'INSERT' | 'UPDATE_BEFORE' | 'UPDATE_AFTER' | 'DELETE';
  readonly fields: readonly unknown[];
}

/** One page of an operation's result. `next` is the token of the following page, null after the last. */
export interface ResultPage {
  readonly ready: boolean;
  readonly columns: readonly SqlColumn[];
  readonly rows: readonly SqlRow[];
  readonly jobId: string | null;
  readonly next: string | null;
}

/** Settings in Flink's own names. */
export type FlinkConfig = Readonly<Record<string, string>>;

const sessionOpened = z.object({ sessionHandle: z.string() });
const statementSubmitted = z.object({ operationHandle: z.string() });
const logicalType: z.ZodType<LogicalType> = z.looseObject({ type: z.string(), nullable: z.boolean() });
const resultPage = z.object({
  resultType: z.enum(['NOT_READY', 'PAYLOAD', 'EOS']),
  jobID: z.string().nullish(),
  nextResultUri: z.string().nullish(),
  results: z
    .object({
      columns: z.array(z.object({ name: z.string(), logicalType })),
      data: z.array(
        z.object({
          kind: z.enum(['INSERT', 'UPDATE_BEFORE', 'UPDATE_AFTER', 'DELETE']),
          fields: z.array(z.unknown()),
        }),
      ),
    })
    .nullish(),
});
const anything = z.unknown();

/** Flink's SQL Gateway over REST (version 2 of its API, there since Flink 1.17): sessions, statements, operations. */
export class SqlGateway {
  readonly #rest: RestClient;

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  /** Opens a session with the settings. Its tables live in memory and die with it. */
  async openSession(sessionName: string, properties: FlinkConfig): Promise<string> {
    const body = { sessionName, properties };
    const { sessionHandle } = await this.#rest.request('/v2/sessions', sessionOpened, { method: 'POST', body });
    return sessionHandle;
  }

  /** Keeps the session from being dropped for idleness. */
  async heartbeat(session: string): Promise<void> {
    await this.#rest.request(`/v2/sessions/${session}/heartbeat`, anything, { method: 'POST' });
  }

  /** Ends the session, its operations and the jobs of its open SELECTs. */
  async closeSession(session: string): Promise<void> {
    await this.#rest.request(`/v2/sessions/${session}`, anything, { method: 'DELETE' });
  }

  /** Runs one CREATE, DROP, ALTER, USE or SET and waits for it in the same request: no operation, no polling. */
  async configureSession(session: string, statement: string, timeoutMs: number): Promise<void> {
    const path = `/v2/sessions/${session}/configure-session`;
    // No `executionTimeout` in the body: Flink has the field and refuses every value of it.
    await this.#rest.request(path, anything, { method: 'POST', body: { statement }, timeoutMs });
  }

  /** Hands over any one statement and gives its operation. The settings hold for this statement only. */
  async submitStatement(session: string, statement: string, executionConfig: FlinkConfig): Promise<string> {
    const path = `/v2/sessions/${session}/statements`;
    const body = { statement, executionConfig };
    const { operationHandle } = await this.#rest.request(path, statementSubmitted, { method: 'POST', body });
    return operationHandle;
  }

  /** One page of the operation's result. The same token may be asked for again, until the next one has been. */
  async fetchResults(session: string, operation: string, token: string): Promise<ResultPage> {
    const path = `/v2/sessions/${session}/operations/${operation}/result/${token}?rowFormat=JSON`;
    const page = await this.#rest.request(path, resultPage, { parse: parseRows });
    return {
      ready: page.resultType !== 'NOT_READY',
      columns: (page.results?.columns ?? []).map((column) => ({
        name: column.name,
        type: toTypeText(column.logicalType),
        nullable: column.logicalType.nullable,
        logicalType: column.logicalType,
      })),
      rows: page.results?.data ?? [],
      jobId: page.jobID ?? null,
      next: page.resultType === 'EOS' ? null : (/\/result\/(\d+)/.exec(page.nextResultUri ?? '')?.[1] ?? null),
    };
  }

  /** Frees the operation; the job of a SELECT is cancelled with it, the job of an INSERT runs on. */
  async closeOperation(session: string, operation: string): Promise<void> {
    await this.#rest.request(`/v2/sessions/${session}/operations/${operation}/close`, anything, { method: 'DELETE' });
  }
}
