import { isUtf8 } from 'node:buffer';

/** A number of a JSON text by its own digits: `1.0` is no whole number to a person, and 64 bits do not fit a double. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A JSON object by its own keys. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether it is a JSON object, of what {@link parseJson} gives. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber);
}

/** The value of a JSON text, each number as a {@link JsonNumber}; undefined when it is none, or nested too deep. */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'), (_key, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' && context?.source !== undefined ? new JsonNumber(context.source) : value,
    );
  } catch {
    // No JSON, or deeper than the stack.
    return undefined;
  }
}
