/** A session of the SQL Gateway, used by hand, with tables declared ahead. */
export interface HandSession extends AsyncDisposable {
  start(statement: string): Promise<HandOperation>;
}

/** A statement whose pages are asked for one after the other. */
export interface HandOperation extends AsyncDisposable {
  /** How many rows the next page has; none while nothing is there. */
  next(): Promise<number>;
}

interface Page {
  readonly resultType: string;
  readonly nextResultUri?: string;
  readonly results?: { readonly data: readonly unknown[] };
}

/** Opens it and runs the DDL. */
export async function openHandSession(
  sqlGateway: string,
  properties: Readonly<Record<string, string>>,
  ddl: readonly string[],
): Promise<HandSession> {
  const request = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${sqlGateway}/v2${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return JSON.parse(text || '{}') as T;
  };
  const { sessionHandle } = await request<{ sessionHandle: string }>('POST', '/sessions', { properties });
  const session = `/sessions/${sessionHandle}`;
  for (const statement of ddl) await request('POST', `${session}/configure-session`, { statement });
  return {
    async start(statement) {
      const executionConfig = {
        'execution.checkpointing.mode': 'AT_LEAST_ONCE',
        'execution.checkpointing.interval': '1 d',
        'parallelism.default': '1',
      };
      const submitted = { statement, executionConfig };
      const { operationHandle } = await request<{ operationHandle: string }>(
        'POST',
        `${session}/statements`,
        submitted,
      );
      const operation = `${session}/operations/${operationHandle}`;
      let token = '0';
      return {
        async next() {
          const page = await request<Page>('GET', `${operation}/result/${token}?rowFormat=JSON`);
          token = /\/result\/(\d+)/.exec(page.nextResultUri ?? '')?.[1] ?? token;
          return page.results?.data.length ?? 0;
        },
        [Symbol.asyncDispose]: () => request('DELETE', `${operation}/close`),
      };
    },
    [Symbol.asyncDispose]: () => request('DELETE', session),
  };
}
