import { codes, type ErrorCode } from './codes.ts';

/** What may stand beside the message of a {@link SluiceError}. */
export interface SluiceErrorOptions {
  /** Facts for a machine, put into `extensions` beside the code. JSON values only, never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** The error of a library that led to this one. Logged, never shown to a client. */
  readonly cause?: unknown;
}

/** The one error that leaves a room: a stable code, a message that says what, where and what to do, and its cause. */
export class SluiceError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: SluiceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SluiceError';
    this.code = code;
    this.details = options.details ?? {};
  }

  /** Whether the same call may succeed later. */
  get retryable(): boolean {
    return codes[this.code].retryable;
  }
}

/** The text of anything thrown: an Error's message, or the value as a string. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
