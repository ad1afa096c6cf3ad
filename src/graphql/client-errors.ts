import { randomUUID } from 'node:crypto';
import { GraphQLError, type GraphQLErrorOptions } from 'graphql';
import { codes, type ErrorCode, SluiceError } from '#errors';

/** Where unexpected errors are logged. */
export interface ErrorLog {
  error(facts: object, message: string): void;
}

/** The code of an error that a phase before the execution met. */
const codeOfPhase = { parse: 'GRAPHQL_PARSE_FAILED', validate: 'GRAPHQL_VALIDATION_FAILED' } as const;

/**
 * The one place where an error becomes what a client sees: a code in `extensions.code`, no stack, and for what nobody
 * foresaw a masked message with an id under which the log has the rest.
 */
export function toClientError(thrown: unknown, log: ErrorLog): GraphQLError {
  const located = thrown instanceof GraphQLError ? thrown : null;
  const original = rootOf(thrown);
  if (original instanceof SluiceError) return fromSluice(original, located);
  // graphql-js descends recursively into what a variable holds: values that nest thousands deep end its stack.
  if (original instanceof RangeError && original.message.startsWith('Maximum call stack')) {
    return fromSluice(new SluiceError('BAD_INPUT', 'A variable is nested too deeply.'), located);
  }
  // Without an inner error it is graphql-js that speaks: a variable or an argument does not fit its type.
  if (located && original instanceof GraphQLError) return withCode(located, 'GRAPHQL_VALIDATION_FAILED');
  const id = randomUUID();
  log.error({ err: original, errorId: id, path: located?.path }, 'unexpected error in an operation');
  return new GraphQLError(`Something went wrong in the gateway. Its log has the details under ${id}.`, {
    ...placeOf(located),
    extensions: { code: 'INTERNAL', retryable: codes.INTERNAL.retryable, errorId: id },
  });
}

/** Gives an error of parsing or validation its code; one that has a code keeps it. */
export function withPhase(error: Error, phase: keyof typeof codeOfPhase): GraphQLError {
  if (error instanceof GraphQLError) return withCode(error, codeOfPhase[phase]);
  // graphql-js descends recursively: a document that nests thousands deep ends its stack.
  return withCode(new GraphQLError('The document is nested too deeply.'), codeOfPhase[phase]);
}

/** HTTP status of a request body over the limit, the one such error to which the server gives no code. */
const payloadTooLarge = 413;

/**
 * The code that a library set stays when it is one of ours, its inner error does not. In place: the server reads the
 * HTTP status from the very error that it threw.
 */
function withCode(error: GraphQLError, otherwise: ErrorCode): GraphQLError {
  const { extensions } = error;
  const isTooLarge = (extensions.http as { status?: number } | undefined)?.status === payloadTooLarge;
  const fallback = isTooLarge ? 'BAD_REQUEST' : otherwise;
  const code = isErrorCode(extensions.code) ? extensions.code : fallback;
  delete extensions.originalError;
  // Yoga would answer some of these with 200 to a client that takes plain JSON: what is no request is none for all.
  if (code === 'BAD_REQUEST') extensions.http = { status: 400, ...(extensions.http ?? {}), spec: false };
  return Object.assign(error, { extensions: Object.assign(extensions, { code, retryable: codes[code].retryable }) });
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(codes, code);
}

function fromSluice(error: SluiceError, located: GraphQLError | null): GraphQLError {
  return new GraphQLError(error.message, {
    ...placeOf(located),
    extensions: { ...error.details, code: error.code, retryable: error.retryable },
  });
}

function placeOf(error: GraphQLError | null): GraphQLErrorOptions {
  if (!error) return {};
  return {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    path: error.path ?? null,
  };
}

/** Looks through the wrappers that graphql-js puts around what a resolver threw. */
function rootOf(thrown: unknown): unknown {
  let inner = thrown;
  while (inner instanceof GraphQLError && inner.originalError) inner = inner.originalError;
  return inner;
}
