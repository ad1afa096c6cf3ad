import { apolloMultipart, plainMultipart } from './multipart.ts';
import { sseFormat } from './sse.ts';
import type { StreamFormat } from './stream-format.ts';

interface MediaRange {
  readonly type: string;
  readonly parameters: readonly string[];
  readonly weight: number;
}

/** The format in which the client wants a stream of results, by its `accept` header; null: in none that there is. */
export function toStreamFormat(accept: string | undefined): StreamFormat | null {
  for (const range of parseAccept(accept)) {
    const format = formatOf(range);
    if (format) return format;
  }
  return null;
}

/** Whether the client takes a single result as JSON. */
export function acceptsJson(accept: string | undefined): boolean {
  return parseAccept(accept).some(({ type }) => /^(\*\/\*|application\/(\*|json|graphql-response\+json))$/.test(type));
}

function formatOf({ type, parameters }: MediaRange): StreamFormat | null {
  if (type === 'text/event-stream' || type === 'text/*' || type === '*/*') return sseFormat;
  if (type !== 'multipart/mixed' && type !== 'multipart/*') return null;
  return parameters.some((parameter) => /^subscriptionspec="?1\.0"?$/.test(parameter))
    ? apolloMultipart
    : plainMultipart;
}

/** What the client takes, the most wanted first (RFC 9110, 12.5.1); without a header, anything. */
function parseAccept(accept = '*/*'): readonly MediaRange[] {
  return accept
    .toLowerCase()
    .split(',')
    .map((range): MediaRange => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return { type, parameters, weight: weight === undefined ? 1 : Number(weight) };
    })
    .filter(({ weight }) => weight > 0)
    .toSorted((a, b) => b.weight - a.weight);
}
