import { type ExecutionArgs, type ExecutionResult, execute, type GraphQLResolveInfo } from 'graphql';
import type { Page } from '#feed';
import type { GraphQLContext } from './builder.ts';
import { type ErrorLog, toClientError } from './client-errors.ts';
import type { ServedPage } from './record-types.ts';
import { type SharedOperation, sharedOperationOf } from './shared-operation.ts';

/** A page as the transports send it: executed and serialised once, for all who get the same. */
export class RenderedPage {
  /** The whole execution result as JSON text. */
  readonly json: Buffer;
  readonly #encodeCursor: () => string;
  #cursor: string | null = null;

  constructor(json: Buffer, encodeCursor: () => string) {
    this.json = json;
    this.#encodeCursor = encodeCursor;
  }

  /** Where to go on after it. */
  get cursor(): string {
    this.#cursor ??= this.#encodeCursor();
    return this.#cursor;
  }
}

/** What is the same for all subscriptions of a field. */
export interface RenderedField {
  readonly toServed: (page: Page) => ServedPage;
  readonly errorLog: ErrorLog;
}

/** Makes the pages of one operation. */
export interface PageRenderer {
  /** Everything of the operation that decides how a page reads; null when its pages are for this client alone. */
  readonly key: string | null;
  readonly render: (page: Page) => RenderedPage;
}

/** The renderers of a field's operations; subscriptions with the same operation have the same one. */
export class PageRenderers {
  readonly #field: RenderedField;
  readonly #shared = new WeakMap<SharedOperation, PageRenderer>();

  constructor(field: RenderedField) {
    this.#field = field;
  }

  /** The renderer of the operation that is being subscribed to. */
  of(info: GraphQLResolveInfo, context: GraphQLContext): PageRenderer {
    const operation = sharedOperationOf(info);
    const { rights = '' } = context;
    const isPlain = rights === '' && operation.variables.length === 0;
    const known = isPlain ? this.#shared.get(operation) : undefined;
    if (known) return known;
    const variableValues = pick(info.variableValues, operation.variables);
    const key = rights === null ? null : JSON.stringify([rights, operation.text, variableValues]);
    // Shared pages are made without a client's context: a field that differs per client must not be shared.
    const contextValue = rights === null ? context : {};
    const { document } = operation;
    const renderer = createRenderer(this.#field, { schema: info.schema, document, variableValues, contextValue }, key);
    if (isPlain) this.#shared.set(operation, renderer);
    return renderer;
  }
}

function createRenderer(
  { toServed, errorLog }: RenderedField,
  args: Pick<ExecutionArgs, 'schema' | 'document' | 'variableValues' | 'contextValue'>,
  key: string | null,
): PageRenderer {
  return {
    key,
    render(page) {
      const served = toServed(page);
      const result = execute({ ...args, rootValue: served }) as ExecutionResult;
      const json = JSON.stringify(
        result.errors ? { ...result, errors: result.errors.map((error) => toClientError(error, errorLog)) } : result,
      );
      return new RenderedPage(Buffer.from(json), () => served.encode(page));
    },
  };
}

function pick(values: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}
