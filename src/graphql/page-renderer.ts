import {
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type FragmentDefinitionNode,
  type GraphQLResolveInfo,
  Kind,
} from 'graphql';
import type { Page } from '#feed';
import type { GraphQLContext } from './builder.ts';
import { type ErrorLog, toClientError } from './client-errors.ts';
import type { ServedPage } from './record-types.ts';
import { compileSelection, Unusual, type Write } from './selection-writer.ts';
import { type SharedOperation, sharedOperationOf } from './shared-operation.ts';

/** A page as the transports send it: executed and serialised once, for all who get the same. */
export class RenderedPage {
  /** The whole execution result as JSON text. */
  readonly text: string;
  /** Length of the text in bytes of UTF-8. */
  readonly bytes: number;
  readonly #encodeCursor: () => string;
  #json: Buffer | null = null;
  #cursor: string | null = null;

  constructor(text: string, encodeCursor: () => string) {
    this.text = text;
    // Counting puts a text that was made of pieces into one, too: it is not gone through again for each who gets it.
    this.bytes = Buffer.byteLength(text);
    this.#encodeCursor = encodeCursor;
  }

  /** True when each character is a byte. */
  get isAscii(): boolean {
    return this.bytes === this.text.length;
  }

  /** The text as UTF-8, the same buffer for all. */
  get json(): Buffer {
    this.#json ??= Buffer.from(this.text);
    return this.#json;
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
  field: RenderedField,
  args: Pick<ExecutionArgs, 'schema' | 'document' | 'variableValues' | 'contextValue'>,
  key: string | null,
): PageRenderer {
  // What is for one client alone may depend on its context: that is the long way's.
  const write = key === null ? null : writerOf(args);
  return {
    key,
    render(page) {
      const served = field.toServed(page);
      const json = (write && tryWrite(write, served)) ?? executeToJson(args, served, field.errorLog);
      return new RenderedPage(json, served.endCursor);
    },
  };
}

function writerOf({
  schema,
  document,
  variableValues,
}: Pick<ExecutionArgs, 'schema' | 'document' | 'variableValues'>): Write | null {
  const [operation, ...others] = document.definitions;
  const root = schema.getSubscriptionType();
  if (operation?.kind !== Kind.OPERATION_DEFINITION || !root) return null;
  const fragments: Record<string, FragmentDefinitionNode> = {};
  for (const other of others) if (other.kind === Kind.FRAGMENT_DEFINITION) fragments[other.name.value] = other;
  try {
    return compileSelection(root, { operation, fragments, variableValues: variableValues ?? {} });
  } catch (error) {
    if (error instanceof Unusual) return null;
    throw error;
  }
}

function tryWrite(write: Write, served: ServedPage): string | null {
  try {
    return `{"data":${write(served)}}`;
  } catch {
    // Executed again as it should be, it gives the same error in GraphQL's own form, or none.
    return null;
  }
}

function executeToJson(
  args: Pick<ExecutionArgs, 'schema' | 'document' | 'variableValues' | 'contextValue'>,
  served: ServedPage,
  errorLog: ErrorLog,
): string {
  const result = execute({ ...args, rootValue: served }) as ExecutionResult;
  if (!result.errors) return JSON.stringify(result);
  return JSON.stringify({ ...result, errors: result.errors.map((error) => toClientError(error, errorLog)) });
}

function pick(values: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}
