import { z } from 'zod';

/** One setting: where its text comes from, what it may be, and how it is told to a person. */
export interface OptionSpec {
  /** The environment variable; null for a mere command-line option. */
  readonly env: string | null;
  /** The command-line option, which wins over the environment; null when there is none. */
  readonly flag: `--${string}` | null;
  /** Whether the flag takes a value. A switch that has an environment variable can be turned off by `--no-…`. */
  readonly kind: 'value' | 'switch';
  /** From the text to the value; its message says what is allowed and goes on from the refused value. */
  readonly schema: z.ZodType<unknown, string>;
  /** What holds when it is not given, as text for a person. */
  readonly default: string;
  readonly unit: string;
  readonly meaning: string;
  /** Its value is never shown. */
  readonly isSecret?: boolean;
}

/** A whole number of that range. */
export function wholeNumber(smallest: number, largest: number) {
  const error = `is not a whole number from ${smallest} to ${largest}`;
  return z.string().regex(/^\d+$/, error).transform(Number).pipe(z.int(error).min(smallest, error).max(largest, error));
}

/** An http or https address. */
export const url = z.url({
  protocol: /^https?$/,
  error: 'is not an http or https address, such as http://localhost:8081',
});

/** An address of Redis. */
export const redisUrl = z.url({
  protocol: /^rediss?$/,
  error: 'is not an address of Redis, such as redis://localhost:6379 or rediss://user:password@host:6380',
});

const truths: ReadonlyMap<string, boolean> = new Map(
  ['true', 'on', 'yes', '1']
    .map((word): [string, boolean] => [word, true])
    .concat(['false', 'off', 'no', '0'].map((word) => [word, false])),
);

/** True or false, in the usual words. */
export const flag = z
  .string()
  .refine((text) => truths.has(text.toLowerCase()), 'is neither true nor false')
  .transform((text) => truths.get(text.toLowerCase()) === true);

/** `host:port`, separated by commas. */
export const brokers = z
  .string()
  .refine(
    (list) => list.split(',').every((entry) => /^(\[[^\]\s]+\]|[^\s:,[\]]+):[1-9]\d{0,4}$/.test(entry.trim())),
    'is not a list of host:port, separated by commas',
  );

/** One of some words. */
export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, `is none of ${values.join(', ')}`);
}

/** A path, and any other text. */
export const text = z.string();

/** What stands between commas. */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ''),
);

const shortestSecret = 16;
/** Secrets, separated by commas. */
export const secrets = z
  .string()
  .transform((list) => list.split(',').map((secret) => secret.trim()))
  .refine(
    (all) => all.every((secret) => secret.length >= shortestSecret),
    `has a secret of fewer than ${shortestSecret} characters`,
  );
